#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/trajectory.hpp>

IDM_NAMESPACE_BEGIN

/// A scored row has at least this many rows before it in its segment, and at least `scored_rows_after` behind it:
/// models with windows up to 64 rows and `ahead` up to 16 are compared on the same rows, none of them padded.
inline constexpr Index scored_rows_before = 63;
inline constexpr Index scored_rows_after = 16;

/// One sample: the row of its target, and the rows [begin, end) of the segment that its window must stay in.
struct WindowRow {
    Index row = 0;
    Index begin = 0;
    Index end = 0;

    friend bool operator==(const WindowRow&, const WindowRow&) = default;
};

/// Which rows of a segment become samples.
enum class Rows {
    full,    ///< the whole window lies inside the segment; for training
    scored,  ///< `scored_rows_before` and `scored_rows_after` hold, whatever the window; for every table
    all      ///< every row; where the window leaves the segment its first or last row is repeated
};

/// The samples of some segments, as row indices: no window is copied.
///
/// The window of target row r covers rows r + ahead - window + 1 .. r + ahead, its chunk of targets rows
/// r .. r + horizon - 1, which always lies in the segment.
/// *Errors*: `ConfigError` when window < 1, ahead < 0 or horizon is not in [1, 17]; `DataError` when a segment is
/// shorter than the window
/// (`Rows::full`) or when no row is left.
IDM_INLINE std::vector<WindowRow> window_rows(std::span<const Segment> segments, Index window, Index ahead, Rows rows,
                                              Index horizon = 1);

/// A prediction as the actions of its steps: row h is what is to be done h rows after the sample's.
///
/// *Shapes*: `prediction [horizon * J]`, result `[horizon, J]`, a view.
template <class T>
ConstMatrixView<T> chunk_view(std::span<const T> prediction, Index horizon) {
    const auto size = static_cast<Index>(prediction.size());
    detail::require<ShapeError>(horizon >= 1 && size % horizon == 0, "expected a prediction of ", horizon,
                                " steps of equal size, got ", size, " numbers");
    return {prediction.data(), horizon, size / horizon};
}

/// Copies one window, its first or last row repeated where the window leaves the segment.
///
/// *Shapes*: `inputs [rows, C]`, `out [window, C]`. *Cost*: window x C copies, no allocation.
template <class T>
void gather_window(const Matrix<T>& inputs, WindowRow sample, Index window, Index ahead, T* out) {
    const Index channels = inputs.cols();
    const Index first = sample.row + ahead - window + 1;
    for (Index i = 0; i < window; ++i) {
        const Index row = std::clamp(first + i, sample.begin, sample.end - 1);
        std::copy_n(inputs.data() + row * channels, channels, out + i * channels);
    }
}

#if !IDM_HAS_COMPILED

IDM_INLINE std::vector<WindowRow> window_rows(std::span<const Segment> segments, Index window, Index ahead, Rows rows,
                                              Index horizon) {
    detail::require<ConfigError>(window >= 1, "expected a window of 1 row or more, got ", window);
    detail::require<ConfigError>(ahead >= 0, "expected ahead >= 0 rows, got ", ahead);
    detail::require<ConfigError>(horizon >= 1 && horizon <= scored_rows_after + 1, "expected a horizon of 1 to ",
                                 scored_rows_after + 1, " rows, so that every model is scored on the same rows, got ",
                                 horizon);
    // A look-ahead beyond the window skips rows between the target and its window, so both bounds are clipped at 0.
    const Index full_before = std::max<Index>(window - 1 - ahead, 0);
    const Index before = rows == Rows::all ? 0 : rows == Rows::full ? full_before : scored_rows_before;
    const Index chunk = horizon - 1, full_after = std::max(ahead, chunk);
    const Index after = rows == Rows::all ? chunk : rows == Rows::full ? full_after : scored_rows_after;
    const Index least = full_before + full_after + 1;
    std::vector<WindowRow> result;
    for (const Segment& segment : segments) {
        detail::require<DataError>(rows != Rows::full || segment.size() >= least, "trajectory '", segment.name,
                                   "' has ", segment.size(), " rows, expected at least ", least, " (window ", window,
                                   ", ahead ", ahead, ", horizon ", horizon,
                                   "); use a shorter window or leave the trajectory out");
        for (Index row = segment.begin + before; row < segment.end - after; ++row)
            result.push_back({row, segment.begin, segment.end});
    }
    detail::require<DataError>(!result.empty(), "no row is left in ", segments.size(), " segments; expected one of ",
                               before + after + 1, " rows or more (", before, " before and ", after,
                               " behind the row)");
    return result;
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
