#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include <idm/data/dataset.hpp>

#include "../../../examples/support/datasets.hpp"
#include "files.hpp"

using idm::Index;
using idm::Rows;

namespace {

/// Trajectories of 100 rows of an oscillating joint, 0.01 s apart.
idm::Log oscillations(Index count) {
    idm::Log log{.columns = {"q", "tau"}, .trajectories = {}};
    for (Index k = 0; k < count; ++k) {
        idm::Trajectory run{.name = std::to_string(k), .time = {}, .values = idm::Matrix<double>(100, 2)};
        for (Index i = 0; i < 100; ++i) {
            const double t = 0.01 * static_cast<double>(i);
            run.time.push_back(t);
            run.values.row(i) << std::sin(static_cast<double>(3 + k) * t), static_cast<double>(k) + std::cos(5 * t);
        }
        log.trajectories.push_back(std::move(run));
    }
    return log;
}

const idm::Recipe one_joint{.positions = {.columns = {"q"}}, .targets = {.columns = {"tau"}}, .window = 8, .ahead = 2};

/// Rows of some segments.
Index rows_of(const std::vector<idm::Segment>& segments) {
    Index rows = 0;
    for (const idm::Segment& segment : segments) rows += segment.size();
    return rows;
}

}  // namespace

TEMPLATE_TEST_CASE("a data set is the normalised features, one row per log row", "", float, double) {
    const idm::Log log = oscillations(4);
    const auto features = idm::make_features<TestType>(log, one_joint);
    const auto data = idm::make_dataset<TestType>(log, one_joint, idm::ByName{{"0", "3"}, {"1"}, {"2"}});
    CHECK(data.inputs.rows() == 400);
    CHECK(data.inputs.cols() == 3);
    CHECK(data.recipe.window == 8);
    CHECK(data.recipe.ahead == 2);
    CHECK(data.input_names == features.input_names);
    CHECK(data.target_names == std::vector<std::string>{"tau"});
    CHECK(data.recipe.sample_period == features.sample_period);
    const auto& normaliser = data.normaliser;
    for (Index row : {0, 150, 399})
        for (Index i = 0; i < 3; ++i)
            CHECK(data.inputs(row, i) ==
                  (features.inputs(row, i) - normaliser.input_mean()[i]) / normaliser.input_scale()[i]);
    // Fitted on trajectories 0 and 3: their targets have mean 0, those of the whole log do not.
    const double train = static_cast<double>(data.targets.topRows(100).sum() + data.targets.bottomRows(100).sum());
    CHECK(std::abs(train) < 200 * 4 * static_cast<double>(std::numeric_limits<TestType>::epsilon()));
    CHECK(data.targets.middleRows(100, 100).mean() < TestType(-0.2));
    CHECK(normaliser.denormalise_target(data.targets(250, 0), 0) ==
          Approx(features.targets(250, 0)).epsilon(8 * std::numeric_limits<TestType>::epsilon()));
}

TEST_CASE("blocks keep window + ahead + filter span apart") {
    const auto data = idm::make_dataset<double>(oscillations(1), one_joint,
                                                idm::ByBlock{.train = 0.5, .validation = 0.25, .test = 0.25});
    CHECK(data.split.train.at(0).end == 50 - (8 + 2 + 5));
    CHECK(data.split.validation.at(0).end == 75 - (8 + 2 + 5));
    CHECK(data.split.test.at(0).end == 100);
}

TEST_CASE("nothing of a test block reaches the training rows") {
    idm::Log log = oscillations(1);
    const idm::ByBlock rule{.train = 0.5, .validation = 0.25, .test = 0.25};
    const auto before = idm::make_dataset<double>(log, one_joint, rule);
    for (Index row = 50; row < 100; ++row) log.trajectories[0].values.row(row).array() += 10 + static_cast<double>(row);
    const auto after = idm::make_dataset<double>(log, one_joint, rule);
    const Index rows = after.split.train.at(0).end;
    CHECK(before.inputs.topRows(rows) == after.inputs.topRows(rows));
    CHECK(before.targets.topRows(rows) == after.targets.topRows(rows));
}

TEST_CASE("a data set needs a sensible window and three parts") {
    idm::Recipe bad = one_joint;
    bad.window = 0;
    CHECK_THROWS_AS(idm::make_dataset<double>(oscillations(3), bad, idm::ByTrajectory{}), idm::ConfigError);
    CHECK_THROWS_AS(idm::make_dataset<double>(oscillations(2), one_joint, idm::ByTrajectory{}), idm::DataError);
    CHECK_THROWS_AS(idm::make_dataset<double>(oscillations(2), one_joint, idm::ByName{{"0"}, {"1"}, {}}),
                    idm::DataError);
    idm::Log still = oscillations(3);
    for (idm::Trajectory& run : still.trajectories) run.values.col(1).setConstant(2);
    CHECK_THAT(message_of<idm::DataError>([&] { idm::make_dataset<double>(still, one_joint, idm::ByTrajectory{}); }),
               ContainsSubstring("'tau' has the constant value 2"));
}

TEST_CASE("a used column's name must be UTF-8, another one's need not") {
    const auto make = [](const std::string& q, const std::string& tau, const idm::Recipe& of) {
        idm::Log log = oscillations(10);
        log.columns = {q, tau};
        return idm::make_dataset<double>(log, of, idm::ByTrajectory{});
    };
    idm::Recipe by_number = one_joint;
    by_number.positions.columns = {"0"};
    by_number.targets.columns = {"1"};
    CHECK(make("\xC3\xBC\xE2\x82\xAC", "tau", by_number).input_names[0] == "q(\xC3\xBC\xE2\x82\xAC)");
    for (const auto& [q, tau, words] :
         {std::tuple("\xFC", "tau", "column 0 (counted from 0), which serves for the pos"),
          {"q", "Moment \xB5", "column 1 (counted from 0), which serves for the targets"},
          {"q", "\xED\xA0\x80", "column 1"}}) {
        const std::string message = message_of<idm::DataError>([&, n = q, t = tau] { make(n, t, by_number); });
        CHECK_THAT(message, ContainsSubstring(words) && ContainsSubstring("save the log as UTF-8"));
    }
    idm::Log log = oscillations(10);
    log.columns[1] = "\xB5";
    by_number.targets.columns = {"0"};
    CHECK(idm::make_dataset<double>(log, by_number, idm::ByTrajectory{}).target_names[0] == "q");
}

TEST_CASE("absent recordings say where they come from") {
    const TemporaryFolder folder;
    for (const char* name : {"kuka_kr300", "ias_sarcos", "ias_barrett", "unitree_g1"})
        CHECK_THAT(message_of<idm::FileError>([&] { examples::load_dataset(name, folder.path()); }),
                   ContainsSubstring(name) && ContainsSubstring("come from") && ContainsSubstring("IDM_DATA_DIR"));
    CHECK_THROWS_AS(examples::load_dataset("kuka", folder.path()), idm::ConfigError);
}

TEST_CASE("the recordings have the published rows, where they are there") {
    const std::filesystem::path source = std::filesystem::path(IDM_TEST_FIXTURES) / "../../../..";
    const std::filesystem::path folder = examples::find_data_folder(source);
    struct Expected {
        const char* name;
        Index inputs, targets, train, validation, test, scored;
    };
    // A trajectory of n rows has n - 79 scored ones; blocks lose 64 rows to the gap.
    for (const Expected& expected : {Expected{"kuka_kr300", 36, 6, 36240, 3616, 3624, 3624 - 6 * 79},
                                     Expected{"ias_sarcos", 21, 7, 9656, 1609, 2585, 2585 - 2 * 79},
                                     Expected{"ias_barrett", 21, 7, 10500 - 64, 1500 - 64, 3000, 3000 - 79},
                                     Expected{"unitree_g1", 26, 26, 25852, 3565, 6548, 6548 - 20 * 79}}) {
        INFO(expected.name);
        if (!std::filesystem::is_directory(folder / expected.name)) {
            CHECK_THROWS_AS(examples::load_dataset(expected.name, folder), idm::FileError);
            continue;
        }
        const auto source_data = examples::load_dataset(expected.name, folder);
        const auto data = idm::make_dataset<float>(source_data.log, source_data.recipe, source_data.split);
        CHECK(data.inputs.cols() == expected.inputs);
        CHECK(data.targets.cols() == expected.targets);
        CHECK(rows_of(data.split.train) == expected.train);
        CHECK(rows_of(data.split.validation) == expected.validation);
        CHECK(rows_of(data.split.test) == expected.test);
        CHECK(static_cast<Index>(idm::window_rows(data.split.test, 16, 0, Rows::scored).size()) == expected.scored);
        CHECK(data.normaliser.constant_inputs().empty());
    }
}

TEST_CASE("a data set of blocks knows how long a window its gaps are for") {
    idm::Recipe filtered = one_joint;
    filtered.filter.length = 5;
    const idm::Log log = oscillations(1);
    const auto data = idm::make_dataset<float>(log, filtered, idm::ByBlock{0.4, 0.3, 0.3});
    CHECK(data.split.gap == 8 + 2 + 5);
    CHECK_NOTHROW(idm::detail::require_gap(data, 8));
    CHECK_THROWS_AS(idm::detail::require_gap(data, 9), idm::ConfigError);
    CHECK_THROWS_WITH(idm::detail::require_gap(data, 9), ContainsSubstring("expected a gap of at least 16 rows") &&
                                                             ContainsSubstring("(a window of 9 rows") &&
                                                             ContainsSubstring("got 15"));
    const auto wider = idm::make_dataset<float>(log, filtered, idm::ByBlock{0.4, 0.3, 0.3, 20});
    CHECK_NOTHROW(idm::detail::require_gap(wider, 13));
    CHECK_THROWS_AS(idm::detail::require_gap(wider, 14), idm::ConfigError);
    const idm::ByRows rows{.train = {{0, 50, "a"}}, .validation = {{50, 75, "b"}}, .test = {{75, 100, "c"}}};
    CHECK(idm::make_dataset<float>(log, filtered, rows).split.gap == 15);
    // Whole trajectories need none.
    const auto whole = idm::make_dataset<float>(oscillations(3), filtered, idm::ByTrajectory{});
    CHECK_FALSE(whole.split.gap);
    CHECK_NOTHROW(idm::detail::require_gap(whole, 60));
}
