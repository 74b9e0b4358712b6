#pragma once

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/network_run.hpp"

namespace parity {

using idm::Index;

/// The largest error relative to the largest number that PyTorch's double run and ours may differ by.
template <class T>
inline constexpr double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-12;

/// What PyTorch computed for one tensor: every `step`-th number, and 8 sums over all numbers with random signs.
struct Expected {
    std::string name;
    std::vector<Index> shape;
    Index step = 1;
    std::vector<double> values, sums;
};

/// One case of a file that make_fixtures.py wrote; the format is described there.
struct Case {
    std::string name;
    std::uint64_t seed = 0;
    Index samples = 0, length = 0, channels = 0;
    std::vector<Index> options;
    std::vector<Expected> tensors;
};

template <class T>
std::vector<T> read_list(std::istream& in, Index count) {
    std::vector<T> values(static_cast<std::size_t>(count));
    for (T& value : values) in >> value;
    if (!in) throw std::runtime_error("a fixture ends early or holds what is not a number");
    return values;
}

inline std::vector<Case> read_cases(const std::string& file) {
    std::ifstream in(std::string(IDM_TEST_FIXTURES) + "/" + file);
    std::vector<Case> cases;
    std::string word;
    while (in >> word) {
        Case c;
        Index options = 0, tensors = 0;
        in >> c.name >> word >> c.seed >> word >> c.samples >> c.length >> c.channels >> word >> options;
        c.options = read_list<Index>(in, options);
        in >> word >> tensors;
        for (Index i = 0; i < tensors; ++i) {
            Expected e;
            Index rank = 0, size = 1;
            in >> e.name >> rank;
            e.shape = read_list<Index>(in, rank);
            for (const Index extent : e.shape) size *= extent;
            in >> e.step;
            e.values = read_list<double>(in, (size + e.step - 1) / e.step);
            if (e.step > 1) e.sums = read_list<double>(in, 8);
            c.tensors.push_back(std::move(e));
        }
        cases.push_back(std::move(c));
    }
    if (cases.empty()) throw std::runtime_error("no case in fixture " + file);
    return cases;
}

/// Largest difference relative to PyTorch's largest number. A sum of n numbers may differ by sqrt(n) times as much as
/// one: independent roundings add like their squares.
template <class T>
double difference(const Expected& e, const std::vector<T>& values) {
    Index size = 1;
    for (const Index extent : e.shape) size *= extent;
    if (static_cast<Index>(values.size()) != size) return std::numeric_limits<double>::infinity();
    double largest = 0, worst = 0;
    for (std::size_t i = 0; i < e.values.size(); ++i) {
        largest = std::max(largest, std::abs(e.values[i]));
        worst =
            std::max(worst, std::abs(static_cast<double>(values[i * static_cast<std::size_t>(e.step)]) - e.values[i]));
    }
    for (std::size_t j = 0; j < e.sums.size(); ++j) {
        idm::Random random(0, 0);
        double sum = 0;
        for (const T value : values) sum += (random.bits() >> j & 1) ? double(value) : -double(value);
        worst = std::max(worst, std::abs(sum - e.sums[j]) / std::sqrt(static_cast<double>(size)));
    }
    return largest > 0 ? worst / largest : worst;
}

/// Runs a network forward and backward, twice, and compares y, d_x and every parameter's name, shape and gradient.
template <class T, class N>
void check_pass(const Case& c, const N& network) {
    idm_test::NetworkRun<T, N> run(network, c.samples);
    run.draw_parameters(c.seed);
    const auto gradient = run.named_gradient();
    REQUIRE(gradient.size() + 2 == c.tensors.size());
    for (int i = 0; i < 2; ++i) {
        INFO(c.name << ", seed " << c.seed << ", pass " << i + 1);
        run.gradient.fill(0);
        CHECK(difference(c.tensors[0], run.forward(run.draw_input(c.seed))) <= tolerance<T>);
        CHECK(difference(c.tensors[1], run.backward(run.draw_d_output(c.seed))) <= tolerance<T>);
        for (std::size_t p = 0; p < gradient.size(); ++p) {
            const Expected& e = c.tensors[p + 2];
            INFO(e.name);
            CHECK(gradient[p].name() == e.name);
            CHECK(gradient[p].shape() == e.shape);
            CHECK(difference(e, idm_test::values_of(gradient[p])) <= tolerance<T>);
        }
    }
}

}  // namespace parity
