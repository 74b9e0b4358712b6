// A program of somebody else's: a convolution worked out by hand, through the public headers alone.

#include <cstdio>

#include <idm/idm.hpp>

int main() {
    // One sample of three steps and one channel, kernel (1, 10), no padding: y = (1 + 20, 2 + 30).
    idm::kernels::ConvShape shape;
    shape.samples = 1;
    shape.in_length = shape.x_sample_stride = 3;
    shape.in_channels = shape.out_channels = 1;
    shape.out_length = shape.y_sample_stride = 2;
    shape.kernel = 2;
    idm::Buffer<float> x(3), y(2), bias(idm::kernels::packed_columns(1));
    idm::Buffer<float> weight(idm::kernels::packed_weight_size(shape.weight_rows(), 1));
    for (idm::Index i = 0; i < 3; ++i) x[i] = static_cast<float>(i + 1);
    weight[idm::kernels::packed_offset(2, 1, 0, 0)] = 1;
    weight[idm::kernels::packed_offset(2, 1, 1, 0)] = 10;
    idm::kernels::conv1d_forward(shape, x.data(), weight.data(), bias.data(), y.data(), idm::kernels::Epilogue::none);

    std::printf("idm %d.%d.%d: y = (%g, %g)\n", IDM_VERSION_MAJOR, IDM_VERSION_MINOR, IDM_VERSION_PATCH,
                static_cast<double>(y[0]), static_cast<double>(y[1]));
    return y[0] == 21 && y[1] == 32 ? 0 : 1;
}
