#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>
#include <idm/training/analysis.hpp>
#include <idm/training/callbacks.hpp>
#include <idm/training/groups.hpp>
#include <idm/training/metrics.hpp>

// What a report is made of. Plain data: whoever trained the models fills it in.

IDM_NAMESPACE_BEGIN

/// The data, in words for the reader. `facts` are lines of a table ("Rate", "100 Hz"), in their order.
struct DataReport {
    std::string name = {};
    std::string description = {};
    std::vector<std::pair<std::string, std::string>> facts = {};
    std::vector<std::string> joints = {};
    std::string quantity = "torque";  // what is predicted
    std::string unit = "N m";
    std::vector<TargetGroup> groups = {};  // summed up in a table
    std::vector<Index> shown = {};         // targets with a picture and a table row of their own; empty: all
};

/// The test set that everything is compared on.
///
/// *Shapes*: `measured` [rows, joints]; `trajectory` and `time` one entry per row; `trajectory_names` by trajectory
/// number, or empty; `scored_rows` ascending row numbers. *Units*: as `DataReport::unit`; time in s.
struct TestReport {
    Matrix<double> measured = {};
    std::vector<Index> trajectory = {};
    std::vector<double> time = {};
    std::vector<Index> scored_rows = {};
    std::vector<std::string> trajectory_names = {};
};

/// Scores on the two parts of the data that no weight was trained on.
struct SplitScores {
    Score validation = {};
    Score test = {};
};

/// One trained model with one seed. Models of the same name are the same network with several seeds.
struct ModelReport {
    std::string name = {};   // as metrics.json has it: baseline, cnn1, cnn2
    std::string label = {};  // as tables have it
    std::uint64_t seed = 0;
    Index parameters = 0;
    Index window = 0;
    Index ahead = 0;
    Index epochs = 0;
    double train_seconds = 0;
    SplitScores before = {}, after = {};
    std::vector<EpochReport> history = {};  // empty for a solution in closed form
    Matrix<double> predicted = {};          // all rows of the test set, after learning
    std::optional<double> noise_sensitivity = {};
};

/// A reference that learns nothing, such as the mean predictor.
struct ReferenceReport {
    std::string name = {};
    std::string label = {};
    Matrix<double> predicted = {};  // all rows of the test set
    std::optional<double> noise_sensitivity = {};
};

/// All that a report is made from.
struct ReportInput {
    std::string title = {};
    DataReport data = {};
    TestReport test = {};
    std::vector<ModelReport> models = {};
    std::vector<ReferenceReport> references = {};
};

/// How a report's pictures are made.
struct ReportConfig {
    std::string gnuplot = "gnuplot";
    /// Longest stretch of a trajectory that a picture shows; more would hide the lines in one another.
    Index picture_rows = 1000;
};

/// Where the report is, and what could not be made (empty when all is there).
struct ReportFiles {
    std::filesystem::path page, metrics, predictions;
    std::vector<std::string> missing = {};
};

namespace detail {

/// All seeds of one model. The one that was best on validation data stands for it in pictures.
struct ModelGroup {
    std::vector<const ModelReport*> seeds;
    const ModelReport* chosen = nullptr;
    std::string colour;

    const ModelReport& first() const { return *seeds.front(); }

    /// `figure` of every seed, summarised.
    template <class Figure>
    Spread over_seeds(Figure figure) const {
        std::vector<double> values;
        for (const ModelReport* model : seeds) values.push_back(figure(*model));
        return spread(values);
    }
};

/// The report's input with what several of its parts need, worked out once.
struct ReportContext {
    const ReportInput& input;
    const ReportConfig& config;
    std::vector<ModelGroup> groups;
    const ModelGroup* best = nullptr;  // on validation data
    TypicalTrajectories typical;       // of `best`

    const TestReport& test() const { return input.test; }
    std::vector<Index> shown() const {
        return input.data.shown.empty() ? all_rows_of(test().measured.cols()) : input.data.shown;
    }
    double roughness_of(const Matrix<double>& predicted) const {
        return roughness(test().measured, predicted, test().trajectory, test().scored_rows).mean;
    }
    std::vector<TrajectoryScore> trajectory_scores_of(const Matrix<double>& predicted) const {
        return trajectory_scores(test().measured, predicted, test().trajectory, test().scored_rows);
    }
    std::string trajectory_name(Index number) const {
        const auto& names = test().trajectory_names;
        if (number >= 0 && number < static_cast<Index>(names.size())) return names[static_cast<std::size_t>(number)];
        return std::to_string(number);
    }
};

/// *Errors*: `DataError` where figures would not be comparable, `ShapeError` where parts do not fit together.
IDM_INLINE void check(const ReportInput& input);

/// Keeps references to both arguments.
IDM_INLINE ReportContext report_context(const ReportInput& input, const ReportConfig& config);

#if !IDM_HAS_COMPILED

inline std::vector<ModelGroup> group_models(const std::vector<ModelReport>& models) {
    // Three hues that differ in lightness too, then a fourth; measured torque is black.
    static const char* const colours[] = {"#c58a2b", "#2f6db5", "#0b8a68", "#9a4f96"};
    std::vector<ModelGroup> groups;
    for (const ModelReport& model : models) {
        auto group = std::find_if(groups.begin(), groups.end(),
                                  [&](const ModelGroup& other) { return other.first().name == model.name; });
        if (group == groups.end()) {
            groups.push_back({{}, &model, colours[groups.size() % std::size(colours)]});
            group = groups.end() - 1;
        }
        group->seeds.push_back(&model);
        if (model.after.validation.scored.nmse < group->chosen->after.validation.scored.nmse) group->chosen = &model;
    }
    return groups;
}

inline void require_prediction(const ReportInput& input, const std::string& name, const Matrix<double>& predicted) {
    const Matrix<double>& measured = input.test.measured;
    require<ShapeError>(predicted.rows() == measured.rows() && predicted.cols() == measured.cols(),
                        "report: expected the prediction of '", name, "' to have the test set's shape [",
                        measured.rows(), ", ", measured.cols(), "], got [", predicted.rows(), ", ", predicted.cols(),
                        "]");
}

inline void require_score(const std::string& name, const char* split, const Score& score, Index scored, Index all,
                          std::size_t joints) {
    require<DataError>(score.scored.rows == scored && score.all_rows.rows == all, "report: '", name, "' is scored on ",
                       score.scored.rows, " of ", score.all_rows.rows, " ", split, " rows, others on ", scored, " of ",
                       all, "; score all models on the same rows");
    require<ShapeError>(score.scored.joints.size() == joints, "report: expected ", joints, " joints, got ",
                        score.scored.joints.size(), " in the ", split, " figures of '", name, "'");
}

IDM_INLINE void check(const ReportInput& input) {
    const TestReport& test = input.test;
    const Index rows = test.measured.rows();
    require<DataError>(!input.models.empty(), "report: expected at least one model, got none");
    require<ShapeError>(static_cast<Index>(input.data.joints.size()) == test.measured.cols(), "report: expected ",
                        test.measured.cols(), " joint names, got ", input.data.joints.size());
    require<ShapeError>(
        static_cast<Index>(test.trajectory.size()) == rows && static_cast<Index>(test.time.size()) == rows,
        "report: expected a trajectory and a time for each of ", rows, " test rows, got ", test.trajectory.size(),
        " and ", test.time.size());
    require<ShapeError>(std::is_sorted(test.scored_rows.begin(), test.scored_rows.end()),
                        "report: expected the scored rows in ascending order");
    const Score& validation = input.models.front().after.validation;
    for (const ModelReport& model : input.models) {
        require_prediction(input, model.name, model.predicted);
        for (const SplitScores* scores : {&model.before, &model.after}) {
            require_score(model.name, "test", scores->test, static_cast<Index>(test.scored_rows.size()), rows,
                          input.data.joints.size());
            require_score(model.name, "validation", scores->validation, validation.scored.rows,
                          validation.all_rows.rows, input.data.joints.size());
        }
    }
    for (const ReferenceReport& reference : input.references)
        require_prediction(input, reference.name, reference.predicted);
}

IDM_INLINE ReportContext report_context(const ReportInput& input, const ReportConfig& config) {
    check(input);
    ReportContext context{input, config, group_models(input.models), nullptr, {}};
    for (const ModelGroup& group : context.groups) {
        const auto validation = [](const ModelReport& model) { return model.after.validation.scored.nmse; };
        if (!context.best || group.over_seeds(validation).mean < context.best->over_seeds(validation).mean)
            context.best = &group;
    }
    context.typical = typical_trajectories(context.trajectory_scores_of(context.best->chosen->predicted));
    return context;
}

#endif  // !IDM_HAS_COMPILED

}  // namespace detail

IDM_NAMESPACE_END
