#pragma once

#include <memory>
#include <string>
#include <vector>

// What is timed, in terms that every implementation understands: no header of idm, oneDNN or libtorch in here, so that
// each of them is one source file, built with its own headers and switches.

namespace bench {

/// The pass of a layer or network that a figure is about.
enum class Pass { forward, backward_input, backward_weights };

/// A convolution, or a dense layer (length, kernel and dilation 1), without activation.
struct Layer {
    std::string name;
    bool dense = false;
    long samples = 1, length = 1, in_channels = 1, out_channels = 1, kernel = 1, dilation = 1, pad_left = 0,
         pad_right = 0;

    long out_length() const { return length + pad_left + pad_right - (kernel - 1) * dilation; }
    double flop() const {
        return 2.0 * static_cast<double>(samples * out_length() * out_channels) *
               static_cast<double>(kernel * in_channels);
    }
};

/// A layer's operands: x [N, L, C_in], w [C_out, C_in, K], b [C_out], d_y [N, L_out, C_out].
///
/// Integers in [-2, 2]: sums of their products are exact in any order, so that right outputs are equal outputs.
struct Operands {
    std::vector<float> x, w, b, d_y;
};

/// What the pass of a layer has to give, by plain loops; in the order of `Side::result`.
std::vector<float> plain_result(const Layer& layer, const Operands& operands, Pass pass);

/// One implementation of one pass, its operands in place.
class Side {
public:
    virtual ~Side() = default;
    virtual void run() = 0;
    /// `calls` runs, one behind the other.
    virtual void run(int calls) {
        for (int i = 0; i < calls; ++i) run();
    }
    /// What the last run left: [N, L, C], or for weights [C_out, C_in, K] and behind them [C_out].
    virtual std::vector<float> result() = 0;

    std::string implementation;  // "idm", "idm_bf16" (its weights), "idm_dispatch", "onednn", "libtorch"
    std::string variant;         // of the implementation's ways, which one; empty when it has one
};
using Sides = std::vector<std::unique_ptr<Side>>;

/// Each adds its sides for `threads` threads; a peer that the program was built without adds none (absent.cpp).
void add_idm(Sides& sides, const Layer& layer, const Operands& operands, Pass pass, int threads);
/// By the kernels that idm::dispatch chooses, in code compiled for no machine in particular.
void add_idm_dispatch(Sides& sides, const Layer& layer, const Operands& operands, Pass pass, int threads);
/// The forward pass with weights in bf16.
void add_idm_bf16(Sides& sides, const Layer& layer, const Operands& operands);
void add_onednn(Sides& sides, const Layer& layer, const Operands& operands, Pass pass, int threads);
void add_libtorch(Sides& sides, const Layer& layer, const Operands& operands, Pass pass, int threads);

/// Name and version; empty where the program was built without it.
std::string onednn_version();
std::string libtorch_version();
/// Why libtorch's figures would say nothing (a reference BLAS); empty when they may be shown.
std::string libtorch_objection();

/// flop/s of independent multiply-adds in registers, on `threads` threads at once; 0 where there are no vectors.
double multiply_add_flops(int threads);

}  // namespace bench
