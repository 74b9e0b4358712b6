// The proof: a learned model in a 1 kHz control loop, against what an engineer would do without it.
//
// A 7-joint arm whose masses, inertias, rotors and friction are 10 % off its data sheet, with friction that the data
// sheet does not know, follows motions that no controller has seen. All controllers share one feedback; they differ in
// the torque that they add to it:
//     pd                      none
//     pd_gravity              gravity by the data sheet
//     pd_rigid_body           rigid-body inverse dynamics by the data sheet, along the motion
//     pd_learned              a Cnn2, fed the motion ahead of time, sample by sample (idm::Stream)
//     pd_rigid_body_residual  rigid body, and a Cnn2 that has learned what it leaves
// The networks learn from motions under pd_gravity, logged at 100 Hz; they run in the 1 kHz loop, interleaved.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <idm/idm.hpp>

#include "support/arm_loop.hpp"
#include "support/progress.hpp"

namespace {

using namespace examples;
using Net = idm::Cnn2<float>;

constexpr double log_period = 0.01;  // s
constexpr double duration = 10;      // s, of one motion

struct Options {
    std::filesystem::path json, out = "control_loop";
    idm::Index motions = 40, epochs = 40, tests = 5;
};

idm::robot::Excitation motion(std::uint64_t seed, idm::Index number) {
    return {idm::robot::arm7(), {.duration = duration}, idm::Random(seed, static_cast<std::uint64_t>(number))};
}

Joints gravity(const idm::robot::SerialChain& chain, const Joints& q) {
    const Joints rest = Joints::Zero(q.size());
    return chain.inverse_dynamics(q, rest, rest);
}

/// What the arm does under feedback and gravity, as its controller logs it: position and commanded torque.
idm::Log record_motions(const Gains& gains, idm::Index count) {
    const idm::robot::SerialChain nominal = nominal_arm();
    constexpr auto every = static_cast<idm::Index>(log_period / tick + 0.5);
    idm::Log log;
    for (const char* name : {"q{}", "tau{}"})
        for (std::string& column : idm::numbered(name, 1, 7)) log.columns.push_back(std::move(column));
    for (idm::Index m = 0; m < count; ++m) {
        Plant plant(true_arm());
        idm::Trajectory out;
        out.name = std::to_string(m + 1);
        out.values.resize(static_cast<idm::Index>(duration / log_period + 0.5), 14);
        idm::Index k = 0;
        run_loop(
            plant, motion(1, m), duration, gains, [&](double, const Joints& q) { return gravity(nominal, q); },
            [&](double time, const Joints& q, const Joints& commanded, const Joints&) {
                if (k++ % every != 0 || static_cast<idm::Index>(out.time.size()) == out.values.rows()) return;
                out.values.row(static_cast<idm::Index>(out.time.size())) << q.transpose(), commanded.transpose();
                out.time.push_back(time);
            });
        log.trajectories.push_back(std::move(out));
    }
    return log;
}

/// Positions alone; the filter is centred and the window looks ahead, because the motion is planned.
idm::Recipe recipe() {
    return {.positions = {.columns = idm::numbered("q{}", 1, 7)},
            .targets = {.columns = idm::numbered("tau{}", 1, 7)},
            .use_sin = true,
            .use_cos = true,
            .sign_velocity = 0.05,
            .window = 32,
            .ahead = 4};
}

Net learn(const char* name, const idm::Dataset<float>& data, idm::Index epochs) {
    Net model({.window = 32, .inputs = data.inputs.cols(), .outputs = 7});
    model.initialise(1);
    idm::train(model, data, {.epochs = epochs, .batch_size = 128}, ProgressBar(name));
    return model;
}

/// A stream along a planned motion: each tick gets the sample that is `delay()` ticks ahead.
class Planned {
public:
    Planned(const Net& model, const idm::Dataset<float>& data)
        : stream_(model, data.recipe, data.normaliser,
                  {.sample_period = tick, .between = idm::BetweenSamples::interleave}) {}

    /// Before the motion begins: the arm rests where it starts.
    void start(const idm::robot::Excitation& motion) {
        stream_.reset();
        for (idm::Index k = -stream_.warm_up(); k < stream_.delay(); ++k) feed(motion, static_cast<double>(k) * tick);
    }
    Joints torque(const idm::robot::Excitation& motion, double time) {
        return feed(motion, time + static_cast<double>(stream_.delay()) * tick);
    }
    std::vector<double>& tick_times() { return tick_times_; }

private:
    Joints feed(const idm::robot::Excitation& motion, double time) {
        const Desired planned(motion, time);
        const auto begin = std::chrono::steady_clock::now();
        const auto y = stream_.tick(view(planned.q));
        tick_times_.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
        return Eigen::Map<const idm::Vector<float>>(y.data(), 7).cast<double>();
    }

    idm::Stream<Net> stream_;
    std::vector<double> tick_times_;
};

/// Squared tracking errors of one controller over all test motions, and the first motion's course.
struct Result {
    double squares = 0, count = 0;
    std::vector<double> time, error;  // s, mrad
    double rms() const { return std::sqrt(squares / count); }
};

double percentile(std::vector<double> values, double share) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

/// Tracking errors along the first motion, and how long the ticks took.
void draw(const std::vector<std::pair<std::string, Result>>& results, std::vector<double> ticks,
          const std::filesystem::path& out) {
    const char* colours[] = {"#888888", "#d98c00", "#b0343c", "#0b6bcb", "#2a8a4a"};
    idm::Chart chart;
    chart.title = "Tracking errors and tick times";
    chart.panel_height = 300;
    chart.panels.resize(2);
    chart.panels[0] = {.title = "The first unseen motion",
                       .x_label = "time in s",
                       .y_label = "error, all joints, in mrad",
                       .logarithmic_y = true};
    for (std::size_t i = 0; i < results.size(); ++i) {
        chart.legend.push_back({results[i].first, {colours[i]}});
        chart.panels[0].curves.push_back({{colours[i]}, results[i].second.time, results[i].second.error});
    }
    std::sort(ticks.begin(), ticks.end());
    chart.panels[1] = {.title = "Ticks of pd_learned: the share that was faster",
                       .x_label = "% of all ticks",
                       .y_label = "time of a tick in us",
                       .logarithmic_y = true};
    idm::Curve curve{{colours[3]}};
    for (int share = 0; share <= 1000; ++share) {
        curve.x.push_back(share / 10.0);
        curve.y.push_back(ticks[static_cast<std::size_t>(share) * (ticks.size() - 1) / 1000]);
    }
    chart.panels[1].curves.push_back(std::move(curve));
    idm::Picture picture = idm::draw_chart(chart);
    if (!picture.failure.empty()) {
        std::fprintf(stderr, "no picture: %s\n", picture.failure.c_str());
        return;
    }
    if (picture.svg.find("xmlns=") == std::string::npos) picture.svg.insert(4, " xmlns=\"http://www.w3.org/2000/svg\"");
    const idm::FileContent file{out / "control_loop.svg", picture.svg};
    idm::write_files({&file, 1});
    std::printf("picture: %s\n", file.path.string().c_str());
}

void run(const Options& options) {
    const Gains gains(nominal_arm());
    const idm::robot::SerialChain nominal = nominal_arm();
    std::fprintf(stderr, "recording %td motions of %g s under feedback and gravity\n", options.motions, duration);
    const idm::Log log = record_motions(gains, options.motions);
    const auto data = idm::make_dataset<float>(log, recipe(), idm::ByTrajectory{});
    const auto rest = idm::physics::make_residual_dataset<float>(
        log, recipe(), idm::ByTrajectory{}, [&](const auto&... state) { return nominal.inverse_dynamics(state...); });
    const Net model = learn("torque", data, options.epochs), correction = learn("residual", rest, options.epochs);
    Planned learned(model, data), residual(correction, rest);

    std::vector<std::pair<std::string, Result>> results;
    for (const char* name : {"pd", "pd_gravity", "pd_rigid_body", "pd_learned", "pd_rigid_body_residual"})
        results.emplace_back(name, Result{});
    for (idm::Index m = 0; m < options.tests; ++m) {
        const idm::robot::Excitation course = motion(2, m);  // another seed: none of them was recorded
        const auto rigid = [&](double time) {
            const Desired d(course, time);
            return nominal.inverse_dynamics(d.q, d.qd, d.qdd);
        };
        const Feedforward controllers[] = {
            [](double, const Joints& q) -> Joints { return Joints::Zero(q.size()); },
            [&](double, const Joints& q) -> Joints { return gravity(nominal, q); },
            [&](double time, const Joints&) -> Joints { return rigid(time); },
            [&](double time, const Joints&) -> Joints { return learned.torque(course, time); },
            [&](double time, const Joints&) -> Joints { return rigid(time) + residual.torque(course, time); }};
        for (std::size_t c = 0; c < results.size(); ++c) {
            learned.start(course);
            residual.start(course);
            Result& result = results[c].second;
            Plant plant(true_arm());
            run_loop(
                plant, course, duration, gains, controllers[c],
                [&](double time, const Joints&, const Joints&, const Joints& error) {
                    result.squares += error.squaredNorm();
                    result.count += static_cast<double>(error.size());
                    if (m == 0 && static_cast<double>(result.time.size()) < result.count / 7 / 5) {  // every fifth tick
                        result.time.push_back(time);
                        result.error.push_back(std::max(1000 * error.norm(), 0.05));
                    }
                });
        }
    }

    const double p50 = percentile(learned.tick_times(), 0.5), p99 = percentile(learned.tick_times(), 0.99);
    std::printf("RMS tracking error over %td unseen motions of %g s, rad per joint\n", options.tests, duration);
    idm::JsonWriter json;
    json.begin_object().key("rms_error_rad").begin_object();
    for (const auto& [name, result] : results) {
        std::printf("  %-24s %.5f   (PD / this: %.1f)\n", name.c_str(), result.rms(),
                    results[0].second.rms() / result.rms());
        json.member(name, result.rms());
    }
    json.end_object().member("tick_p50_us", p50).member("tick_p99_us", p99).end_object();
    std::printf("tick of the learned model: p50 %.2f us, p99 %.2f us, of 1000 us\n", p50, p99);
    draw(results, learned.tick_times(), options.out);
    if (!options.json.empty()) {
        const idm::FileContent file{options.json, json.text() + "\n"};
        idm::write_files({&file, 1});
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("A learned inverse dynamics model in a 1 kHz control loop of a simulated 7-joint arm");
    Options options;
    app.add_option("--json", options.json, "file for the figures");
    app.add_option("--out", options.out, "folder for the picture")->capture_default_str();
    app.add_option("--motions", options.motions, "motions to learn from")
        ->check(CLI::Range(5, 1000))
        ->capture_default_str();
    app.add_option("--epochs", options.epochs, "passes over them")->check(CLI::PositiveNumber)->capture_default_str();
    app.add_option("--tests", options.tests, "unseen motions")->check(CLI::PositiveNumber)->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    try {
        run(options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "control_loop: %s\n", error.what());
        return 1;
    }
    return 0;
}
