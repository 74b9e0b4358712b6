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

using Clock = std::chrono::steady_clock;

inline double microseconds_since(Clock::time_point begin) {
    return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

inline double microseconds_of(const std::function<void()>& work) {
    const auto begin = Clock::now();
    work();
    return microseconds_since(begin);
}

/// How much is measured: at least 20 rounds, so that the best of their medians is one that nothing disturbed; short
/// ones, because another job's slices last milliseconds. A busy machine may not come so far within a contest's time.
struct Effort {
    int rounds = 100;
    int samples = 5;         // of each contestant in a round, or fewer: a round ends
    double round_us = 30e3;  // once it has taken so long
    double contest_us = 20e6;
    double sample_us = 100;  // a short call is repeated until a sample takes about as long
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
    /// Something to call a number of times: a sample is the time of one call in microseconds, from as many as fill a
    /// sample's length.
    void add_calls(std::function<void(int)> call) {
        const auto time = [call = std::move(call)](int calls) { return microseconds_of([&] { call(calls); }) / calls; };
        // Not the first call alone: it may have threads to gather, for milliseconds. Then several at a time.
        double once = infinity;
        const auto begin = Clock::now();
        do once = std::min(once, time(1));
        while (microseconds_since(begin) < effort_.round_us);
        for (int calls = 2; calls * once < effort_.sample_us; calls *= 2) once = std::min(once, time(calls));
        const int calls = std::max(1, static_cast<int>(std::lround(effort_.sample_us / once)));
        add([time, calls] { return time(calls); });
    }

    /// One sample of each; false once all rounds are done.
    bool turn() {
        if (samples_++ == 0) round_begin_ = Clock::now();
        if (rounds_ == 0 && samples_ == 1) begin_ = round_begin_;
        for (Contestant& c : contestants_) c.samples.push_back(c.sample());
        if (samples_ < effort_.samples && microseconds_since(round_begin_) < effort_.round_us) return true;
        samples_ = 0;
        for (Contestant& c : contestants_) {
            const double m = median(c.samples);
            c.best = c.best_is_least ? std::min(c.best, m) : std::max(c.best, m);
            c.samples.clear();
        }
        return ++rounds_ < effort_.rounds && microseconds_since(begin_) < effort_.contest_us;
    }
    void run() {
        while (turn()) {
        }
    }
    int finished() const { return rounds_; }
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
    int rounds_ = 0, samples_ = 0;  // finished; of the round so far
    Clock::time_point begin_, round_begin_;
};

}  // namespace bench
