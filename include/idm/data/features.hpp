#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>
#include <idm/core/utf8.hpp>
#include <idm/data/recipe.hpp>
#include <idm/data/savitzky_golay.hpp>
#include <idm/data/trajectory.hpp>

IDM_NAMESPACE_BEGIN

/// Inputs and targets, one row per log row, and where each trajectory lies.
///
/// *Shapes*: `inputs [rows, C]`, `targets [rows, horizon * J]`, `origins [rows, J]` or empty.
template <class T>
struct Features {
    std::vector<std::string> input_names, target_names;
    std::string target_unit;
    double sample_period = 0;
    Matrix<T> inputs;
    Matrix<T> targets;
    Matrix<T> origins;
    std::vector<Segment> segments;
};

namespace detail {

/// The period of a log's rows in s, the mean over the trajectories.
///
/// *Errors*: `DataError` when there is no time and none is stated, or when one trajectory differs by more than 1 %.
IDM_INLINE double sample_period(const Log& log, const Recipe& recipe);

/// Names of a chunk's columns: `a7@+3` is a7 three rows later.
IDM_INLINE std::vector<std::string> chunk_names(const std::vector<std::string>& names, Index horizon);

/// Chunks of the targets of each row and those behind it, relative to the row's origins; beyond the trajectory its
/// last row is repeated.
///
/// *Shapes*: `targets [J, rows]`, `origins` the same or empty; result `[horizon * J, rows]`.
IDM_INLINE Matrix<double> target_chunks(const Matrix<double>& targets, const Matrix<double>& origins, Index horizon);

}  // namespace detail

/// Computes every feature once per log row, trajectory by trajectory; derivatives never reach across two of them.
///
/// *Errors*: `DataError` for an unknown column or one whose name is not UTF-8, a trajectory shorter than the filter,
/// NaN, Inf or a number beyond `T`, an unknown or changing sample period; `ConfigError` for a recipe that contradicts
/// itself. *Cost*: rows x inputs x filter length.
template <class T>
Features<T> make_features(const Log& log, const Recipe& recipe);

#if !IDM_HAS_COMPILED

namespace detail {

IDM_INLINE double sample_period(const Log& log, const Recipe& recipe) {
    double sum = 0, steps = 0;
    for (const Trajectory& trajectory : log.trajectories) {
        if (trajectory.time.size() < 2) continue;
        sum += trajectory.time.back() - trajectory.time.front();
        steps += static_cast<double>(trajectory.time.size() - 1);
    }
    require<DataError>(steps > 0 || recipe.sample_period > 0,
                       "the log carries no time: expected a time column, a sample rate, or Recipe::sample_period in s");
    const double period = recipe.sample_period > 0 ? recipe.sample_period : sum / steps;
    for (const Trajectory& trajectory : log.trajectories) {
        if (trajectory.time.size() < 2) continue;
        const double own =
            (trajectory.time.back() - trajectory.time.front()) / static_cast<double>(trajectory.time.size() - 1);
        require<DataError>(std::abs(own - period) <= 0.01 * period, "trajectory '", trajectory.name,
                           "' has a sample period of ", own, " s, expected ", period, " s within 1 % (",
                           recipe.sample_period > 0 ? "from the recipe" : "the log's mean",
                           "); resample it or leave it out");
    }
    return period;
}

/// The columns of a group in one trajectory, in SI.
class GroupReader {
public:
    GroupReader(const Log& log, const ColumnGroup& group, const char* what, bool may_repeat = false)
        : names_(group.columns), factors_(si_factors(group, what)) {
        for (std::size_t i = 0; i < names_.size(); ++i) {
            const Index column = log.column(names_[i]);
            names_[i] = log.columns[static_cast<std::size_t>(column)];
            require<ConfigError>(may_repeat || std::find(columns_.begin(), columns_.end(), column) == columns_.end(),
                                 "column '", names_[i], "' is named twice for the ", what, "; expected each once");
            columns_.push_back(column);
            require<DataError>(is_utf8(names_[i]), "expected column ", column,
                               " (counted from 0), which serves for the ", what,
                               ", to have a name in UTF-8, as all files of a model do; save the log as UTF-8, or "
                               "give its columns names (CsvConfig::columns)");
            require<DataError>(has_value(log, column), "column '", names_[i],
                               "' is empty or NaN in every row, so it can't serve for the ", what,
                               "; name another one");
        }
    }

    bool empty() const { return columns_.empty(); }
    Index size() const { return static_cast<Index>(columns_.size()); }
    const std::vector<std::string>& names() const { return names_; }

    /// *Shapes*: `[columns, rows]`, so that each column is contiguous for the filter.
    Matrix<double> read(const Trajectory& trajectory) const {
        Matrix<double> result(size(), trajectory.values.rows());
        for (std::size_t i = 0; i < columns_.size(); ++i)
            result.row(static_cast<Index>(i)) = trajectory.values.col(columns_[i]).transpose() * factors_[i];
        return result;
    }

private:
    static bool has_value(const Log& log, Index column) {
        return std::any_of(log.trajectories.begin(), log.trajectories.end(), [&](const Trajectory& trajectory) {
            return !trajectory.values.col(column).array().isNaN().all();
        });
    }

    std::vector<std::string> names_;
    std::vector<double> factors_;
    std::vector<Index> columns_;
};

/// Computes the inputs of one trajectory after another.
class FeatureMaker {
public:
    FeatureMaker(const Log& log, const Recipe& recipe, double period)
        : recipe_(recipe),
          period_(period),
          filter_(recipe.filter),
          positions_(log, recipe.positions, "positions"),
          velocities_(log, recipe.velocities, "velocities"),
          accelerations_(log, recipe.accelerations, "accelerations"),
          extras_(log, recipe.extras, "extras") {
        require<ConfigError>(!positions_.empty() || !(recipe.use_sin || recipe.use_cos),
                             "sin q and cos q need position columns; name them in Recipe::positions");
        require<ConfigError>(recipe.sign_velocity >= 0, "expected Recipe::sign_velocity >= 0 rad/s, got ",
                             recipe.sign_velocity);
        require<ConfigError>(has_velocity() || recipe.sign_velocity == 0,
                             "the smooth sign of the velocity needs velocity or position columns");
        name_inputs();
        require<ConfigError>(!names_.empty(), "the recipe has no inputs; name position columns, at least");
    }

    const std::vector<std::string>& names() const { return names_; }

    /// *Shapes*: result `[inputs, rows]`.
    Matrix<double> compute(const Trajectory& trajectory) const {
        Matrix<double> result(static_cast<Index>(names_.size()), trajectory.values.rows());
        Index filled = 0;
        const auto put = [&](const auto& block) {
            result.middleRows(filled, block.rows()) = block;
            filled += block.rows();
        };
        const Matrix<double> q = positions_.read(trajectory);
        Matrix<double> qd = velocities_.read(trajectory);
        if (velocities_.empty() && needs_velocity()) qd = differentiate(q, 1, trajectory);
        if (recipe_.use_positions) put(q);
        if (recipe_.use_velocities) put(qd);
        if (!accelerations_.empty() && recipe_.use_accelerations) put(accelerations_.read(trajectory));
        if (derives_acceleration())
            put(velocities_.empty() ? differentiate(q, 2, trajectory) : differentiate(qd, 1, trajectory));
        if (recipe_.use_sin) put(q.unaryExpr([](double angle) { return std::sin(angle); }));
        if (recipe_.use_cos) put(q.unaryExpr([](double angle) { return std::cos(angle); }));
        if (recipe_.sign_velocity > 0)
            put(qd.unaryExpr([v0 = recipe_.sign_velocity](double velocity) { return std::tanh(velocity / v0); }));
        put(extras_.read(trajectory));
        return result;
    }

private:
    bool has_velocity() const { return !velocities_.empty() || !positions_.empty(); }
    bool needs_velocity() const { return recipe_.use_velocities || recipe_.sign_velocity > 0; }
    bool derives_acceleration() const { return recipe_.use_accelerations && accelerations_.empty() && has_velocity(); }

    void name_inputs() {
        const auto add = [&](bool used, const char* prefix, const std::vector<std::string>& columns) {
            for (std::size_t i = 0; used && i < columns.size(); ++i)
                names_.push_back(message(prefix, "(", columns[i], ")"));
        };
        const auto& rates = velocities_.empty() ? positions_.names() : velocities_.names();
        add(recipe_.use_positions, "q", positions_.names());
        add(recipe_.use_velocities, "qd", rates);
        add(recipe_.use_accelerations, "qdd", accelerations_.empty() ? rates : accelerations_.names());
        add(recipe_.use_sin, "sin q", positions_.names());
        add(recipe_.use_cos, "cos q", positions_.names());
        add(recipe_.sign_velocity > 0, "sign qd", rates);
        names_.insert(names_.end(), extras_.names().begin(), extras_.names().end());
    }

    Matrix<double> differentiate(const Matrix<double>& x, Index derivative, const Trajectory& trajectory) const {
        require<DataError>(x.cols() >= recipe_.filter.length, "trajectory '", trajectory.name, "' has ", x.cols(),
                           " rows, expected at least ", recipe_.filter.length, " for the derivative filter");
        Matrix<double> result(x.rows(), x.cols());
        const auto length = static_cast<std::size_t>(x.cols());
        for (Index i = 0; i < x.rows(); ++i)
            filter_.apply({x.data() + i * x.cols(), length}, derivative, period_,
                          {result.data() + i * x.cols(), length});
        return result;
    }

    Recipe recipe_;
    double period_;
    SavitzkyGolay filter_;
    GroupReader positions_, velocities_, accelerations_, extras_;
    std::vector<std::string> names_;
};

/// *Errors*: `DataError` that names trajectory, row and column of a number that is not finite, or not in a `T`.
template <class T>
void require_finite(const Matrix<double>& values, const Trajectory& trajectory, const std::vector<std::string>& names) {
    constexpr double largest = std::numeric_limits<T>::max();
    if ((values.array().abs() <= largest).all()) return;
    for (Index row = 0; row < values.cols(); ++row)
        for (Index i = 0; i < values.rows(); ++i)
            require<DataError>(std::abs(values(i, row)) <= largest, "trajectory '", trajectory.name, "' row ", row,
                               " (counted from 0), '", names[static_cast<std::size_t>(i)],
                               "': expected a finite number up to ", largest, ", got ", values(i, row),
                               "; mend the log or drop such rows");
}

IDM_INLINE std::vector<std::string> chunk_names(const std::vector<std::string>& names, Index horizon) {
    if (horizon == 1) return names;
    std::vector<std::string> result;
    for (Index step = 0; step < horizon; ++step)
        for (const std::string& name : names) result.push_back(message(name, "@+", step));
    return result;
}

IDM_INLINE Matrix<double> target_chunks(const Matrix<double>& targets, const Matrix<double>& origins, Index horizon) {
    const Index joints = targets.rows(), rows = targets.cols();
    Matrix<double> result(horizon * joints, rows);
    for (Index step = 0; step < horizon; ++step) {
        auto chunk = result.middleRows(step * joints, joints);
        for (Index row = 0; row < rows; ++row) chunk.col(row) = targets.col(std::min(row + step, rows - 1));
        if (origins.size() > 0) chunk -= origins;
    }
    return result;
}

}  // namespace detail

template <class T>
Features<T> make_features(const Log& log, const Recipe& recipe) {
    detail::require<DataError>(log.rows() > 0, "expected a log with rows, got an empty one");
    const double period = detail::sample_period(log, recipe);
    const detail::FeatureMaker maker(log, recipe, period);
    const detail::GroupReader targets(log, recipe.targets, "targets");
    const detail::GroupReader origins(log, recipe.target_origins, "target origins", true);
    detail::require<ConfigError>(!targets.empty(), "the recipe has no targets; name the columns to predict");
    detail::require<ConfigError>(origins.empty() || origins.size() == targets.size(), "expected ", targets.size(),
                                 " target origins, one per target, or none, got ", origins.size());
    detail::require<ConfigError>(recipe.horizon >= 1, "expected a horizon of 1 row or more, got ", recipe.horizon);
    Features<T> features{.input_names = maker.names(),
                         .target_names = detail::chunk_names(targets.names(), recipe.horizon),
                         .target_unit = recipe.target_unit,
                         .sample_period = period,
                         .inputs = Matrix<T>(log.rows(), static_cast<Index>(maker.names().size())),
                         .targets = Matrix<T>(log.rows(), recipe.horizon * targets.size()),
                         .origins = Matrix<T>(origins.empty() ? 0 : log.rows(), origins.size()),
                         .segments = log.segments()};
    for (std::size_t i = 0; i < log.trajectories.size(); ++i) {
        const Trajectory& trajectory = log.trajectories[i];
        const Segment& segment = features.segments[i];
        const Matrix<double> inputs = maker.compute(trajectory);
        const Matrix<double> from = origins.read(trajectory);
        const Matrix<double> outputs = detail::target_chunks(targets.read(trajectory), from, recipe.horizon);
        detail::require_finite<T>(inputs, trajectory, maker.names());
        detail::require_finite<T>(outputs, trajectory, features.target_names);
        features.inputs.middleRows(segment.begin, segment.size()) = inputs.transpose().template cast<T>();
        features.targets.middleRows(segment.begin, segment.size()) = outputs.transpose().template cast<T>();
        if (!origins.empty())
            features.origins.middleRows(segment.begin, segment.size()) = from.transpose().template cast<T>();
    }
    return features;
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
