#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/training/metrics.hpp>

IDM_NAMESPACE_BEGIN

/// Columns of a prediction that are looked at together: the joints of a limb, or one step of a chunk.
struct TargetGroup {
    std::string name;
    std::vector<Index> targets;
};

/// nMSE of a group. The pooled one is sum of MSE / sum of variance: a nearly constant joint, whose tiny variance makes
/// its own nMSE large, hardly counts there, and not at all in the median.
struct GroupScore {
    double mean = 0;
    double median = 0;
    double pooled = 0;
};

/// All targets, each limb over all steps, and each step; nothing where that is all the same.
///
/// `limbs` are names and numbers of joints, in the targets' order. *Errors*: `ConfigError` unless they add up to
/// `joints`, or are none.
IDM_INLINE std::vector<TargetGroup> target_groups(std::span<const std::pair<std::string, Index>> limbs, Index joints,
                                                  Index horizon);

/// Mean, median (of an even number the mean of the two in the middle) and pooled nMSE of a group of targets.
///
/// *Errors*: `ShapeError` for a group without targets or with one that was not scored.
IDM_INLINE GroupScore group_score(const Metrics& metrics, const TargetGroup& group);

#if !IDM_HAS_COMPILED

IDM_INLINE std::vector<TargetGroup> target_groups(std::span<const std::pair<std::string, Index>> limbs, Index joints,
                                                  Index horizon) {
    std::vector<TargetGroup> groups;
    const auto add = [&](std::string name, Index step_begin, Index step_end, Index begin, Index end) {
        groups.push_back({std::move(name), {}});
        for (Index step = step_begin; step < step_end; ++step)
            for (Index joint = begin; joint < end; ++joint) groups.back().targets.push_back(step * joints + joint);
    };
    if (limbs.empty() && horizon == 1) return groups;
    add("all", 0, horizon, 0, joints);
    Index begin = 0;
    for (const auto& [name, size] : limbs) {
        add(name, 0, horizon, begin, begin + size);
        begin += size;
    }
    detail::require<ConfigError>(limbs.empty() || begin == joints, "expected groups of ", joints,
                                 " joints together, got ", begin);
    for (Index step = 0; horizon > 1 && step < horizon; ++step)
        add(detail::message("step +", step), step, step + 1, 0, joints);
    return groups;
}

IDM_INLINE GroupScore group_score(const Metrics& metrics, const TargetGroup& group) {
    detail::require<ShapeError>(!group.targets.empty(), "expected targets in the group '", group.name, "', got none");
    std::vector<double> nmse;
    double error = 0, variance = 0;
    for (const Index target : group.targets) {
        detail::require<ShapeError>(target >= 0 && target < static_cast<Index>(metrics.joints.size()), "group '",
                                    group.name, "': expected targets in [0, ", metrics.joints.size(), "), got ",
                                    target);
        const JointMetrics& joint = metrics.joints[static_cast<std::size_t>(target)];
        nmse.push_back(joint.nmse);
        error += joint.nmse * joint.variance;
        variance += joint.variance;
    }
    std::sort(nmse.begin(), nmse.end());
    const std::size_t middle = nmse.size() / 2;
    const double sum = std::accumulate(nmse.begin(), nmse.end(), 0.0);
    return {.mean = sum / static_cast<double>(nmse.size()),
            .median = nmse.size() % 2 == 1 ? nmse[middle] : (nmse[middle - 1] + nmse[middle]) / 2,
            .pooled = error / variance};
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
