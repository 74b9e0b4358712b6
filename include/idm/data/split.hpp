#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/random.hpp>
#include <idm/data/trajectory.hpp>

IDM_NAMESPACE_BEGIN

/// Which segments a model learns from, is chosen by, and is judged on. None is empty and none share a row.
struct Split {
    std::vector<Segment> train, validation, test;
};

/// Whole trajectories, drawn at random: the fractions are of the number of trajectories, each at least one.
struct ByTrajectory {
    double train = 0.7;
    double validation = 0.15;
    double test = 0.15;
    std::uint64_t seed = 1;
};

/// Whole trajectories, listed by name or else by number counted from 0.
struct ByName {
    std::vector<std::string> train, validation, test;
};

/// Every trajectory cut into three blocks in time order, for logs of one or few long runs.
struct ByBlock {
    double train = 0.7;
    double validation = 0.1;
    double test = 0.2;
};

/// Blocks given as rows [begin, end) of the concatenation of all trajectories.
struct ByRows {
    std::vector<Segment> train, validation, test;
};

using SplitRule = std::variant<ByTrajectory, ByName, ByBlock, ByRows>;

IDM_NAMESPACE_END
