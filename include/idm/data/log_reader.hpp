#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/exact_text.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/csv.hpp>
#include <idm/data/npy.hpp>
#include <idm/data/resample.hpp>
#include <idm/data/table.hpp>
#include <idm/data/trajectory.hpp>

IDM_NAMESPACE_BEGIN

/// What happens to a row with NaN or Inf: an error, or it is dropped and its trajectory split there. A column that is
/// NaN in every row of the log counts as unused and does neither.
enum class NonFinite { error, drop };

/// Steps of time may differ from their median by this part of it.
inline constexpr double largest_jitter = 0.2;

/// What the columns of a log mean. Columns are given by name or by number counted from 0.
struct LogConfig {
    /// A change of this column's value starts another trajectory; empty: one trajectory per file.
    std::string trajectory_column = {};
    std::string time_column = {};
    /// Seconds per unit of the time column, for example 1e-9 for nanoseconds.
    double time_scale = 1;
    /// Hz, for a log without a time column; 0: unknown.
    double sample_rate = 0;
    NonFinite non_finite = NonFinite::error;
    /// Pieces with fewer rows, left over where rows were dropped or at gaps in time, are dropped as well.
    Index shortest_piece = 64;
    /// With a rate, stamps may jitter, repeat, come late or leave gaps: rows are sorted, the first of equal stamps
    /// stays (the others count as dropped), trajectories are split at gaps and their pieces resampled.
    ResampleConfig resample = {};
    /// Columns that will be used; empty: all. In the others, but those of trajectories and time, text, NaN and Inf are
    /// no error and drop no row: they read as NaN.
    std::vector<std::string> used = {};
    CsvConfig csv = {};
    NpyConfig npy = {};
};

/// Reads files, and the files of folders, as one log. All must have the same columns; every column is kept, so that
/// column numbers stay those of the files.
///
/// *Errors*: `FileError` for a file that can't be read; `DataError` with file, line (or row) and column for bad fields,
/// NaN or Inf, time that does not rise or jitters by more than 20 % (unless resampling is asked for), columns that
/// differ between files; `ConfigError` for settings that contradict each other.
IDM_INLINE Log read_log(std::span<const std::filesystem::path> paths, const LogConfig& config = {});

/// One file or one folder.
inline Log read_log(const std::filesystem::path& path, const LogConfig& config = {}) {
    return read_log(std::span(&path, 1), config);
}

#if !IDM_HAS_COMPILED

namespace detail {

/// The columns whose values matter; empty: all.
inline std::vector<std::string> used_columns(const LogConfig& config) {
    std::vector<std::string> names = config.used;
    for (const std::string* name : {&config.trajectory_column, &config.time_column})
        if (!config.used.empty() && !name->empty()) names.push_back(*name);
    return names;
}

inline Table read_table(const std::filesystem::path& path, const LogConfig& config) {
    char start[6] = {};
    std::ifstream(path, std::ios::binary).read(start, sizeof start);
    if (path.extension() == ".npy" || std::string_view(start, sizeof start) == npy_magic)
        return read_npy_table(path, config.npy);
    CsvConfig csv = config.csv;
    for (const std::string& name : used_columns(config)) csv.numbers.push_back(name);
    return read_csv_table(path, csv);
}

/// Gathers tables into a log, trajectory by trajectory.
class LogBuilder {
public:
    LogBuilder(const LogConfig& config, std::span<const Table> tables) : config_(config) {
        require<ConfigError>(config.sample_rate >= 0 && std::isfinite(config.sample_rate),
                             "expected a sample rate in Hz, got ", config.sample_rate);
        require<ConfigError>(config.time_column.empty() || config.sample_rate == 0,
                             "expected a time column or a sample rate, got both");
        require<ConfigError>(config.resample.rate >= 0 && std::isfinite(config.resample.rate),
                             "expected a rate in Hz to resample to, got ", config.resample.rate);
        require<ConfigError>(config.resample.rate == 0 || !config.time_column.empty(),
                             "expected a time column to resample by, got none");
        log_.columns = tables.front().columns;
        if (!config.trajectory_column.empty()) trajectory_column_ = log_.column(config.trajectory_column);
        if (!config.time_column.empty()) time_column_ = log_.column(config.time_column);
        for (const Table& table : tables) check_columns(table);
        std::vector<Index> candidates;
        for (const std::string& name : used_columns(config)) candidates.push_back(log_.column(name));
        for (Index column = 0; config.used.empty() && column < std::ssize(log_.columns); ++column)
            candidates.push_back(column);
        for (const Index column : candidates) {
            const bool empty = std::all_of(tables.begin(), tables.end(), [&](const Table& table) {
                return table.values.col(column).array().isNaN().all();
            });
            if (!empty || column == time_column_ || column == trajectory_column_) checked_.push_back(column);
        }
    }

    void add(const Table& table) {
        const Index rows = table.values.rows();
        const std::size_t first_of_file = log_.trajectories.size();
        for (Index begin = 0; begin < rows;) {
            Index end = begin + 1;
            while (end < rows && same_trajectory(table, begin, end)) ++end;
            const std::string name = trajectory_name(table, begin);
            for (std::size_t i = first_of_file; i < log_.trajectories.size(); ++i)
                require<DataError>(log_.trajectories[i].name != name, table.place(begin), ": trajectory '", name,
                                   "' begins a second time; expected its rows to follow each other");
            add_finite(table, begin, end, name);
            begin = end;
        }
    }

    Log finish() {
        make_names_unique();
        require<DataError>(!log_.trajectories.empty(), "no rows are left: ", log_.dropped_rows,
                           " were dropped for NaN or Inf, equal stamps, or pieces shorter than ",
                           config_.shortest_piece, " rows");
        return std::move(log_);
    }

private:
    void check_columns(const Table& table) const {
        require<DataError>(table.columns.size() == log_.columns.size(), "'", table.source.string(), "' has ",
                           table.columns.size(), " columns, expected ", log_.columns.size(),
                           " as in the first file of the log");
        for (std::size_t i = 0; i < log_.columns.size(); ++i)
            require<DataError>(table.columns[i] == log_.columns[i], "'", table.source.string(), "' column ", i, " is '",
                               table.columns[i], "', expected '", log_.columns[i], "' as in the first file of the log");
    }

    /// A missing label does not end a trajectory: that row is refused or dropped like any other NaN.
    bool same_trajectory(const Table& table, Index a, Index b) const {
        if (trajectory_column_ < 0) return true;
        const double label = table.values(b, trajectory_column_);
        return std::isnan(label) || label == table.values(a, trajectory_column_);
    }

    std::string trajectory_name(const Table& table, Index row) const {
        if (trajectory_column_ < 0) return table.source.stem().string();
        // The shortest text that reads back as the same number: 7 stays "7", and long ids stay apart.
        return exact_text(table.values(row, trajectory_column_));
    }

    /// The first checked column whose value in this row is NaN or Inf; -1 for none.
    Index bad_column(const Table& table, Index row) const {
        const auto bad = std::find_if(checked_.begin(), checked_.end(),
                                      [&](Index column) { return !std::isfinite(table.values(row, column)); });
        return bad == checked_.end() ? -1 : *bad;
    }

    /// Adds rows [begin, end); rows with NaN or Inf are an error or split the trajectory.
    void add_finite(const Table& table, Index begin, Index end, const std::string& name) {
        Index pieces = 0, start = begin;
        ++source_;
        for (Index row = begin; row <= end; ++row) {
            const Index bad = row < end ? bad_column(table, row) : -1;
            if (row < end && bad < 0) continue;
            if (row < end) refuse_or_count(table, row, bad);
            const bool whole = start == begin && row == end;
            if (whole || row - start >= config_.shortest_piece)
                add_piece(table, start, row, name, pieces);
            else
                log_.dropped_rows += row - start;
            start = row + 1;
        }
    }

    void refuse_or_count(const Table& table, Index row, Index column) {
        require<DataError>(config_.non_finite == NonFinite::drop, table.place(row), ", column '",
                           log_.columns[static_cast<std::size_t>(column)],
                           "': expected a finite number, got NaN, Inf or an empty field; mend the log, or drop such "
                           "rows on request (NonFinite::drop)");
        ++log_.dropped_rows;
    }

    void add_piece(const Table& table, Index begin, Index end, const std::string& name, Index& pieces) {
        Trajectory trajectory{
            .name = name, .time = {}, .values = table.values.middleRows(begin, end - begin), .source = source_};
        if (time_column_ >= 0) {
            for (Index row = begin; row < end; ++row)
                trajectory.time.push_back(table.values(row, time_column_) * config_.time_scale);
            if (config_.resample.rate > 0) return add_resampled(trajectory, pieces);
            check_time(table, begin, trajectory.time);
        } else if (config_.sample_rate > 0) {
            for (Index row = begin; row < end; ++row)
                trajectory.time.push_back(static_cast<double>(row - begin) / config_.sample_rate);
        }
        append_piece(std::move(trajectory), pieces);
    }

    void add_resampled(const Trajectory& trajectory, Index& pieces) {
        const Trajectory sorted = sort_by_time(trajectory, config_.resample.longest_gap);
        log_.dropped_rows += trajectory.values.rows() - sorted.values.rows();
        const std::vector<Trajectory> parts = split_at_gaps(sorted, config_.resample.longest_gap);
        for (const Trajectory& part : parts) {
            if (parts.size() == 1 || part.values.rows() >= config_.shortest_piece)
                append_piece(resample(part, config_.resample), pieces);
            else
                log_.dropped_rows += part.values.rows();
        }
    }

    void append_piece(Trajectory&& trajectory, Index& pieces) {
        if (pieces++ > 0) trajectory.name = message(trajectory.name, " part ", pieces);
        log_.trajectories.push_back(std::move(trajectory));
    }

    void check_time(const Table& table, Index begin, const std::vector<double>& time) const {
        if (time.size() < 2) return;
        const auto place = [&](std::size_t i) { return table.place(begin + static_cast<Index>(i)); };
        for (std::size_t i = 1; i < time.size(); ++i)
            require<DataError>(time[i] > time[i - 1], place(i), ": expected time to rise, got a step of ",
                               time[i] - time[i - 1],
                               " s; sort the rows, or name the column that tells trajectories apart");
        const double period = inspect_time(time).period;
        for (std::size_t i = 1; i < time.size(); ++i) {
            // The slack lets a step of exactly 1.2 periods pass whatever the rounding of the times.
            const double step = time[i] - time[i - 1], jitter = std::abs(step - period) / period;
            require<DataError>(jitter <= largest_jitter + 1e-6, place(i), ": a time step of ", step, " s is ",
                               100 * jitter, " % off the usual ", period, " s, expected at most ", 100 * largest_jitter,
                               " %; resample it on request (LogConfig::resample), which splits at gaps too");
        }
    }

    /// Two files may hold trajectories of the same name: those get their number in the log behind it.
    void make_names_unique() {
        std::vector<std::string> names;
        for (const Trajectory& trajectory : log_.trajectories) names.push_back(trajectory.name);
        std::sort(names.begin(), names.end());
        for (std::size_t i = 0; i < log_.trajectories.size(); ++i) {
            Trajectory& trajectory = log_.trajectories[i];
            const auto same = std::equal_range(names.begin(), names.end(), trajectory.name);
            if (same.second - same.first > 1) trajectory.name = message(trajectory.name, " (", i, ")");
        }
    }

    LogConfig config_;
    Log log_;
    Index trajectory_column_ = -1;
    Index time_column_ = -1;
    std::vector<Index> checked_;  // columns where NaN or Inf matters
    Index source_ = -1;           // of the rows that are being added
};

}  // namespace detail

IDM_INLINE Log read_log(std::span<const std::filesystem::path> paths, const LogConfig& config) {
    std::vector<detail::Table> tables;
    for (const std::filesystem::path& file : detail::log_files(paths))
        tables.push_back(detail::read_table(file, config));
    detail::LogBuilder builder(config, tables);
    for (detail::Table& table : tables) {
        builder.add(table);
        table = {};  // the log holds its rows now
    }
    return builder.finish();
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
