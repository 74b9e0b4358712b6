#include <array>

#include <idm/core/tensor.hpp>

#include "support/catch.hpp"

using namespace idm;

TEST_CASE("storage is row-major: the last index is contiguous", "[tensor]") {
    Matrix<float> m(2, 3);
    m << 1, 2, 3, 4, 5, 6;
    CHECK(m.data()[1] == 2);
    CHECK(m.data()[3] == 4);

    Tensor<double, 3> t(2, 3, 4);
    t.setZero();
    t(1, 2, 3) = 7;
    t(0, 1, 0) = 5;
    CHECK(t.data()[23] == 7);
    CHECK(t.data()[4] == 5);
}

TEST_CASE("views lend memory of any alignment and do not copy", "[tensor]") {
    alignas(64) std::array<float, 25> memory{};
    TensorView<float, 3> view(memory.data() + 1, 2, 3, 4);
    view(1, 0, 2) = 9;
    CHECK(memory[1 + 12 + 2] == 9);
    const ConstTensorView<float, 3> same(memory.data() + 1, 2, 3, 4);
    CHECK(same(1, 0, 2) == 9);

    MatrixView<float> matrix(memory.data() + 1, 6, 4);
    CHECK(matrix(3, 2) == 9);
    matrix.row(5).setConstant(2);
    CHECK(memory[24] == 2);
    CHECK(memory[20] == 0);
    const ConstMatrixView<float> columns(memory.data() + 1, 6, 4);
    CHECK(columns.sum() == 9 + 4 * 2);
}
