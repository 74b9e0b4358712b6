#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/io/report.hpp>
#include <idm/training/neighbours.hpp>

// A report's input from made-up signals: what real training hands over, without training.

namespace report_example {

using namespace idm;

struct Sizes {
    Index joints = 2;
    Index trajectories = 3;
    Index rows = 120;  // of each trajectory
    int seeds = 2;
    double rate = 10;  // Hz
};

inline TestReport test_set(const Sizes& sizes) {
    Random random(7);
    TestReport test;
    test.measured.resize(sizes.trajectories * sizes.rows, sizes.joints);
    for (Index i = 0; i < sizes.trajectories; ++i) {
        test.trajectory_names.push_back("run" + std::to_string(60 + i));
        for (Index step = 0; step < sizes.rows; ++step) {
            const Index row = i * sizes.rows + step;
            const double time = static_cast<double>(step) / sizes.rate;
            test.trajectory.push_back(i);
            test.time.push_back(time);
            if (step >= 63 && step + 16 < sizes.rows) test.scored_rows.push_back(row);
            for (Index joint = 0; joint < sizes.joints; ++joint) {
                const double phase = static_cast<double>(i + 2 * joint),
                             size = 800.0 / static_cast<double>(1 + 2 * joint);
                const double slow = std::sin(0.31 * time + phase), fast = std::sin(1.7 * time + 2 * phase);
                test.measured(row, joint) =
                    size * (slow + 0.4 * fast + 0.25 * std::tanh(20 * std::cos(0.9 * time)) + 0.05 * random.normal());
            }
        }
    }
    return test;
}

/// The measurement with a slowly varying error, which is larger at a trajectory's start and in later trajectories.
inline Matrix<double> prediction(const TestReport& test, double error, std::uint64_t seed) {
    Random random(seed);
    Matrix<double> out = test.measured;
    for (Index joint = 0; joint < out.cols(); ++joint) {
        const double size = 800.0 / static_cast<double>(1 + 2 * joint);
        double slow = 0;
        for (Index row = 0; row < out.rows(); ++row) {
            const auto at = static_cast<std::size_t>(row);
            slow = 0.9 * slow + 0.43 * random.normal();
            const double growth = 1 + 0.3 * static_cast<double>(test.trajectory[at]) + 3 * std::exp(-test.time[at]);
            out(row, joint) += size * error * growth * slow;
        }
    }
    return out;
}

inline ModelReport model(const TestReport& test, const std::string& name, double error, std::uint64_t seed) {
    const auto score = [&](double size, std::uint64_t stream) {
        return score_predictions(test.measured, prediction(test, size, 100 * seed + stream),
                                 std::span<const Index>(test.scored_rows));
    };
    ModelReport out{.name = name,
                    .label = name,
                    .seed = seed,
                    .parameters = 45000,
                    .window = 16,
                    .epochs = 30,
                    .train_seconds = 4.0 + 10 * error};
    out.predicted = prediction(test, error, 100 * seed);
    out.before = {score(0.9, 1), score(0.9, 2)};
    out.after = {score(error, 3), score(error, 0)};
    out.noise_sensitivity = 0.1 / error;
    Random random(seed);
    for (Index epoch = 1; name != "baseline" && epoch <= out.epochs; ++epoch) {
        EpochReport report;
        report.epoch = epoch;
        report.epochs = out.epochs;
        report.training_loss = 2 * error * error + std::exp(-0.4 * static_cast<double>(epoch));
        report.validation_loss = 1.3 * report.training_loss + 0.01 * random.uniform();
        out.history.push_back(report);
    }
    return out;
}

inline ReportInput input(const Sizes& sizes = {}) {
    ReportInput out;
    out.title = "Inverse dynamics of a made-up arm";
    out.data = {.name = "made_up",
                .description = "Sums of sines with a friction step and white noise, sampled at 10 Hz.",
                .facts = {{"Training", "60 trajectories, 36240 rows"}, {"Rate", "10 Hz"}}};
    for (Index joint = 1; joint <= sizes.joints; ++joint) out.data.joints.push_back("joint " + std::to_string(joint));
    out.test = test_set(sizes);
    for (int seed = 1; seed <= sizes.seeds; ++seed) {
        const auto stream = static_cast<std::uint64_t>(seed);
        out.models.push_back(model(out.test, "baseline", 0.26, stream));
        out.models.push_back(model(out.test, "cnn1", 0.15, stream));
        out.models.push_back(model(out.test, "cnn2", 0.11, stream));
    }
    out.references = {
        {"mean", "Mean of the training torque", mean_prediction(out.test.measured, out.test.measured.rows()), 0.0},
        {"knn3", "3 nearest neighbours", prediction(out.test, 0.5, 99), {}}};
    return out;
}

}  // namespace report_example
