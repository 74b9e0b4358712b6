#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include <idm/layers/sum.hpp>
#include <idm/models/baseline.hpp>
#include <idm/models/model.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {

template <class Base>
using LinearSkipNet =
    Sum<typename Base::NetworkType::Layers,
        WindowLinear<Base::NetworkType::OutputShape::static_channels, Base::NetworkType::InputShape::static_length>>;

/// The base's name with `_linear_skip` behind it, as a C string.
template <class Base>
constexpr auto linear_skip_name() {
    constexpr std::string_view base = Base::name, suffix = "_linear_skip";
    std::array<char, base.size() + suffix.size() + 1> text{};
    std::copy(suffix.begin(), suffix.end(), std::copy(base.begin(), base.end(), text.begin()));
    return text;
}
template <class Base>
inline constexpr auto linear_skip_text = linear_skip_name<Base>();

}  // namespace detail

/// A model plus a linear map of its window: y = base(x) + W vec(x) + b. The network learns what the Baseline leaves.
///
/// The network's last layer starts at zero, so after `initialise`, `set_linear(baseline)` the model is the Baseline,
/// and training starts there. It streams and trains on chunks if `Base` does.
///
///     Baseline<float> baseline({32, 21, 7});
///     fit_ridge(baseline, data);
///     LinearSkip<Cnn2<float>> model({32, 21, 7});
///     model.initialise(1);
///     model.set_linear(baseline);
///
/// *Shapes*: input [N, window, inputs], output [N, 1, outputs]. *Units*: normalised.
template <class Base>
class LinearSkip
    : public Model<typename Base::Scalar, typename Base::NetworkType::InputShape, detail::LinearSkipNet<Base>> {
    using InputShape = typename Base::NetworkType::InputShape;
    using Layers = detail::LinearSkipNet<Base>;

public:
    using Scalar = typename Base::Scalar;

    static constexpr const char* name = detail::linear_skip_text<Base>.data();

    explicit LinearSkip(const ModelConfig& config = {}) : LinearSkip(Base(config).network()) {}

    /// Puts a Baseline's weights in the linear part. Of a Baseline with a shorter window, the steps before get weight
    /// 0.
    ///
    /// *Errors*: `ShapeError` for other inputs or outputs, or a longer window.
    template <Index W, Index I, Index O>
    void set_linear(const Baseline<Scalar, W, I, O>& baseline) {
        detail::require<ShapeError>(baseline.window() <= this->window() && baseline.inputs() == this->inputs() &&
                                        baseline.outputs() == this->outputs(),
                                    "set_linear: expected a Baseline of window ", this->window(), " or less, ",
                                    this->inputs(), " inputs and ", this->outputs(), " outputs, got ",
                                    baseline.window(), ", ", baseline.inputs(), " and ", baseline.outputs());
        const auto from = baseline.named_parameters();  // weight [outputs, inputs * window], channels first, and bias
        const auto named = this->named_parameters();
        const auto &weight = named[named.size() - 2],
                   &bias = named.back();  // [outputs, inputs, window]: the same order
        const Index rows = this->outputs() * this->inputs(), shift = this->window() - baseline.window();
        for (Index row = 0; row < rows; ++row)
            for (Index t = 0; t < this->window(); ++t)
                weight[row * this->window() + t] =
                    t < shift ? Scalar(0) : Scalar(from[0][row * baseline.window() + t - shift]);
        for (Index o = 0; o < bias.size(); ++o) bias[o] = from[1][o];
    }

private:
    explicit LinearSkip(const typename Base::NetworkType& base)
        : Model<Scalar, InputShape, Layers>(base.input_shape(), Layers(base.layers(), {base.output_shape().channels(),
                                                                                       base.input_shape().length()})) {}
};

IDM_NAMESPACE_END
