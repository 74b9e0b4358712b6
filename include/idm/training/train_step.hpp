#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <idm/core/buffer.hpp>
#include <idm/core/parallel.hpp>
#include <idm/core/workspace.hpp>
#include <idm/kernels/select.hpp>
#include <idm/training/adam.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {

/// Workspace, gradient and loss of one part of a batch.
template <class T>
struct BatchPart {
    BatchPart(const WorkspaceShape& shape, Index parameters) : workspace(shape), gradient(parameters) {}
    Workspace<T> workspace;
    Buffer<T> gradient;
    double loss = 0;
};

/// One training step on items [begin, end) of `batches`: forward, loss, backward, sum of the gradients, Adam.
///
/// Returns the mean loss, before the step. When that is not finite the parameters are left as they were.
template <class T, class Batches>
double train_step(const Batches& batches, Range items, std::vector<BatchPart<T>>& parts, Adam<T>& adam, double rate,
                  int threads, std::span<T> parameters) {
    const Index count = items.end - items.begin, part_count = static_cast<Index>(parts.size());
    const auto& network = batches.network();
    const Index outputs = network.output_shape().channels();
    Index targets = 0;
    for (Index i = items.begin; i < items.end; ++i) targets += batches.targets(i);
    const T scale = T(1) / static_cast<T>(targets * outputs);
    const kernels::AdamStep<T> step = adam.begin_step(rate);
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
        if (!std::isfinite(total())) return;
        // Whole cache lines for each thread: the padding at the buffer's end makes its size a multiple of 16.
        const Range lines = team.share(adam.size() / 16);
        const Range range{lines.begin * 16, lines.end * 16};
        T* sum = parts[0].gradient.data();
        for (Index p = 1; p < part_count; ++p)
            kernels::add_accumulate(
                range.end - range.begin,
                static_cast<const T*>(parts[static_cast<std::size_t>(p)].gradient.data()) + range.begin,
                sum + range.begin);
        adam.apply(step, range, sum, parameters.data());
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
