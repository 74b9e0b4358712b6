#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/buffer.hpp>
#include <idm/core/flush_denormals.hpp>
#include <idm/core/parallel.hpp>
#include <idm/core/random.hpp>
#include <idm/core/workspace.hpp>
#include <idm/kernels/select.hpp>
#include <idm/layers/contract.hpp>
#include <idm/training/trainer_config.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {

/// Gradient and loss of one part of a batch.
template <class T>
struct BatchPart {
    explicit BatchPart(Index parameters) : gradient(parameters) {}
    Buffer<T> gradient;
    double loss = 0;
};

/// Where a model's statistics lie in its buffer, in order.
template <class M>
std::vector<Range> statistic_ranges(const M& model) {
    std::vector<Range> ranges;
    for (const auto& named : model.named_parameters())
        if (named.info().statistic) ranges.push_back({named.info().offset, named.info().offset + named.size()});
    std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
    return ranges;
}

/// What `ranges`, which are in order, leave of [0, size).
inline std::vector<Range> complement(const std::vector<Range>& ranges, Index size) {
    std::vector<Range> rest;
    Index begin = 0;
    for (const Range& range : ranges) {
        if (begin < range.begin) rest.push_back({begin, range.begin});
        begin = range.end;
    }
    if (begin < size) rest.push_back({begin, size});
    return rest;
}

/// Calls use(range) for what each of `ranges` has in common with `within`.
template <class Use>
void for_each_within(const std::vector<Range>& ranges, Range within, Use use) {
    for (const Range& range : ranges) {
        const Range common{std::max(range.begin, within.begin), std::min(range.end, within.end)};
        if (common.begin < common.end) use(common);
    }
}

/// From the parts' gradients to new weights: sum, clipping by norm, optimiser and moving average.
///
/// Statistics (see `ParameterInfo`) meet none of these: they move by the mean over the step's samples, and the moving
/// average takes their newest value. The parameters are cut into as many shares as a batch into parts, so sums have the
/// same bits on any number of threads.
/// *Cost*: one pass over the parameters in blocks that stay in the first cache, with clipping two.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html, torch.optim.swa_utils
/// (AveragedModel: the average begins with the weights of the first step).
template <class T>
class Update {
public:
    Update(const TrainerConfig& config, Index size, std::vector<Range> statistics = {})
        : clip_norm_(config.clip_norm),
          ema_(config.ema),
          optimiser_(make_optimiser<T>(config, size)),
          average_(ema_ > 0 ? size : 0),
          statistics_(std::move(statistics)),
          learned_(complement(statistics_, size)),
          squares_(static_cast<std::size_t>(config.gradient_parts)) {}

    Index size() const { return optimiser_->size(); }
    Index steps_taken() const { return optimiser_->steps_taken(); }
    /// `samples`: of the step, over all parts.
    void begin_step(double rate, Index samples) {
        optimiser_->begin_step(rate);
        per_sample_ = T(1) / static_cast<T>(samples);
    }

    /// One job of the crew, with clipping two.
    void apply(Crew& crew, std::span<BatchPart<T>> parts, T* parameters) {
        T* gradient = parts[0].gradient.data();
        if (clip_norm_ > 0)
            for_each_share(crew, [&](Index share) {
                double square = 0;
                for_each_block(share, [&](Range block) {
                    sum(parts, block);
                    for_each_within(learned_, block, [&](Range learned) {
                        square += static_cast<double>(kernels::sum_of_squares(
                            learned.end - learned.begin, static_cast<const T*>(gradient) + learned.begin));
                    });
                });
                squares_[static_cast<std::size_t>(share)] = square;
            });
        const T factor = clip_factor();
        for_each_share(crew, [&](Index share) {
            for_each_block(share, [&](Range block) {
                if (clip_norm_ == 0) sum(parts, block);
                move(block, factor, gradient, parameters);
            });
        });
    }

    /// What a step leaves to the next besides `steps_taken`: the optimiser's, then the moving average.
    std::vector<std::span<T>> memory() {
        std::vector<std::span<T>> all = optimiser_->memory();
        if (ema_ > 0) all.push_back(average_.span());
        return all;
    }
    void set_steps_taken(Index steps) { optimiser_->set_steps_taken(steps); }

    /// Puts the moving average in the place of the parameters, and back.
    void swap_average(std::span<T> parameters) {
        if (ema_ > 0) std::swap_ranges(parameters.begin(), parameters.end(), average_.data());
    }

private:
    /// Calls use(share) for each share of the parameters, as one job.
    template <class Use>
    void for_each_share(Crew& crew, Use use) const {
        crew.run([&](const Team& team) {
            const FlushDenormals flush;
            const Range mine = team.share(std::ssize(squares_));
            for (Index share = mine.begin; share < mine.end; ++share) use(share);
        });
    }
    /// Calls use(block) for one share of the parameters, in blocks that fit the first cache together with all that a
    /// step reads of them. Whole cache lines: the padding at the buffer's end makes its size a multiple of 16.
    template <class Use>
    void for_each_block(Index share, Use use) const {
        constexpr Index block = 512;
        const Range lines = split_range(size() / 16, std::ssize(squares_), share);
        for (Index begin = lines.begin * 16; begin < lines.end * 16; begin += block)
            use(Range{begin, std::min(begin + block, lines.end * 16)});
    }
    /// Adds the other parts' gradients to the first one's, in order.
    static void sum(std::span<BatchPart<T>> parts, Range block) {
        T* total = parts[0].gradient.data() + block.begin;
        for (const BatchPart<T>& part : parts.subspan(1))
            kernels::add_accumulate(block.end - block.begin, part.gradient.data() + block.begin, total);
    }
    void move(Range block, T factor, T* gradient, T* parameters) {
        for_each_within(learned_, block, [&](Range learned) {
            if (factor < T(1)) axpby(learned, factor, gradient, T(0), gradient);
            optimiser_->apply(learned, gradient, parameters);
            if (ema_ > 0) average(learned, parameters);
        });
        for_each_within(statistics_, block, [&](Range measured) {
            axpby(measured, -per_sample_, gradient, T(1), parameters);
            if (ema_ > 0)
                std::copy(parameters + measured.begin, parameters + measured.end, average_.data() + measured.begin);
        });
    }
    T clip_factor() const {
        if (clip_norm_ == 0) return T(1);
        const double square = std::accumulate(squares_.begin(), squares_.end(), 0.0);
        return static_cast<T>(std::min(1.0, clip_norm_ / (std::sqrt(square) + 1e-6)));
    }
    void average(Range range, const T* parameters) {
        const T keep = optimiser_->steps_taken() == 1 ? T(0) : static_cast<T>(ema_);
        const T take = optimiser_->steps_taken() == 1 ? T(1) : static_cast<T>(1 - ema_);
        axpby(range, take, parameters, keep, average_.data());
    }
    /// y = a x + b y.
    static void axpby(Range range, T a, const T* x, T b, T* y) {
        kernels::axpby(range.end - range.begin, a, x + range.begin, b, y + range.begin);
    }

    double clip_norm_, ema_;
    std::unique_ptr<Optimiser<T>> optimiser_;
    Buffer<T> average_;
    std::vector<Range> statistics_, learned_;
    std::vector<double> squares_;  // of the summed gradient, over each share of the parameters
    T per_sample_ = 1;
};

/// What the random numbers of one step's layers are made from: a function of the seed and the step's number.
inline std::uint64_t step_key(std::uint64_t seed, Index step) {
    return Random(seed, 0x73746570, static_cast<std::uint64_t>(step)).bits();
}

/// Settings of one step.
struct StepConfig {
    double rate = 0;
    std::uint64_t seed = 0;
    Index items_per_batch = 0;  // that parts of are in memory at once; a step's gradient is that of all its batches
};

/// Forward, loss and backward of part `p` of `parts` of each batch of a step's items. `scale` times the sum of the
/// losses is the step's loss. `first_part`: of those that this step computes in the workspace.
template <class T, class Batches>
void run_part(const Batches& batches, Range items, Range split, RandomKey random, T scale, Index items_per_batch,
              Workspace<T>& workspace, BatchPart<T>& part, const T* parameters, bool first_part) {
    const auto& network = batches.network();
    part.loss = 0;
    BackwardOptions options{.same_parameters = !first_part, .store_gradient = true};
    for (Index begin = items.begin; begin < items.end; begin += items_per_batch) {
        const Index count = std::min(items_per_batch, items.end - begin);
        const Range mine = split_range(count, split.end, split.begin);
        const Index first = begin + mine.begin, samples = mine.end - mine.begin;
        random.first_sample = first - items.begin;
        for (Index n = 0; n < samples; ++n) batches.load(first + n, workspace.input(), n);
        network.forward(parameters, workspace, samples, random);
        for (Index n = 0; n < samples; ++n)
            part.loss += batches.loss(first + n, scale, workspace.output().sample(n), workspace.d_output().sample(n));
        network.backward(parameters, part.gradient.data(), workspace, samples, options);
        options = {.same_parameters = true};
    }
}

/// One training step on items [begin, end) of `batches`: forward, loss and backward as one job of the crew, then the
/// update.
///
/// Each of the crew's threads has a workspace, for all its parts one after the other.
/// Denormal numbers count as zero: a layer whose units have died, or Adam's moments behind it, would be full of them.
/// Returns the mean loss, before the step. When that is not finite, parameters and gradients are left as they were.
template <class T, class Batches>
double train_step(Crew& crew, const Batches& batches, Range items, std::span<Workspace<T>> workspaces,
                  std::span<BatchPart<T>> parts, Update<T>& update, const StepConfig& step, std::span<T> parameters) {
    // A batch of few items, as of chunks, fills the first parts alone: threads share these.
    const Index count = std::min({std::ssize(parts), step.items_per_batch, items.end - items.begin});
    parts = parts.first(static_cast<std::size_t>(count));
    double weight = 0;
    for (Index i = items.begin; i < items.end; ++i) weight += batches.weight(i);
    const double total = weight * static_cast<double>(batches.network().output_shape().channels());
    const T scale = total > 0 ? static_cast<T>(1 / total) : T(0);  // rows of weight 0 alone teach nothing
    update.begin_step(step.rate, items.end - items.begin);
    const RandomKey random{step_key(step.seed, update.steps_taken()), 0};

    crew.run([&](const Team& team) {
        const FlushDenormals flush;
        const Range mine = team.share(count);
        for (Index p = mine.begin; p < mine.end; ++p)
            run_part(batches, items, {p, count}, random, scale, step.items_per_batch,
                     workspaces[static_cast<std::size_t>(team.index())], parts[static_cast<std::size_t>(p)],
                     static_cast<const T*>(parameters.data()), p == mine.begin);
    });
    double sum = 0;
    for (const auto& part : parts) sum += part.loss;
    const double loss = total > 0 ? sum / total : 0;
    if (std::isfinite(loss)) update.apply(crew, parts, parameters.data());
    return loss;
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
