// Compiled once per instruction set, with WORK as the function's name.

#include <idm/idm.hpp>

#define IDM_TEST_TEXT(x) IDM_TEST_TEXT_OF(x)
#define IDM_TEST_TEXT_OF(x) #x

float WORK(const char** abi) {
    *abi = IDM_TEST_TEXT(IDM_ABI);
    idm::kernels::ConvShape shape;
    shape.samples = 2;
    shape.in_length = 9;
    shape.in_channels = 5;
    shape.out_channels = 37;
    shape.kernel = 3;
    shape.out_length = shape.in_length - shape.kernel + 1;
    shape.x_sample_stride = shape.in_length * shape.in_channels;
    shape.y_sample_stride = shape.out_length * shape.out_channels;

    // Small whole numbers: every instruction set must give the same sum exactly.
    idm::Random random(1);
    const auto fill = [&](idm::Buffer<float>& buffer) {
        for (float& value : buffer.span()) value = static_cast<float>(random.below(7)) - 3.0f;
    };
    idm::Buffer<float> x(shape.samples * shape.x_sample_stride), y(shape.samples * shape.y_sample_stride);
    idm::Buffer<float> weight(idm::kernels::packed_weight_size(shape.weight_rows(), shape.out_channels));
    idm::Buffer<float> bias(idm::kernels::packed_columns(shape.out_channels));
    fill(x), fill(weight), fill(bias);
    idm::kernels::conv1d_forward(shape, x.data(), weight.data(), bias.data(), y.data(), idm::kernels::Epilogue::relu);
    float sum = 0;
    for (const float value : y.span()) sum += value;
    return sum;
}
