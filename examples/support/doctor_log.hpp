#pragma once

#include <string>
#include <utility>
#include <vector>

#include <idm/core/error.hpp>
#include <idm/data/trajectory.hpp>

#include "support/options.hpp"

namespace examples {

/// The data that the options name. A log of the user's is read however bad its stamps and values are: rows with NaN or
/// Inf are dropped and counted, and the time column is taken as it is.
inline DataSource load_for_doctor(Options options) {
    if (options.logs.empty()) return load(options);
    idm::detail::require<idm::ConfigError>(options.time_column.empty() || options.rate_hz == 0,
                                           "expected --time or --rate, got both");
    const std::string time_column = std::exchange(options.time_column, "");
    options.drop = true;
    DataSource source = own_log(options, time_column.empty() ? std::vector<std::string>{} : std::vector{time_column});
    source.recipe.ahead = options.ahead;
    if (time_column.empty()) return source;
    const idm::Index column = source.log.column(time_column);
    for (idm::Trajectory& trajectory : source.log.trajectories) {
        const auto time = trajectory.values.col(column);
        trajectory.time.assign(time.begin(), time.end());
    }
    return source;
}

}  // namespace examples
