#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

namespace bench {

inline double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

inline double microseconds_of(const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
}

/// How much is measured: at least 20 rounds, so that the best of their medians is one that nothing disturbed.
struct Effort {
    int rounds = 25;
    int samples = 5;         // of each contestant in a round
    double sample_us = 200;  // a short call is repeated until a sample takes about as long
};

/// Contestants that take turns, one sample each: whatever slows the machine slows a round, not a contestant. A
/// contestant's figure is the best of its round medians.
class Rounds {
public:
    explicit Rounds(const Effort& effort) : effort_(effort) {}

    /// Something that measures itself: each call returns one sample. `best_is_least` false: more is better.
    void add(std::function<double()> sample, bool best_is_least = true) {
        contestants_.push_back({std::move(sample), best_is_least, {}, best_is_least ? infinity : 0});
    }
    /// Something to call: a sample is the time of one call in microseconds, from as many as fill a sample's length.
    void add_call(std::function<void()> call) {
        call();
        const double once = std::min(microseconds_of(call), microseconds_of(call));
        const int calls = std::max(1, static_cast<int>(std::lround(effort_.sample_us / once)));
        add([call = std::move(call), calls] {
            return microseconds_of([&] {
                       for (int i = 0; i < calls; ++i) call();
                   }) /
                   calls;
        });
    }

    void run() {
        for (int round = 0; round < effort_.rounds; ++round) {
            for (int sample = 0; sample < effort_.samples; ++sample)
                for (Contestant& c : contestants_) c.samples.push_back(c.sample());
            for (Contestant& c : contestants_) {
                const double m = median(c.samples);
                c.best = c.best_is_least ? std::min(c.best, m) : std::max(c.best, m);
                c.samples.clear();
            }
        }
    }
    double best(std::size_t contestant) const { return contestants_[contestant].best; }

private:
    static constexpr double infinity = std::numeric_limits<double>::infinity();
    struct Contestant {
        std::function<double()> sample;
        bool best_is_least;
        std::vector<double> samples;
        double best;
    };

    Effort effort_;
    std::vector<Contestant> contestants_;
};

}  // namespace bench
