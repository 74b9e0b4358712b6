#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {

/// The weights of the lowest validation loss. It leaves the model with them however the training ends.
template <class M>
class BestWeights {
public:
    explicit BestWeights(M& model) : model_(model), weights_(model.parameters().begin(), model.parameters().end()) {}
    BestWeights(const BestWeights&) = delete;
    BestWeights& operator=(const BestWeights&) = delete;
    ~BestWeights() { std::copy(weights_.begin(), weights_.end(), model_.parameters().begin()); }

    double loss() const { return loss_; }
    const std::vector<typename M::Scalar>& weights() const { return weights_; }
    void restore(const std::vector<typename M::Scalar>& weights, double loss) {
        weights_ = weights;
        loss_ = loss;
    }

    /// Keeps the model's weights and returns true if `loss` is the lowest so far.
    bool offer(double loss) {
        if (!(loss < loss_)) return false;
        loss_ = loss;
        std::copy(model_.parameters().begin(), model_.parameters().end(), weights_.begin());
        return true;
    }

private:
    M& model_;
    std::vector<typename M::Scalar> weights_;
    double loss_ = std::numeric_limits<double>::infinity();
};

}  // namespace detail

IDM_NAMESPACE_END
