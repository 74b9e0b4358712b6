#pragma once

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>

IDM_NAMESPACE_BEGIN

/// One uninterrupted recording: rows in time order, evenly spaced, nothing missing between them.
///
/// *Shapes*: `values [rows, columns]`; `time [rows]`, or empty where the log carries none.
/// *Units*: time in s; values as recorded (the recipe converts them).
struct Trajectory {
    std::string name;
    std::vector<double> time;
    Matrix<double> values;
    /// Number of the recording that this is a piece of, shared by its pieces; below 0: a recording of its own.
    Index source = -1;
};

/// Rows [begin, end) of one trajectory, or of a block of one, in the concatenation of all trajectories of a log.
struct Segment {
    Index begin = 0;
    Index end = 0;
    std::string name;
    Index source = -1;  ///< that of the trajectory

    Index size() const { return end - begin; }
    friend bool operator==(const Segment&, const Segment&) = default;
};

namespace detail {

/// Number of single-character edits (insert, delete, replace) between two texts, upper and lower case alike.
///
/// *Source*: Wagner, Fischer, "The String-to-String Correction Problem", J. ACM 21(1), 1974.
IDM_INLINE std::size_t edit_distance(std::string_view a, std::string_view b);
IDM_INLINE bool is_number(std::string_view text);

/// Position of `wanted` among `names`: an exact name first, else a number counted from 0 unless a name is a number.
///
/// *Errors*: `DataError` with the nearest name; `what` says what the names are ("column", "trajectory").
IDM_INLINE Index find_name(std::span<const std::string> names, std::string_view wanted, std::string_view what);

}  // namespace detail

/// Recorded trajectories that share their columns.
struct Log {
    std::vector<std::string> columns;
    std::vector<Trajectory> trajectories;
    /// Rows that were left out on request: NaN or Inf, equal stamps, pieces too short to keep.
    Index dropped_rows = 0;

    /// Position of a column, by its name or else by its number counted from 0, where no name is a number itself.
    ///
    /// *Errors*: `DataError` that names the nearest column.
    Index column(std::string_view name_or_number) const { return detail::find_name(columns, name_or_number, "column"); }

    /// Rows of all trajectories together.
    Index rows() const {
        Index count = 0;
        for (const Trajectory& trajectory : trajectories) count += trajectory.values.rows();
        return count;
    }

    /// The trajectories' rows in their concatenation.
    std::vector<Segment> segments() const {
        std::vector<Segment> result;
        Index begin = 0;
        for (const Trajectory& trajectory : trajectories) {
            result.push_back({begin, begin + trajectory.values.rows(), trajectory.name, trajectory.source});
            begin = result.back().end;
        }
        return result;
    }
};

/// Names that differ in a number: `numbered("q{}_deg", 1, 6)` is q1_deg, ..., q6_deg.
///
/// *Errors*: `ConfigError` when the pattern has no `{}`.
IDM_INLINE std::vector<std::string> numbered(std::string_view pattern, Index first, Index last);

#if !IDM_HAS_COMPILED

namespace detail {

IDM_INLINE std::size_t edit_distance(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replace = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replace, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

IDM_INLINE bool is_number(std::string_view text) {
    double value = 0;
    const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return code == std::errc() && stop == text.data() + text.size() && std::isfinite(value);
}

IDM_INLINE Index find_name(std::span<const std::string> names, std::string_view wanted, std::string_view what) {
    const auto found = std::find(names.begin(), names.end(), wanted);
    if (found != names.end()) return found - names.begin();
    const Index count = static_cast<Index>(names.size());
    Index number = 0;
    const char* end = wanted.data() + wanted.size();
    const auto [stop, code] = std::from_chars(wanted.data(), end, number);
    const bool are_numbers = std::any_of(names.begin(), names.end(), is_number);
    if (!are_numbers && code == std::errc() && stop == end) {
        require<DataError>(number >= 0 && number < count, "expected a ", what, " number from 0 to ", count - 1,
                           ", got ", wanted);
        return number;
    }
    require<DataError>(count > 0, "expected a ", what, " named '", wanted, "', got a log without any");
    const auto nearest = std::min_element(names.begin(), names.end(), [&](const auto& a, const auto& b) {
        return edit_distance(a, wanted) < edit_distance(b, wanted);
    });
    raise<DataError>("no ", what, " is named '", wanted, "'; the nearest of ", count, " is '", *nearest,
                     are_numbers ? "' (names are numbers themselves, so a number is no position)"
                                 : "' (names are case-sensitive; a number counts from 0)");
}

}  // namespace detail

IDM_INLINE std::vector<std::string> numbered(std::string_view pattern, Index first, Index last) {
    const std::size_t place = pattern.find("{}");
    detail::require<ConfigError>(place != std::string_view::npos, "expected a pattern with {}, such as q{}, got '",
                                 pattern, "'");
    std::vector<std::string> result;
    for (Index i = first; i <= last; ++i)
        result.push_back(detail::message(pattern.substr(0, place), i, pattern.substr(place + 2)));
    return result;
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
