// The yardstick: Eigen's Tensor header and one contraction.
#include <unsupported/Eigen/CXX11/Tensor>

int main() {
    Eigen::Tensor<float, 2, Eigen::RowMajor> a(64, 32), b(32, 16);
    a.setRandom();
    b.setRandom();
    const Eigen::array<Eigen::IndexPair<int>, 1> over{Eigen::IndexPair<int>(1, 0)};
    const Eigen::Tensor<float, 2, Eigen::RowMajor> c = a.contract(b, over);
    return c(0, 0) > 100;
}
