#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/random.hpp>
#include <idm/data/trajectory.hpp>

// Neighbouring rows of a log are nearly equal, and windows overlap. Rows drawn at random would put copies of the
// training data into the test set, so data is divided by whole trajectories or by blocks with a gap, in no other way.

IDM_NAMESPACE_BEGIN

/// Which segments a model learns from, is chosen by, and is judged on. None is empty and none share a row.
struct Split {
    std::vector<Segment> train, validation, test;
    std::optional<Index> gap = {};  // rows left out between blocks; whole trajectories need none
};

/// Whole trajectories, drawn at random; the fractions, of the number of trajectories, sum to 1. The pieces of one
/// recording count once and stay together.
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

/// Every trajectory cut into three blocks in the order of time, for logs of one or few long runs; the fractions sum
/// to 1. The pieces of one recording are cut as one; what a cut leaves of a piece is left out where it is shorter than
/// the gap.
struct ByBlock {
    double train = 0.7;
    double validation = 0.15;
    double test = 0.15;
    /// Rows left out between blocks; what window, `ahead` and filter need where that is more.
    Index gap = 0;
};

/// Blocks given as rows [begin, end) of the concatenation of all trajectories. Set `gap` where models with different
/// windows are compared, so that all see the same blocks.
struct ByRows {
    std::vector<Segment> train, validation, test;
    Index gap = 0;
};

using SplitRule = std::variant<ByTrajectory, ByName, ByBlock, ByRows>;

/// The segments of each recording: its pieces, where rows were dropped or stamps had gaps, follow each other without a
/// gap that would keep training data from the test set.
IDM_INLINE std::vector<std::vector<Segment>> by_source(std::span<const Segment> segments);

namespace detail {

inline std::array<std::vector<Segment>*, 3> parts(Split& split) {
    return {&split.train, &split.validation, &split.test};
}

inline constexpr std::array<const char*, 3> part_names = {"train", "validation", "test"};

/// Sorts each part by rows. *Errors*: `DataError` for an empty part and for rows that two parts, or one twice, hold.
IDM_INLINE Split checked(Split split);

}  // namespace detail

/// *Errors*: `DataError` when there are fewer than three trajectories, the pieces of one recording counted once.
IDM_INLINE Split split_by_trajectory(std::span<const Segment> segments, const ByTrajectory& rule);

/// *Errors*: `DataError` for an unknown name (with the nearest), an empty part, a trajectory listed twice, pieces of
/// one recording in different parts.
IDM_INLINE Split split_by_trajectory(std::span<const Segment> segments, const ByName& rule);

/// `gap`: rows that window, `ahead` and filter span need between blocks; the larger of it and `rule.gap` counts.
///
/// *Errors*: `DataError` for overlapping, empty or too short blocks, and for rows outside of every trajectory.
IDM_INLINE Split split_by_block(std::span<const Segment> segments, const ByRows& rule, Index gap);

/// *Errors*: `DataError` for a recording of which a part would stay empty.
IDM_INLINE Split split_by_block(std::span<const Segment> segments, const ByBlock& rule, Index gap);

/// Divides the trajectories of a log by any of the rules; `gap` matters to those that cut trajectories.
IDM_INLINE Split make_split(std::span<const Segment> segments, const SplitRule& rule, Index gap);

#if !IDM_HAS_COMPILED

IDM_INLINE std::vector<std::vector<Segment>> by_source(std::span<const Segment> segments) {
    std::vector<std::vector<Segment>> sources;
    for (const Segment& segment : segments) {
        const auto known = std::find_if(sources.begin(), sources.end(), [&](const auto& pieces) {
            return segment.source >= 0 && pieces.front().source == segment.source;
        });
        if (known == sources.end())
            sources.push_back({segment});
        else
            known->push_back(segment);
    }
    return sources;
}

namespace detail {

inline void check_fractions(double train, double validation, double test) {
    require<ConfigError>(train > 0 && validation > 0 && test > 0 && std::abs(train + validation + test - 1) < 1e-9,
                         "expected positive fractions that sum to 1, got train ", train, ", validation ", validation,
                         ", test ", test);
}

IDM_INLINE Split checked(Split split) {
    std::vector<Segment> all;
    const auto earlier = [](const Segment& a, const Segment& b) { return a.begin < b.begin; };
    for (std::size_t i = 0; i < 3; ++i) {
        std::vector<Segment>& part = *parts(split)[i];
        require<DataError>(!part.empty(), "the ", part_names[i],
                           " set is empty: expected at least one trajectory or block for each of train, validation "
                           "and test");
        std::sort(part.begin(), part.end(), earlier);
        all.insert(all.end(), part.begin(), part.end());
    }
    std::sort(all.begin(), all.end(), earlier);
    for (std::size_t i = 1; i < all.size(); ++i)
        require<DataError>(all[i - 1].end <= all[i].begin, "rows ", all[i].begin, " to ", all[i - 1].end - 1,
                           " are used twice, by '", all[i - 1].name, "' and '", all[i].name,
                           "': expected train, validation and test to share no row");
    return split;
}

/// Shortens blocks at their end where a block of another part follows in the same recording within `gap` rows: the
/// later block keeps its rows, and with them the figures published for it.
inline void open_gaps(Split& split, std::span<const Segment> trajectories, Index gap) {
    const auto trajectory_of = [&](const Segment& block) {
        return std::find_if(trajectories.begin(), trajectories.end(), [&](const Segment& trajectory) {
            return trajectory.begin <= block.begin && block.end <= trajectory.end;
        });
    };
    const auto same_source = [&](const Segment& a, const Segment& b) {
        const auto first = trajectory_of(a), second = trajectory_of(b);
        return first == second || (first->source >= 0 && first->source == second->source);
    };
    Split whole = split;
    for (std::size_t i = 0; i < 3; ++i)
        for (Segment& block : *parts(split)[i]) {
            const Segment from = block;
            for (std::size_t other = 0; other < 3; ++other)
                for (const Segment& later : *parts(whole)[other])
                    if (other != i && later.begin >= block.end && same_source(later, from))
                        block.end = std::min(block.end, later.begin - gap);
            require<DataError>(block.size() > 0, "block '", block.name, "' from row ", block.begin,
                               " is not longer than the gap of ", gap,
                               " rows to the block behind it; use longer blocks or a shorter window");
        }
}

/// *Errors*: `DataError` where two parts hold pieces of one recording.
inline void keep_pieces_together(Split& split) {
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = i + 1; j < 3; ++j)
            for (const Segment& a : *parts(split)[i])
                for (const Segment& b : *parts(split)[j])
                    require<DataError>(a.source < 0 || a.source != b.source, "'", a.name, "' (", part_names[i],
                                       ") and '", b.name, "' (", part_names[j],
                                       ") are pieces of one recording: expected them in one part, for no gap keeps "
                                       "them apart; or split by block");
}

/// The blocks of one recording. Rows are counted over its pieces, and `gap` rows are left out before each cut.
inline void cut_source(Split& split, std::span<const Segment> pieces, const ByBlock& rule, Index gap) {
    Index rows = 0;
    for (const Segment& piece : pieces) rows += piece.size();
    const auto row_at = [&](double fraction) {
        return static_cast<Index>(std::llround(fraction * static_cast<double>(rows)));
    };
    const std::array<Index, 4> cuts = {0, row_at(rule.train), row_at(rule.train + rule.validation), rows};
    for (std::size_t i = 0; i < 3; ++i) {
        bool found = false;
        Index before = 0;  // rows of the pieces before this one
        for (const Segment& piece : pieces) {
            const Index begin = std::max(cuts[i] - before, Index(0));
            const Index end = std::min(cuts[i + 1] - (i < 2 ? gap : 0) - before, piece.size());
            before += piece.size();
            const bool left_over = pieces.size() > 1 && end - begin < std::min(gap, piece.size());
            if (begin >= end || left_over) continue;
            parts(split)[i]->push_back(
                {piece.begin + begin, piece.begin + end, message(piece.name, " ", part_names[i]), piece.source});
            found = true;
        }
        require<DataError>(found, "block '", pieces.front().name, " ", part_names[i], "' of ", cuts[i + 1] - cuts[i],
                           " rows is not longer than the gap of ", gap,
                           " rows to the block behind it; use longer blocks or a shorter window");
    }
}

}  // namespace detail

IDM_INLINE Split split_by_trajectory(std::span<const Segment> segments, const ByTrajectory& rule) {
    detail::check_fractions(rule.train, rule.validation, rule.test);
    std::vector<std::vector<Segment>> shuffled = by_source(segments);
    const Index count = std::ssize(shuffled);
    const auto share = [&](double fraction) {
        return std::max<Index>(1, std::llround(fraction * static_cast<double>(count)));
    };
    const Index validation = share(rule.validation), test = share(rule.test);
    detail::require<DataError>(validation + test < count, "expected trajectories for train, ", validation,
                               " for validation and ", test, " for test, got ", count,
                               " in all (the pieces of one count once); record more, or split by block");
    Random(rule.seed).shuffle(std::span(shuffled));
    Split split;
    for (Index i = 0; i < count; ++i) {
        std::vector<Segment>& part = i < validation          ? split.validation
                                     : i < validation + test ? split.test
                                                             : split.train;
        const std::vector<Segment>& pieces = shuffled[static_cast<std::size_t>(i)];
        part.insert(part.end(), pieces.begin(), pieces.end());
    }
    return detail::checked(std::move(split));
}

IDM_INLINE Split split_by_trajectory(std::span<const Segment> segments, const ByName& rule) {
    std::vector<std::string> names;
    for (const Segment& segment : segments) names.push_back(segment.name);
    const auto pick = [&](const std::vector<std::string>& wanted) {
        std::vector<Segment> result;
        for (const std::string& name : wanted)
            result.push_back(segments[static_cast<std::size_t>(detail::find_name(names, name, "trajectory"))]);
        return result;
    };
    Split split{.train = pick(rule.train), .validation = pick(rule.validation), .test = pick(rule.test)};
    detail::keep_pieces_together(split);
    return detail::checked(std::move(split));
}

IDM_INLINE Split split_by_block(std::span<const Segment> segments, const ByRows& rule, Index gap) {
    Split split{rule.train, rule.validation, rule.test, std::max(gap, rule.gap)};
    for (std::vector<Segment>* part : detail::parts(split))
        for (const Segment& block : *part) {
            const bool inside = std::any_of(segments.begin(), segments.end(), [&](const Segment& trajectory) {
                return trajectory.begin <= block.begin && block.begin < block.end && block.end <= trajectory.end;
            });
            detail::require<DataError>(inside, "block '", block.name, "' of rows [", block.begin, ", ", block.end,
                                       ") is empty or leaves its trajectory; the log has ",
                                       segments.empty() ? 0 : segments.back().end, " rows in ", segments.size(),
                                       " trajectories");
        }
    split = detail::checked(std::move(split));
    detail::open_gaps(split, segments, *split.gap);
    return split;
}

IDM_INLINE Split split_by_block(std::span<const Segment> segments, const ByBlock& rule, Index gap) {
    detail::check_fractions(rule.train, rule.validation, rule.test);
    Split split;
    split.gap = std::max(gap, rule.gap);
    for (const std::vector<Segment>& pieces : by_source(segments)) detail::cut_source(split, pieces, rule, *split.gap);
    return detail::checked(std::move(split));
}

IDM_INLINE Split make_split(std::span<const Segment> segments, const SplitRule& rule, Index gap) {
    return std::visit(
        [&](const auto& chosen) {
            using Rule = std::decay_t<decltype(chosen)>;
            if constexpr (std::is_same_v<Rule, ByTrajectory> || std::is_same_v<Rule, ByName>)
                return split_by_trajectory(segments, chosen);
            else
                return split_by_block(segments, chosen, gap);
        },
        rule);
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
