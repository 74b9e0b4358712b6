// The robot's computer is often not the one that trained: a file written on x86-64, on whatever machine this runs.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include <idm/inference.hpp>
#include <idm/io/charts.hpp>

#include "support/catch.hpp"
#include "support/weights_file.hpp"
#include "x86_example.hpp"

using namespace idm;
namespace fs = std::filesystem;

namespace {

/// The largest difference relative to the largest number.
template <class T>
constexpr double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-12;

fs::path fixture(const std::string& name) { return fs::path(IDM_TEST_FIXTURES) / name; }

}  // namespace

TEMPLATE_TEST_CASE("a file written on x86-64 predicts what it did there", "[weights][stream]", float, double) {
    using T = TestType;
    using M = Cnn2<T>;
    const std::string name = std::string("cnn2_x86.") + idm_test::precision<T>;
    const detail::TemporaryFolder folder;
    const FileContent file{folder.path() / "x",
                           detail::read_text(fixture(name + ".head")) +
                               idm_test::data_section<M>(x86_example::config(), x86_example::seed)};
    write_files(std::span(&file, 1));
    M model(x86_example::config());
    const WeightsInfo<T> info = load_weights(file.path, model);

    Stream<M> stream(model, info.recipe, info.normaliser, {.columns = {"q1", "q2"}});
    Predictor<M> predictor(model, info.recipe, info.normaliser);
    const auto window = static_cast<std::size_t>(predictor.rows() * 2);
    std::ifstream text(fixture(name + ".txt"));
    std::vector<double> samples;
    std::vector<T> out(2);
    double largest = 0, worst_tick = 0, worst_window = 0, q1 = 0, q2 = 0, y[2];
    int windows = 0;
    while (text >> q1 >> q2 >> y[0] >> y[1]) {
        samples.insert(samples.end(), {q1, q2});
        const auto tick = stream.tick(std::span(samples).last(2));
        const bool full = samples.size() >= window;
        if (full) predictor.predict(std::span(samples).last(window), out);
        windows += full;
        for (std::size_t i = 0; i < 2; ++i) {
            largest = std::max(largest, std::abs(y[i]));
            worst_tick = std::max(worst_tick, std::abs(static_cast<double>(tick[i]) - y[i]));
            if (full) worst_window = std::max(worst_window, std::abs(static_cast<double>(out[i]) - y[i]));
        }
    }
    REQUIRE(samples.size() == 2 * 64);
    REQUIRE(windows == 64 - 38 + 1);  // window 32 and a filter of 7 samples
    REQUIRE(largest > 1);
    CHECK(worst_tick <= tolerance<T> * largest);
    CHECK(worst_window <= tolerance<T> * largest);
}
