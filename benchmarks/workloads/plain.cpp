// What the layers compute, in plain loops: nothing of idm's, so that a kernel is checked by something else than itself.

#include <algorithm>

#include "side.hpp"

namespace bench {
namespace {

/// Calls use(x row, d_y row, tap) for every product of a row of x [C_in] with the weights of one tap.
template <class Use>
void for_each_product(const Layer& l, Use use) {
    for (long n = 0; n < l.samples; ++n)
        for (long o = 0; o < l.out_length(); ++o)
            for (long k = 0; k < l.kernel; ++k) {
                const long i = o - l.pad_left + k * l.dilation;
                if (i >= 0 && i < l.length) use(n * l.length + i, n * l.out_length() + o, k);
            }
}

/// y += sum_i x_i w_i, rows [columns] of w one behind the other.
void add_product(long rows, long columns, const float* x, const float* w, float* y) {
    for (long i = 0; i < rows; ++i)
        for (long j = 0; j < columns; ++j) y[j] += x[i] * w[i * columns + j];
}

}  // namespace

std::vector<float> plain_result(const Layer& l, const Operands& operands, Pass pass) {
    const long in = l.in_channels, out = l.out_channels, taps = l.kernel;
    // By taps: [K, C_in, C_out], and for the gradient of x [K, C_out, C_in].
    std::vector<float> by_in(operands.w.size()), by_out(operands.w.size());
    for (long o = 0; o < out; ++o)
        for (long c = 0; c < in; ++c)
            for (long k = 0; k < taps; ++k)
                by_in[static_cast<std::size_t>((k * in + c) * out + o)] =
                    by_out[static_cast<std::size_t>((k * out + o) * in + c)] =
                        operands.w[static_cast<std::size_t>((o * in + c) * taps + k)];
    const float *x = operands.x.data(), *d_y = operands.d_y.data();
    std::vector<float> result;
    if (pass == Pass::forward) {
        for (long row = 0; row < l.samples * l.out_length(); ++row)
            result.insert(result.end(), operands.b.begin(), operands.b.end());
        for_each_product(l, [&](long from, long to, long k) {
            add_product(in, out, x + from * in, by_in.data() + k * in * out, result.data() + to * out);
        });
    } else if (pass == Pass::backward_input) {
        result.resize(operands.x.size());
        for_each_product(l, [&](long from, long to, long k) {
            add_product(out, in, d_y + to * out, by_out.data() + k * in * out, result.data() + from * in);
        });
    } else {
        std::vector<float> d_w(operands.w.size());
        for_each_product(l, [&](long from, long to, long k) {
            for (long c = 0; c < in; ++c)
                add_product(1, out, x + from * in + c, d_y + to * out, d_w.data() + (k * in + c) * out);
        });
        for (long o = 0; o < out; ++o)
            for (long c = 0; c < in; ++c)
                for (long k = 0; k < taps; ++k) result.push_back(d_w[static_cast<std::size_t>((k * in + c) * out + o)]);
        result.resize(operands.w.size() + operands.b.size());
        for (long row = 0; row < l.samples * l.out_length(); ++row)
            for (long o = 0; o < out; ++o)
                result[operands.w.size() + static_cast<std::size_t>(o)] += d_y[row * out + o];
    }
    return result;
}

}  // namespace bench
