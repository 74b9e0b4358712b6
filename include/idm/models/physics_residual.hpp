#pragma once

#include <algorithm>
#include <span>
#include <utility>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>
#include <idm/core/workspace.hpp>
#include <idm/data/dynamics.hpp>
#include <idm/data/normaliser.hpp>

IDM_NAMESPACE_BEGIN

namespace physics {

/// tau = F(q, qd, qdd) + M(window): inverse dynamics F that are known, and a model M of what they leave, trained on
/// `make_residual_dataset`. (`idm::Residual` is another thing, a layer.)
///
/// *Threads*: any number, each with a workspace of its own, as far as F allows it.
template <InverseDynamics F, class M>
class Residual {
public:
    using Scalar = typename M::Scalar;

    /// *Errors*: `ShapeError` when the normaliser has other extents than the model.
    Residual(F known, M model, Normaliser<Scalar> normaliser)
        : dynamics_(std::move(known)), model_(std::move(model)), normaliser_(std::move(normaliser)) {
        idm::detail::require<ShapeError>(
            normaliser_.input_mean().size() == model_.inputs() && normaliser_.target_mean().size() == model_.outputs(),
            "expected a normaliser of ", model_.inputs(), " inputs and ", model_.outputs(),
            " targets (the model's), got ", normaliser_.input_mean().size(), " and ", normaliser_.target_mean().size());
    }

    const F& dynamics() const { return dynamics_; }
    const M& model() const { return model_; }

    /// Torques of one state.
    ///
    /// *Shapes*: q, qd, qdd, tau [outputs]; `window` [window, inputs], the latest row last.
    /// *Units*: rad, rad/s, rad/s^2 to N m; the window in the units of the recipe's features, not normalised.
    /// *Errors*: `ShapeError` for other lengths, also of what F gives. *Cost*: no allocation but F's.
    void predict(const Vector<double>& q, const Vector<double>& qd, const Vector<double>& qdd,
                 std::span<const Scalar> window, Workspace<Scalar>& workspace, std::span<double> tau) const {
        const Index inputs = model_.inputs(), outputs = model_.outputs(), size = model_.window() * inputs;
        const auto given = static_cast<Index>(window.size()), wanted = static_cast<Index>(tau.size());
        idm::detail::require<ShapeError>(given == size && wanted == outputs, "expected a window of ", size,
                                         " numbers and room for ", outputs, " torques, got ", given, " and ", wanted);
        workspace.check(1, size, outputs);
        Scalar* x = workspace.input().sample(0);
        for (Index i = 0; i < size; ++i)
            x[i] = (window[static_cast<std::size_t>(i)] - normaliser_.input_mean()[i % inputs]) /
                   normaliser_.input_scale()[i % inputs];
        model_.forward(workspace, 1);
        const Vector<double>& known = dynamics_(q, qd, qdd);
        idm::detail::require<ShapeError>(known.size() == outputs, "expected inverse dynamics of ", outputs,
                                         " torques (the model's outputs), got ", known.size());
        const Scalar* y = workspace.output().sample(0);
        for (Index i = 0; i < outputs; ++i)
            tau[static_cast<std::size_t>(i)] = known[i] + static_cast<double>(normaliser_.denormalise_target(y[i], i));
    }

private:
    F dynamics_;
    M model_;
    Normaliser<Scalar> normaliser_;
};

}  // namespace physics

IDM_NAMESPACE_END
