// Tells before training what is wrong with a log.
//
//     log_doctor --log run.csv --position q1,q2 --velocity qd1,qd2 --target tau1,tau2 --time t
//     log_doctor kuka_kr300
//
// Status: 0 fit to train on, 1 not fit, 2 the log can't be read or the options are wrong.

#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include <idm/data/doctor.hpp>

#include "support/doctor_log.hpp"

int main(int argc, char** argv) {
    CLI::App app("Tells before training what is wrong with a log.", "log_doctor");
    examples::Options options;
    examples::add_log_options(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    try {
        const examples::DataSource source = examples::load_for_doctor(options);
        const idm::Diagnosis diagnosis = idm::diagnose(source.log, source.recipe, source.split);
        std::printf("%s: %s\n%s", source.name.c_str(), source.description.c_str(),
                    idm::format_diagnosis(diagnosis).c_str());
        return diagnosis.fit() ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "log_doctor: %s\n", error.what());
        return 2;
    }
}
