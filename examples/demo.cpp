// The whole way: log, evaluation before learning, training of three models, evaluation after, report.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include <idm/idm.hpp>

#include "support/options.hpp"
#include "support/progress.hpp"
#include "support/resumable.hpp"
#include "support/saving.hpp"

namespace {

using examples::Options;
using idm::Index;
using Data = idm::Dataset<float>;

constexpr Index baseline_window = 16;

/// The rows that everything is scored on.
struct Evaluation {
    const Data& data;
    idm::EvaluationSet validation, test;
    int threads;

    template <class M>
    idm::SplitScores scores(const M& model) const {
        return {score(model, validation), score(model, test)};
    }
    template <class M>
    idm::Score score(const M& model, const idm::EvaluationSet& set) const {
        return idm::score_predictions(set.measured, idm::predict(model, data, set, threads),
                                      std::span<const Index>(set.scored));
    }
    /// Change of the prediction per noise on the inputs, both in standard deviations (of the training rows).
    template <class M>
    double sensitivity(const M& model) const {
        const std::vector<double> ones_in(static_cast<std::size_t>(data.inputs.cols()), 1.0);
        const std::vector<double> ones_out(static_cast<std::size_t>(data.targets.cols()), 1.0);
        const auto predict = [&](const idm::Matrix<float>& inputs) {
            return idm::predict_rows(model, inputs, data.recipe.ahead, std::span<const idm::WindowRow>(test.rows),
                                     threads);
        };
        return idm::noise_sensitivity<float>(predict, data.inputs, ones_in, ones_out);
    }
};

/// A model of each kind with the best weights.
template <class First, class Second>
struct Best {
    examples::BestSeed<idm::Baseline<float>> baseline;
    examples::BestSeed<First> cnn1;
    examples::BestSeed<Second> cnn2;

    std::string description() const {
        return baseline.description() + ", " + cnn1.description() + ", " + cnn2.description() +
               ": the seeds that were best on validation data";
    }
    void save(const std::filesystem::path& folder, const Data& data, const std::string& name) const {
        for (const std::filesystem::path& path :
             {baseline.save(folder, data, name), cnn1.save(folder, data, name), cnn2.save(folder, data, name)})
            std::printf("weights: %s\n", std::filesystem::absolute(path).lexically_normal().string().c_str());
    }
};

/// Trains `model` with `fit`, which returns the history, and describes it before and after.
template <class M, class Fit>
idm::ModelReport report_model(M& model, const char* label, std::uint64_t seed, const Evaluation& evaluation, Fit fit) {
    idm::ModelReport report{.name = M::name, .label = label, .seed = seed};
    report.parameters = model.parameter_count();
    report.window = model.window();
    report.ahead = evaluation.data.recipe.ahead;
    report.before = evaluation.scores(model);
    const idm::History history = fit();
    report.epochs = static_cast<Index>(history.epochs.size());
    report.train_seconds = history.seconds;
    report.history = history.epochs;
    report.after = evaluation.scores(model);
    report.predicted = idm::predict(model, evaluation.data, evaluation.test, evaluation.threads);
    report.noise_sensitivity = evaluation.sensitivity(model);
    return report;
}

/// Ridge regression in closed form, before learning all zero: it predicts the training mean.
void run_baseline(const Evaluation& evaluation, const idm::ModelConfig& config,
                  examples::BestSeed<idm::Baseline<float>>& best, std::vector<idm::ModelReport>& reports) {
    idm::Baseline<float> model(config);
    std::printf("%s\n", idm::format_layer_table(model).c_str());
    reports.push_back(report_model(model, "Baseline (ridge)", 0, evaluation, [&] {
        const auto start = std::chrono::steady_clock::now();
        const idm::RidgeResult ridge =
            idm::fit_ridge(model, evaluation.data, idm::default_ridge_lambdas(), evaluation.threads);
        std::printf("  baseline: ridge, lambda %g chosen on validation data\n\n", ridge.lambda);
        return idm::History{.epochs = {},
                            .best_epoch = 0,
                            .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()};
    }));
    best.offer(model, reports.back());
}

template <class M>
void run_network(const Evaluation& evaluation, const idm::ModelConfig& config, const char* label,
                 idm::TrainerConfig trainer, const Options& options, examples::Resumable& trainings,
                 examples::BestSeed<M>& best, std::vector<idm::ModelReport>& reports) {
    trainer = examples::with_options(trainer, options.learning);
    if (options.epochs > 0) trainer.epochs = options.epochs;
    if (options.batch > 0) trainer.batch_size = options.batch;
    trainer.threads = options.threads;
    constexpr bool starts_at_baseline = requires(M & model, const idm::Baseline<float>& baseline) {
        model.set_linear(baseline);
    };
    // The reference itself: a ridge over the longer window of Cnn2 is no better a start.
    idm::Baseline<float> linear({std::min(config.window, baseline_window), config.inputs, config.outputs});
    if constexpr (starts_at_baseline) {
        idm::fit_ridge(linear, evaluation.data, idm::default_ridge_lambdas(), evaluation.threads);
        trainer.loss.weights = examples::spread_weights(evaluation.data.normaliser);
    }
    for (int seed = 1; seed <= options.seeds; ++seed) {
        M model(config);
        if (seed == 1) std::printf("%s\n", idm::format_layer_table(model).c_str());
        std::fflush(stdout);
        trainer.seed = static_cast<std::uint64_t>(seed);
        model.initialise(trainer.seed);
        if constexpr (starts_at_baseline) model.set_linear(linear);
        const examples::ProgressBar progress(idm::detail::message(M::name, " seed ", seed));
        const std::string name = idm::detail::message(M::name, "_seed_", seed);
        reports.push_back(report_model(model, label, trainer.seed, evaluation, [&] {
            return trainings.train(model, evaluation.data, trainer, progress, name);
        }));
        best.offer(model, reports.back());
    }
    std::printf("\n");
}

/// What learns nothing: the training mean, and the mean of the 3 nearest training rows.
std::vector<idm::ReferenceReport> references(const Evaluation& evaluation) {
    const Data& data = evaluation.data;
    const auto train = idm::window_rows(data.split.train, 1, data.recipe.ahead, idm::Rows::all, data.recipe.horizon);
    const auto rows_of = [&](const idm::Matrix<float>& from, const std::vector<idm::WindowRow>& rows) {
        idm::Matrix<float> out(static_cast<Index>(rows.size()), from.cols());
        for (std::size_t i = 0; i < rows.size(); ++i) out.row(static_cast<Index>(i)) = from.row(rows[i].row);
        return out;
    };
    const idm::Matrix<float> train_targets = rows_of(data.targets, train);
    const auto in_units = [&](idm::Matrix<float> predicted) {
        return idm::in_log_units(data, std::span<const idm::WindowRow>(evaluation.test.rows), std::move(predicted));
    };
    const Index rows = static_cast<Index>(evaluation.test.rows.size());
    return {{.name = "mean",
             .label = "Mean of the training rows",
             .predicted = in_units(idm::mean_prediction(train_targets, rows))},
            {.name = "nearest_neighbours",
             .label = "3 nearest neighbours",
             .predicted = in_units(idm::nearest_neighbour_prediction(rows_of(data.inputs, train), train_targets,
                                                                     rows_of(data.inputs, evaluation.test.rows), 3,
                                                                     evaluation.threads))}};
}

idm::TestReport test_report(const Evaluation& evaluation) {
    const Data& data = evaluation.data;
    idm::TestReport test{.measured = evaluation.test.measured,
                         .trajectory = evaluation.test.trajectory,
                         .scored_rows = evaluation.test.scored};
    for (const idm::WindowRow& row : evaluation.test.rows)
        test.time.push_back(static_cast<double>(row.row - row.begin) * data.recipe.sample_period);
    for (const idm::Segment& segment : data.split.test) test.trajectory_names.push_back(segment.name);
    return test;
}

/// Which derivatives are worked out from the log, and how far their filter looks ahead or lags behind.
std::string derivatives(const idm::Recipe& recipe, double period) {
    const bool used = recipe.use_velocities || recipe.sign_velocity > 0 || recipe.use_accelerations;
    if (idm::filter_span(recipe) == 1) return used ? "as recorded" : "none";
    const bool velocity = recipe.velocities.columns.empty() && (recipe.use_velocities || recipe.sign_velocity > 0);
    const bool acceleration = recipe.accelerations.columns.empty() && recipe.use_accelerations;
    const idm::SavitzkyGolay filter(recipe.filter);
    std::string text =
        idm::detail::message(velocity && acceleration ? "velocity and acceleration"
                             : velocity               ? "velocity"
                                                      : "acceleration",
                             " by Savitzky-Golay, ", recipe.filter.length, " points, order ", recipe.filter.order);
    if (recipe.filter.alignment == idm::Alignment::centred)
        return text + idm::detail::message(", centred: they look ", filter.look_ahead(), " rows ahead");
    const auto late = [&](Index derivative) {  // rounded: the filter's weights leave a delay of 0 at 1e-16
        return idm::detail::message(std::round(filter.delay_samples(derivative) * 1000) / 1000 * period, " s late");
    };
    if (velocity && acceleration) return text + ", causal: velocity " + late(1) + ", acceleration " + late(2);
    if (velocity) return text + ", causal: velocity " + late(1);
    return text + ", causal: acceleration " + late(1);  // the first derivative of recorded velocities
}

idm::DataReport data_report(const examples::DataSource& source, const Data& data, const Evaluation& evaluation) {
    const auto rows = [](const std::vector<idm::Segment>& segments) {
        Index sum = 0;
        for (const idm::Segment& segment : segments) sum += segment.size();
        return idm::detail::message(sum, " rows in ", segments.size(), segments.size() == 1 ? " segment" : " segments");
    };
    std::string inputs;
    for (const std::string& name : data.input_names) inputs += (inputs.empty() ? "" : ", ") + name;
    idm::DataReport report{.name = source.name, .description = source.description};
    report.facts = {
        {"Rate", idm::detail::message(1 / data.recipe.sample_period, " Hz")},
        {"Training", rows(data.split.train)},
        {"Validation", rows(data.split.validation)},
        {"Test", rows(data.split.test) + idm::detail::message(", of which ", evaluation.test.scored.size(), " scored")},
        {"Inputs", inputs},
        {"Window", idm::detail::message("ends ", data.recipe.ahead, " rows behind the target row")},
        {"Derivatives", derivatives(source.recipe, data.recipe.sample_period)}};
    if (source.log.dropped_rows > 0)
        report.facts.push_back({"Dropped", idm::detail::message(source.log.dropped_rows, " rows of the log")});
    if (!data.normaliser.constant_inputs().empty()) {
        std::string constant;
        for (const std::string& name : data.normaliser.constant_inputs())
            constant += (constant.empty() ? "" : ", ") + name;
        report.facts.push_back({"Constant inputs", constant + " (kept with scale 1)"});
    }
    report.joints = data.target_names;
    report.quantity = data.recipe.target_quantity;
    report.unit = data.recipe.target_unit;
    const Index horizon = data.recipe.horizon, joints = data.targets.cols() / horizon;
    report.groups = idm::target_groups(source.groups, joints, horizon);
    // Of a chunk the last step is the hardest; all steps together would be hundreds of panels.
    for (Index joint = 0; horizon > 1 && joint < joints; ++joint)
        report.shown.push_back((horizon - 1) * joints + joint);
    return report;
}

void print_summary(const idm::ReportInput& report) {
    std::printf("%-26s %4s   nMSE on test, scored rows   all rows    RMSE %s\n", "", "seed", report.data.unit.c_str());
    for (const idm::ReferenceReport& r : report.references) {
        const idm::Score score =
            idm::score_predictions(report.test.measured, r.predicted, std::span<const Index>(report.test.scored_rows));
        std::printf("%-26s %4s   %24.4f   %8.4f   %8.3f\n", r.label.c_str(), "", score.scored.nmse, score.all_rows.nmse,
                    score.scored.rmse);
    }
    for (const idm::ModelReport& m : report.models)
        std::printf("%-26s %4llu   before %6.3f  after %7.4f   %8.4f   %8.3f\n", m.label.c_str(),
                    static_cast<unsigned long long>(m.seed), m.before.test.scored.nmse, m.after.test.scored.nmse,
                    m.after.test.all_rows.nmse, m.after.test.scored.rmse);
}

/// Each group's figures on the test set, the mean over a model's seeds.
void print_groups(const idm::ReportInput& report) {
    if (report.data.groups.empty()) return;
    std::printf("\n%-26s %-10s nMSE on test, scored rows: mean    median    pooled\n", "", "group");
    for (const idm::TargetGroup& group : report.data.groups) {
        for (std::size_t first = 0; first < report.models.size();) {
            const std::string& label = report.models[first].label;
            idm::GroupScore sum;
            std::size_t end = first;
            for (; end < report.models.size() && report.models[end].label == label; ++end) {
                const idm::GroupScore one = idm::group_score(report.models[end].after.test.scored, group);
                sum.mean += one.mean;
                sum.median += one.median;
                sum.pooled += one.pooled;
            }
            const auto seeds = static_cast<double>(end - first);
            std::printf("%-26s %-10s %32.4f  %8.4f  %8.4f\n", label.c_str(), group.name.c_str(), sum.mean / seeds,
                        sum.median / seeds, sum.pooled / seeds);
            first = end;
        }
    }
}

/// Fails before the training, not after it, where a file can't be put.
void require_writable(const std::filesystem::path& file, const char* option) {
    std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
    while (!std::filesystem::exists(folder)) folder = folder.parent_path();
    idm::detail::require<idm::FileError>(std::filesystem::is_directory(folder) &&
                                             !std::filesystem::is_directory(file) && access(folder.c_str(), W_OK) == 0,
                                         "expected to write '", file.string(), "', but '",
                                         (std::filesystem::is_directory(file) ? file : folder).string(),
                                         "' is in the way: a folder in the place of a file, a file in the place of a "
                                         "folder, or one without the right to "
                                         "write; choose another place with ",
                                         option);
}

/// `First` and `Second` are Cnn1 and Cnn2, or those with a linear skip.
template <class First, class Second>
int run(const Options& options, const examples::DataSource& source) {
    for (const char* file : {"index.html", "metrics.json", "predictions.csv"})
        require_writable(options.out / file, "--out");
    for (const char* name : {idm::Baseline<float>::name, First::name, Second::name})
        require_writable(options.out / (std::string(name) + ".safetensors"), "--out");
    if (!options.json.empty()) require_writable(options.json, "--json");
    examples::Resumable trainings(options.out / "idm_checkpoints", options.resume);
    const Data data = idm::make_dataset<float>(source.log, source.recipe, source.split);
    // A trajectory too short for the longest window is found now, not after the first trainings.
    const Index longest = options.window > 0 ? options.window : 32;
    for (const auto& part : {data.split.train, data.split.validation})
        (void)idm::window_rows(part, longest, data.recipe.ahead, idm::Rows::full, data.recipe.horizon);
    const Evaluation evaluation{data, idm::evaluation_set(data, std::span<const idm::Segment>(data.split.validation)),
                                idm::evaluation_set(data, std::span<const idm::Segment>(data.split.test)),
                                options.threads};
    idm::ReportInput report{.title = "Learned inverse dynamics: " + source.name,
                            .data = data_report(source, data, evaluation),
                            .test = test_report(evaluation)};
    if (!options.learning.text.empty()) report.data.facts.push_back({"Learning", options.learning.text});
    std::printf("%s: %s\n", source.name.c_str(), source.description.c_str());
    for (const auto& [name, text] : report.data.facts) std::printf("  %-12s %s\n", name.c_str(), text.c_str());
    std::printf("\n");

    const auto config = [&](Index window) {
        return idm::ModelConfig{.window = options.window > 0 ? options.window : window,
                                .inputs = data.inputs.cols(),
                                .outputs = data.targets.cols()};
    };
    report.references = references(evaluation);
    Best<First, Second> best;
    run_baseline(evaluation, config(baseline_window), best.baseline, report.models);
    const bool skip = source.linear_skip;
    run_network(evaluation, config(16), skip ? "Cnn1 + linear" : "Cnn1",
                skip ? examples::linear_skip_training() : idm::TrainerConfig{}, options, trainings, best.cnn1,
                report.models);
    run_network(evaluation, config(32), skip ? "Cnn2 + linear" : "Cnn2",
                skip ? examples::linear_skip_training() : examples::cnn2_training(), options, trainings, best.cnn2,
                report.models);
    report.data.facts.push_back({"Weights", best.description()});

    print_summary(report);
    print_groups(report);
    std::printf("\n");
    best.save(options.out, data, source.name);
    const idm::ReportFiles files = idm::write_report(report, options.out);
    if (!options.json.empty()) {
        std::ifstream metrics(files.metrics, std::ios::binary);
        const idm::FileContent copy{options.json, {std::istreambuf_iterator<char>(metrics), {}}};
        idm::write_files(std::span(&copy, 1));
    }
    trainings.finish();
    std::printf("report: %s\n", std::filesystem::absolute(files.page).lexically_normal().string().c_str());
    for (const std::string& missing : files.missing) std::printf("missing: %s\n", missing.c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Learns a robot's inverse dynamics from a log and reports how well.", "demo");
    Options options;
    examples::add_options(app, options);
    CLI11_PARSE(app, argc, argv);
    options.learning.text = examples::learning_text(app);
    try {
        const examples::DataSource source = examples::load(options);
        std::printf("%s\n", idm::simd_report().c_str());
        using First = idm::Cnn1<float>;
        using Second = idm::Cnn2<float>;
        return source.linear_skip ? run<idm::LinearSkip<First>, idm::LinearSkip<Second>>(options, source)
                                  : run<First, Second>(options, source);
    } catch (const examples::Interrupted& interrupted) {
        std::fprintf(stderr, "\nstopped; what was learned is saved in '%s'. Go on with\n    %s\n",
                     interrupted.folder.string().c_str(), examples::resume_command(argc, argv).c_str());
        return 130;  // as shells report a program that Ctrl-C ended
    } catch (const std::exception& error) {
        std::fprintf(stderr, "demo: %s\n", examples::in_options(error.what()).c_str());
        return 1;
    }
}
