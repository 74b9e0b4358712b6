// Made fixtures/cnn2_x86.* on x86-64 without further instruction sets: make_x86_fixture FOLDER. Each *.head is a
// weights file without its data section; each *.txt has a line for each of 64 ticks: the sample, then what `Stream`
// makes of it. g++ -std=c++20 -O2 -ffp-contract=off -Iinclude -Itests -isystem /usr/include/eigen3
// tests/unit/io/make_x86_fixture.cpp

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <idm/models/stream.hpp>

#include "support/weights_file.hpp"
#include "x86_example.hpp"

#if !defined(__x86_64__)
#error "these fixtures are what x86-64 computes"
#endif

namespace {

template <class T>
void make(const std::filesystem::path& folder) {
    using M = idm::Cnn2<T>;
    idm_test::NetworkRun<T, typename M::NetworkType> run(M(x86_example::config()).network());
    run.draw_parameters(x86_example::seed);
    M model(x86_example::config());
    std::copy_n(run.parameters.data(), run.parameters.size(), model.parameters().data());
    const std::string name = std::string("cnn2_x86.") + idm_test::precision<T>;
    const std::filesystem::path head = folder / (name + ".head");
    const auto info = x86_example::info<T>();
    idm::save_weights(head, model, info);
    const auto data = idm_test::data_section<M>(x86_example::config(), x86_example::seed).size();
    std::filesystem::resize_file(head, std::filesystem::file_size(head) - data);

    idm::Stream<M> stream(model, info.recipe, info.normaliser);
    std::ofstream text(folder / (name + ".txt"));
    text.precision(17);
    for (int row = 0; row < 64; ++row) {
        const auto sample = x86_example::sample(row);
        const auto y = stream.tick(sample);
        text << sample[0] << ' ' << sample[1] << ' ' << double{y[0]} << ' ' << double{y[1]} << '\n';
    }
}

}  // namespace

int main(int, char** arguments) {
    make<float>(arguments[1]);
    make<double>(arguments[1]);
}
