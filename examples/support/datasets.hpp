#pragma once

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <idm/core/error.hpp>
#include <idm/data/log_reader.hpp>
#include <idm/data/recipe.hpp>
#include <idm/data/split.hpp>
#include <idm/data/trajectory.hpp>

// Recordings of real robots, which lie beside the project: what their columns mean and how they are divided.

namespace examples {

/// A log with everything that turns it into a data set.
struct DataSource {
    std::string name;
    std::string description;
    idm::Log log;
    idm::Recipe recipe;
    idm::SplitRule split;
    /// Names and sizes of groups of joints, in the targets' order; empty: one.
    std::vector<std::pair<std::string, idm::Index>> groups = {};
    /// Whether networks start at the fitted Baseline and learn what it leaves.
    bool linear_skip = false;
};

/// $IDM_DATA_DIR, or else shared/data beside the project in `source_folder`.
inline std::filesystem::path find_data_folder(const std::filesystem::path& source_folder) {
    if (const char* folder = std::getenv("IDM_DATA_DIR"); folder && *folder) return folder;
    return (source_folder / ".." / "shared" / "data").lexically_normal();
}

namespace detail {

/// The files of one recording. *Errors*: `FileError` that says where the recording comes from when one is missing.
inline std::vector<std::filesystem::path> recording(const std::filesystem::path& data_folder, const std::string& name,
                                                    const std::vector<std::string>& files, const char* origin) {
    std::vector<std::filesystem::path> paths;
    for (const std::string& file : files) {
        paths.push_back(data_folder / name / file);
        idm::detail::require<idm::FileError>(std::filesystem::is_regular_file(paths.back()), "the recordings '", name,
                                             "' are not there: expected '", paths.back().string(), "'. They come from ",
                                             origin, ". Put them there, or set IDM_DATA_DIR to the folder that holds '",
                                             name, "'.");
    }
    return paths;
}

}  // namespace detail

/// KUKA KR300 R2500, 6 joints, 72 trajectories at 10 Hz, motor torque. The log has positions alone: velocity and
/// acceleration come from a Savitzky-Golay filter of 5 points and order 2.
inline DataSource kuka_kr300(const std::filesystem::path& data_folder) {
    const auto files =
        detail::recording(data_folder, "kuka_kr300", {"train.csv", "validation.csv", "test.csv"},
                          "nonlinearbenchmark.org, industrial robot (DOI 10.26204/DATA/5, CC BY-SA 4.0)");
    return {.name = "kuka_kr300",
            .description = "KUKA KR300 R2500, 6 joints, motion to motor torque, 10 Hz",
            .log = idm::read_log(files, {.trajectory_column = "sequence", .time_column = "time_s"}),
            .recipe = {.positions = {.columns = idm::numbered("q{}_deg", 1, 6), .unit = idm::AngleUnit::degree},
                       .targets = {.columns = idm::numbered("tau{}_Nm", 1, 6)},
                       .use_sin = true,
                       .use_cos = true,
                       .sign_velocity = 0.02},
            .split = idm::ByName{.train = idm::numbered("{}", 0, 59),
                                 .validation = idm::numbered("{}", 60, 65),
                                 .test = idm::numbered("{}", 66, 71)}};
}

namespace detail {

/// Names of a 7-joint log: q, qd, qdd, tau, seven each, behind those in `first`.
inline std::vector<std::string> seven_joint_columns(std::vector<std::string> first) {
    for (const char* pattern : {"q{}", "qd{}", "qdd{}", "tau{}"})
        for (std::string& name : idm::numbered(pattern, 1, 7)) first.push_back(std::move(name));
    return first;
}

inline idm::Recipe seven_joint_recipe() {
    return {.positions = {.columns = idm::numbered("q{}", 1, 7)},
            .velocities = {.columns = idm::numbered("qd{}", 1, 7)},
            .accelerations = {.columns = idm::numbered("qdd{}", 1, 7)},
            .targets = {.columns = idm::numbered("tau{}", 1, 7)}};
}

}  // namespace detail

/// SARCOS arm, 7 joints, hydraulic, 9 trajectories at about 240 Hz.
inline DataSource ias_sarcos(const std::filesystem::path& data_folder) {
    const auto files = detail::recording(data_folder, "ias_sarcos", {"trajectories.npy"},
                                         "the public SARCOS inverse dynamics data, cut into its trajectories");
    return {.name = "ias_sarcos",
            .description = "SARCOS arm, 7 joints, hydraulic, (q, qd, qdd) to torque, about 240 Hz",
            .log = idm::read_log(files, {.trajectory_column = "trajectory",
                                         .sample_rate = 240,
                                         .npy = {.columns = detail::seven_joint_columns({"trajectory"})}}),
            .recipe = detail::seven_joint_recipe(),
            .split = idm::ByName{.train = idm::numbered("{}", 0, 5), .validation = {"6"}, .test = {"7", "8"}}};
}

/// Barrett WAM, 7 joints, one run at 50 Hz, divided by blocks.
inline DataSource ias_barrett(const std::filesystem::path& data_folder) {
    const auto files = detail::recording(data_folder, "ias_barrett", {"trajectory.npy"},
                                         "the public Barrett WAM inverse dynamics data");
    // A gap of 64 rows suits every window up to 63, so that models with different windows see the same blocks.
    return {.name = "ias_barrett",
            .description = "Barrett WAM, 7 joints, (q, qd, qdd) to torque, 50 Hz",
            .log = idm::read_log(files, {.sample_rate = 50, .npy = {.columns = detail::seven_joint_columns({})}}),
            .recipe = detail::seven_joint_recipe(),
            .split = idm::ByRows{.train = {{0, 10500, "rows 0 to 10499"}},
                                 .validation = {{10500, 12000, "rows 10500 to 11999"}},
                                 .test = {{12000, 15000, "rows 12000 to 14999"}},
                                 .gap = 64}};
}

namespace detail {

/// The joints of a Unitree G1's upper body with two six-finger-joint hands.
///
/// *Source*: the order of the arms is that of Unitree's own data sets (`motors` in their LeRobot configurations); the
/// hand joints are numbered, for their order depends on the make of the hand.
inline std::vector<std::string> g1_joints(const std::string& prefix) {
    std::vector<std::string> names;
    for (const char* side : {"left_", "right_"})
        for (const char* joint :
             {"shoulder_pitch", "shoulder_roll", "shoulder_yaw", "elbow", "wrist_roll", "wrist_pitch", "wrist_yaw"})
            names.push_back(prefix + side + joint);
    for (const char* side : {"left_hand", "right_hand"})
        for (const std::string& name : idm::numbered(prefix + side + "{}", 1, 6)) names.push_back(name);
    return names;
}

}  // namespace detail

/// Unitree G1 humanoid, 14 arm and 12 hand joints, 100 episodes of teleoperation at 30 Hz: what was commanded, from
/// what was observed. Targets are relative to the observed positions. The inputs are positions alone: a window of them
/// holds the velocities, and a filter for those would look ahead or come late.
inline DataSource unitree_g1(const std::filesystem::path& data_folder) {
    const auto files = detail::recording(data_folder, "unitree_g1", {"episodes.npy"},
                                         "Unitree's public G1 teleoperation data (MIT licence), episodes joined");
    std::vector<std::string> columns{"episode", "time_s"};
    const std::vector<std::string> observed = detail::g1_joints("q_"), commanded = detail::g1_joints("");
    columns.insert(columns.end(), observed.begin(), observed.end());
    columns.insert(columns.end(), commanded.begin(), commanded.end());
    return {.name = "unitree_g1",
            .description = "Unitree G1 humanoid, arms and hands, observed positions to commanded ones, 30 Hz",
            .log = idm::read_log(
                files, {.trajectory_column = "episode", .time_column = "time_s", .npy = {.columns = columns}}),
            .recipe = {.positions = {.columns = observed},
                       .targets = {.columns = commanded},
                       .target_origins = {.columns = observed},
                       .target_quantity = "action",
                       .target_unit = "rad; hands 0 to 1",
                       .use_velocities = false,
                       .use_accelerations = false},
            .split = idm::ByName{.train = idm::numbered("{}", 0, 69),
                                 .validation = idm::numbered("{}", 70, 79),
                                 .test = idm::numbered("{}", 80, 99)},
            .groups = {{"arms", 14}, {"hands", 12}},
            .linear_skip = true};
}

/// The recordings by name.
///
/// *Errors*: `ConfigError` for another name; `FileError` that says where the recordings come from when they are absent.
inline DataSource load_dataset(std::string_view name, const std::filesystem::path& data_folder) {
    if (name == "kuka_kr300") return kuka_kr300(data_folder);
    if (name == "ias_sarcos") return ias_sarcos(data_folder);
    if (name == "ias_barrett") return ias_barrett(data_folder);
    if (name == "unitree_g1") return unitree_g1(data_folder);
    idm::detail::raise<idm::ConfigError>("expected kuka_kr300, ias_sarcos, ias_barrett or unitree_g1, got '", name,
                                         "'");
}

}  // namespace examples
