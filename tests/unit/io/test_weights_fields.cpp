// Every field of what goes with the weights must reach the file. A field added to one of these types stops a structured
// binding below from compiling: name it there, give it a value in `unlike_defaults`, write and read it in
// io/weights/info.hpp.

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <idm/io/charts.hpp>
#include <idm/models/baseline.hpp>

#include "support/catch.hpp"
#include "weights_example.hpp"

using namespace idm;

namespace {

auto fields(const ColumnGroup& group) {
    const auto& [columns, unit, scale] = group;
    return std::tie(columns, unit, scale);
}
auto fields(const SavitzkyGolayConfig& filter) {
    const auto& [length, order, alignment] = filter;
    return std::tie(length, order, alignment);
}
auto fields(const Recipe& recipe) {
    const auto& [positions, velocities, accelerations, extras, targets, target_origins, target_quantity, target_unit,
                 use_positions, use_velocities, use_accelerations, use_sin, use_cos, sign_velocity, filter, window,
                 ahead, horizon, sample_period] = recipe;
    return std::tie(positions, velocities, accelerations, extras, targets, target_origins, target_quantity, target_unit,
                    use_positions, use_velocities, use_accelerations, use_sin, use_cos, sign_velocity, filter, window,
                    ahead, horizon, sample_period);
}
auto fields(const TrainingSummary& training) {
    const auto& [data, seed, epochs, train_seconds, validation_nmse] = training;
    return std::tie(data, seed, epochs, train_seconds, validation_nmse);
}
auto fields(const WeightsInfo<double>& info) {
    const auto& [recipe, input_names, target_names, normaliser, training] = info;
    return std::tie(recipe, input_names, target_names, normaliser, training);
}

template <class V>
concept Aggregate = requires(const V& value) {
    fields(value);
};

// Calls check(a, b, place) for each number, text or list of two values of one type; the place counts fields from 0.
template <class V, class Check>
void each_pair(const V& a, const V& b, Check check, const std::string& place = "") {
    if constexpr (Aggregate<V>) {
        const auto walk = [&]<std::size_t... I>(std::index_sequence<I...>) {
            const auto x = fields(a), y = fields(b);
            (each_pair(std::get<I>(x), std::get<I>(y), check, place + "." + std::to_string(I)), ...);
        };
        walk(std::make_index_sequence<std::tuple_size_v<decltype(fields(a))>>());
    } else {
        check(a, b, place);
    }
}

template <class V>
bool equal(const V& a, const V& b) {
    return a == b;
}
bool equal(const Normaliser<double>& a, const Normaliser<double>& b) {
    const auto same = [](const Vector<double>& x, const Vector<double>& y) { return x.size() == y.size() && x == y; };
    return same(a.input_mean(), b.input_mean()) && same(a.input_scale(), b.input_scale()) &&
           same(a.target_mean(), b.target_mean()) && same(a.target_scale(), b.target_scale()) &&
           same(a.input_low(), b.input_low()) && same(a.input_high(), b.input_high()) &&
           a.constant_inputs() == b.constant_inputs();
}
static_assert(sizeof(Normaliser<double>) == 6 * sizeof(Vector<double>) + sizeof(std::vector<std::string>),
              "a new member of Normaliser: compare it above, write and read it in io/weights/info.hpp");

WeightsInfo<double> unlike_defaults() {
    const auto group = [](const char* name, double scale) {
        return ColumnGroup{.columns = {name}, .unit = AngleUnit::degree, .scale = {scale}};
    };
    WeightsInfo<double> info = example_info<double>();
    info.recipe = {.positions = group("q", 2),
                   .velocities = group("v", 3),
                   .accelerations = group("a", 4),
                   .extras = group("e", 5),
                   .targets = group("t", 6),
                   .target_origins = group("o", 7),
                   .target_quantity = "current",
                   .target_unit = "A",
                   .use_positions = false,
                   .use_velocities = false,
                   .use_accelerations = false,
                   .use_sin = true,
                   .use_cos = true,
                   .sign_velocity = 0.5,
                   .filter = {.length = 8, .order = 3, .alignment = Alignment::causal},
                   .window = 8,
                   .ahead = 2,
                   .horizon = 2,
                   .sample_period = 0.1};
    info.input_names = {"sin", "cos", "sign", "e"};
    info.normaliser = Normaliser<double>(Vector<double>{{1, 2, 3, 4}}, Vector<double>{{5, 6, 7, 8}},
                                         Vector<double>{{9, 11}}, Vector<double>{{10, 12}}, {"cos", "e"});
    info.target_names = {"t@+0", "t@+1"};
    info.normaliser.set_input_range(Vector<double>{{-1, -2, -3, 4}}, Vector<double>{{1, 2, 3, 4}});
    return info;
}

}  // namespace

TEST_CASE("every field of recipe, names, normaliser and summary reaches the weights file", "[weights]") {
    const WeightsInfo<double> info = unlike_defaults();
    each_pair(info, WeightsInfo<double>{}, [](const auto& a, const auto& b, const std::string& place) {
        INFO("field " << place << " has its default value: the round trip would show nothing");
        CHECK_FALSE(equal(a, b));
    });
    const detail::TemporaryFolder folder;
    Baseline<double> model({.window = 8, .inputs = 4, .outputs = 2});
    save_weights(folder.path() / "x", model, info);
    each_pair(info, load_weights(folder.path() / "x", model),
              [](const auto& a, const auto& b, const std::string& place) {
                  INFO("field " << place);
                  CHECK(equal(a, b));
              });
}
