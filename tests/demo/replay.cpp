// Predicts a log with what the demo saved, and compares with what it reported: replay FOLDER LOG TRAJECTORY TIME. The
// weights files alone say how; the log is split by trajectory, as the demo does it.

#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

#include <idm/idm.hpp>

namespace {

idm::Json read_metrics(const std::filesystem::path& folder) {
    std::ifstream in(folder / "metrics.json", std::ios::binary);
    idm::Json json;
    const idm::Status status = idm::read_json(std::string(std::istreambuf_iterator<char>(in), {}), json);
    idm::detail::require<idm::FileError>(static_cast<bool>(status), "metrics.json: ", status.message);
    return json;
}

const idm::Json& member(const idm::Json& json, const char* key) {
    const idm::Json* found = json.find(key);
    idm::detail::require<idm::DataError>(found != nullptr, "metrics.json: expected a member ", key);
    return *found;
}

double number(const idm::Json& json, const char* key) {
    double value = std::nan("");
    idm::detail::require<idm::DataError>(member(json, key).get(value), "metrics.json: expected a number ", key);
    return value;
}

/// The reported seed that is best on validation data.
const idm::Json& best_of(const idm::Json& metrics, const char* name) {
    const auto nmse = [](const idm::Json& model) {
        return number(member(member(model, "after"), "validation"), "nmse_mean");
    };
    const idm::Json* best = nullptr;
    for (const idm::Json& model : member(metrics, "models").items)
        if (member(model, "name").text == name && (!best || nmse(model) < nmse(*best))) best = &model;
    idm::detail::require<idm::DataError>(best != nullptr, "metrics.json: expected a model ", name);
    return *best;
}

void expect_equal(const char* model, const char* what, double expected, double got) {
    // Another program: the compiler may contract other products, which 1e-5 leaves room for.
    idm::detail::require<idm::DataError>(std::abs(got - expected) <= 1e-5 * std::abs(expected), model, ": ", what,
                                         ": reported ", expected, ", the weights file gives ", got);
    std::printf("%s: %s %g\n", model, what, got);
}

template <class M>
void replay(const std::filesystem::path& folder, const idm::Log& log, const idm::Json& metrics) {
    const idm::Json& reported = best_of(metrics, M::name);
    const auto window = static_cast<idm::Index>(number(reported, "window"));
    M model({.window = window, .inputs = 6 * 2, .outputs = 2});  // of each joint: q, qd, qdd, sin(q), cos(q), sign(qd)
    const idm::WeightsInfo<float> info = idm::load_weights(folder / (std::string(M::name) + ".safetensors"), model);
    idm::Dataset<float> data = idm::make_dataset<float>(log, info.recipe, idm::ByTrajectory{});
    data.normaliser = info.normaliser;
    const idm::Score validation = idm::evaluate(model, data, std::span<const idm::Segment>(data.split.validation));
    const idm::Score test = idm::evaluate(model, data, std::span<const idm::Segment>(data.split.test));
    const idm::Json& after = member(reported, "after");
    expect_equal(M::name, "seed", number(reported, "seed"), static_cast<double>(info.training.seed));
    expect_equal(M::name, "validation nMSE", number(member(after, "validation"), "nmse_mean"), validation.scored.nmse);
    expect_equal(M::name, "test nMSE", number(member(after, "test"), "nmse_mean"), test.scored.nmse);
    expect_equal(M::name, "test nMSE of all rows", number(member(after, "test"), "nmse_all_rows_mean"),
                 test.all_rows.nmse);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 5) return 2;
    try {
        const std::filesystem::path folder = arguments[1];
        const idm::Json metrics = read_metrics(folder);
        const idm::Log log =
            idm::read_log(arguments[2], {.trajectory_column = arguments[3], .time_column = arguments[4]});
        replay<idm::Baseline<float>>(folder, log, metrics);
        replay<idm::Cnn1<float>>(folder, log, metrics);
        replay<idm::Cnn2<float>>(folder, log, metrics);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "replay: %s\n", error.what());
        return 1;
    }
}
