// Tells before training what is wrong with a log.
//
//     log_doctor --log run.csv --position q1,q2 --velocity qd1,qd2 --target tau1,tau2 --time t --out examined
//     log_doctor kuka_kr300
//
// With --out, the folder gets the text (log_doctor.txt) and, where gnuplot is installed, a picture (log_doctor.svg).
// Status: 0 fit to train on, 1 not fit, 2 the log can't be read or the options are wrong.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <idm/data/doctor.hpp>
#include <idm/io/atomic_file.hpp>
#include <idm/io/charts.hpp>
#include <idm/io/doctor_chart.hpp>

#include "support/doctor_log.hpp"

namespace {

void write(const std::filesystem::path& folder, const examples::DataSource& source, const idm::Diagnosis& diagnosis,
           const std::string& text) {
    std::vector<idm::FileContent> files = {{folder / "log_doctor.txt", text}};
    const idm::Picture picture = draw_chart(idm::doctor_chart(source.log, source.recipe, source.split, diagnosis));
    if (picture.failure.empty())
        files.push_back({folder / "log_doctor.svg", picture.svg + "\n"});
    else
        std::fprintf(stderr, "log_doctor: no picture: %s; install gnuplot for one\n", picture.failure.c_str());
    idm::write_files(files);
    for (const idm::FileContent& file : files) std::printf("wrote %s\n", file.path.c_str());
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Tells before training what is wrong with a log.", "log_doctor");
    examples::Options options;
    std::filesystem::path out;
    examples::add_log_options(app, options);
    app.add_option("--ahead", options.ahead, "rows behind the target row that a model will see")
        ->check(CLI::Range(0, 16));
    app.add_option("--out", out, "folder for the text and a picture");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    try {
        const examples::DataSource source = examples::load_for_doctor(options);
        const idm::Diagnosis diagnosis = idm::diagnose(source.log, source.recipe, source.split);
        const std::string text =
            source.name + ": " + source.description + "\n" + examples::in_options(idm::format_diagnosis(diagnosis));
        std::printf("%s", text.c_str());
        if (!out.empty()) write(out, source, diagnosis, text);
        return diagnosis.fit() ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "log_doctor: %s\n", examples::in_options(error.what()).c_str());
        return 2;
    }
}
