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

    /// Puts a Baseline's weights in the linear part. *Errors*: `ShapeError` when its extents differ.
    template <Index W, Index I, Index O>
    void set_linear(const Baseline<Scalar, W, I, O>& baseline) {
        detail::require<ShapeError>(baseline.window() == this->window() && baseline.inputs() == this->inputs() &&
                                        baseline.outputs() == this->outputs(),
                                    "set_linear: expected a Baseline of window ", this->window(), ", ", this->inputs(),
                                    " inputs and ", this->outputs(), " outputs, got ", baseline.window(), ", ",
                                    baseline.inputs(), " and ", baseline.outputs());
        const auto from = baseline.named_parameters();  // weight [outputs, inputs * window], channels first, and bias
        const auto named = this->named_parameters();
        const auto to = named.end() - 2;  // weight [outputs, inputs, window], the same order, and bias
        for (std::ptrdiff_t p = 0; p < 2; ++p)
            for (Index i = 0; i < to[p].size(); ++i) to[p][i] = from[static_cast<std::size_t>(p)][i];
    }

private:
    explicit LinearSkip(const typename Base::NetworkType& base)
        : Model<Scalar, InputShape, Layers>(base.input_shape(), Layers(base.layers(), {base.output_shape().channels(),
                                                                                       base.input_shape().length()})) {}
};

IDM_NAMESPACE_END
