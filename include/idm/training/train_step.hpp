#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <idm/core/buffer.hpp>
#include <idm/core/parallel.hpp>
#include <idm/core/workspace.hpp>
#include <idm/kernels/select.hpp>
#include <idm/training/trainer_config.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {

/// Workspace, gradient and loss of one part of a batch.
template <class T>
struct BatchPart {
    BatchPart(const WorkspaceShape& shape, Index parameters) : workspace(shape), gradient(parameters) {}
    Workspace<T> workspace;
    Buffer<T> gradient;
    double loss = 0;
    double square = 0;  // of the summed gradient, over this part's share of the parameters
};

/// From the parts' gradients to new weights: sum, clipping by norm, optimiser, moving average.
///
/// The parameters are cut into as many shares as there are parts, so sums have the same bits on any number of threads.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html, torch.optim.swa_utils
/// (AveragedModel: the average begins with the weights of the first step).
template <class T>
class Update {
public:
    Update(const TrainerConfig& config, Index size)
        : clip_norm_(config.clip_norm),
          ema_(config.ema),
          optimiser_(make_optimiser<T>(config, size)),
          average_(ema_ > 0 ? size : 0) {}

    Index size() const { return optimiser_->size(); }
    void begin_step(double rate) { optimiser_->begin_step(rate); }

    /// To be called by every thread of a team.
    void apply(const Team& team, std::vector<BatchPart<T>>& parts, T* parameters) {
        const Range share = team.share(static_cast<Index>(parts.size()));
        for (Index p = share.begin; p < share.end; ++p) sum(parts, p);
        if (clip_norm_ > 0) team.barrier();
        const T factor = clip_factor(parts);
        T* gradient = parts[0].gradient.data();
        for (Index p = share.begin; p < share.end; ++p) {
            const Range range = range_of(parts, p);
            if (factor < T(1))
                for (Index i = range.begin; i < range.end; ++i) gradient[i] *= factor;
            optimiser_->apply(range, gradient, parameters);
            if (ema_ > 0) average(range, parameters);
        }
    }

    /// Puts the moving average in the place of the parameters, and back.
    void swap_average(std::span<T> parameters) {
        if (ema_ > 0) std::swap_ranges(parameters.begin(), parameters.end(), average_.data());
    }

private:
    /// Whole cache lines: the padding at the buffer's end makes its size a multiple of 16.
    Range range_of(const std::vector<BatchPart<T>>& parts, Index p) const {
        const Range lines = split_range(size() / 16, static_cast<Index>(parts.size()), p);
        return {lines.begin * 16, lines.end * 16};
    }
    void sum(std::vector<BatchPart<T>>& parts, Index p) const {
        const Range range = range_of(parts, p);
        T* total = parts[0].gradient.data();
        for (std::size_t other = 1; other < parts.size(); ++other)
            kernels::add_accumulate(range.end - range.begin,
                                    static_cast<const T*>(parts[other].gradient.data()) + range.begin,
                                    total + range.begin);
        if (clip_norm_ == 0) return;
        double square = 0;
        for (Index i = range.begin; i < range.end; ++i)
            square += static_cast<double>(total[i]) * static_cast<double>(total[i]);
        parts[static_cast<std::size_t>(p)].square = square;
    }
    T clip_factor(const std::vector<BatchPart<T>>& parts) const {
        if (clip_norm_ == 0) return T(1);
        double square = 0;
        for (const BatchPart<T>& part : parts) square += part.square;
        return static_cast<T>(std::min(1.0, clip_norm_ / (std::sqrt(square) + 1e-6)));
    }
    void average(Range range, const T* parameters) {
        const T keep = optimiser_->steps_taken() == 1 ? T(0) : static_cast<T>(ema_);
        const T take = optimiser_->steps_taken() == 1 ? T(1) : static_cast<T>(1 - ema_);
        for (Index i = range.begin; i < range.end; ++i) average_[i] = keep * average_[i] + take * parameters[i];
    }

    double clip_norm_, ema_;
    std::unique_ptr<Optimiser<T>> optimiser_;
    Buffer<T> average_;
};

/// One training step on items [begin, end) of `batches`: forward, loss, backward, update.
///
/// Returns the mean loss, before the step. When that is not finite the parameters are left as they were.
template <class T, class Batches>
double train_step(const Batches& batches, Range items, std::vector<BatchPart<T>>& parts, Update<T>& update, double rate,
                  int threads, std::span<T> parameters) {
    const Index count = items.end - items.begin, part_count = static_cast<Index>(parts.size());
    const auto& network = batches.network();
    const Index outputs = network.output_shape().channels();
    Index targets = 0;
    for (Index i = items.begin; i < items.end; ++i) targets += batches.targets(i);
    const T scale = T(1) / static_cast<T>(targets * outputs);
    update.begin_step(rate);
    const auto total = [&] {
        double sum = 0;
        for (const auto& part : parts) sum += part.loss;
        return sum / static_cast<double>(targets * outputs);
    };

    parallel(static_cast<int>(std::min<Index>(threads, part_count)), [&](const Team& team) {
        const Range share = team.share(part_count);
        for (Index p = share.begin; p < share.end; ++p) {
            BatchPart<T>& part = parts[static_cast<std::size_t>(p)];
            const Range mine = split_range(count, part_count, p);
            const Index samples = mine.end - mine.begin;
            auto& workspace = part.workspace;
            for (Index n = 0; n < samples; ++n) batches.load(items.begin + mine.begin + n, workspace.input(), n);
            network.forward(static_cast<const T*>(parameters.data()), workspace, samples);
            part.loss = 0;
            for (Index n = 0; n < samples; ++n)
                part.loss += batches.loss(items.begin + mine.begin + n, scale, workspace.output().sample(n),
                                          workspace.d_output().sample(n));
            part.gradient.fill(T(0));
            network.backward(static_cast<const T*>(parameters.data()), part.gradient.data(), workspace, samples);
        }
        team.barrier();
        if (std::isfinite(total())) update.apply(team, parts, parameters.data());
    });
    return total();
}

/// Names the parameters whose gradient is not finite, for the message of a diverged training.
template <class M, class T>
std::string non_finite_parameters(const M& model, const std::vector<BatchPart<T>>& parts) {
    std::string names;
    for (const auto& named : model.named_parameters()) {
        bool finite = true;
        for (const auto& part : parts)
            for (Index i = 0; i < named.size(); ++i)
                finite = finite && std::isfinite(part.gradient[named.info().buffer_index(i)]);
        if (!finite) names += (names.empty() ? "" : ", ") + named.name();
    }
    return names.empty() ? "none" : names;
}

}  // namespace detail

IDM_NAMESPACE_END
