#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN

/// Random numbers that are the same on every machine: integer arithmetic only, none of the standard library's
/// distributions (their results are implementation-defined), no libm.
///
/// The generator is counter-based: the state is one 64-bit counter passed through the SplitMix64 finaliser.
/// *Source*: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014, fig. 17.
class Random {
public:
    explicit constexpr Random(std::uint64_t seed = 0) : state_(mix(seed + golden)) {}

    /// A generator for one part of a larger job: a function of (seed, stream, step) alone, so that results do not
    /// depend on the order in which the parts run.
    constexpr Random(std::uint64_t seed, std::uint64_t stream, std::uint64_t step = 0)
        : state_(mix(mix(mix(seed + golden) ^ (stream + golden)) + mix(step + golden))) {}

    constexpr std::uint64_t bits() { return mix(state_ += golden); }

    /// Uniform in [0, 1), 53 random bits.
    constexpr double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
    constexpr double uniform(double low, double high) { return low + (high - low) * uniform(); }

    /// Uniform integer in [0, bound), without modulo bias (rejection). `bound` > 0.
    constexpr std::uint64_t below(std::uint64_t bound) {
        const std::uint64_t reject = (0 - bound) % bound;
        for (;;) {
            const std::uint64_t value = bits();
            if (value >= reject) return value % bound;
        }
    }

    /// Mean 0, variance 1: the sum of twelve uniforms, less 6 (Irwin-Hall). Exact in integers and free of libm, hence
    /// bit for bit the same everywhere; its tails end at 6, which suits initialisation and sensor noise.
    constexpr double normal() {
        std::uint64_t sum = 0;
        for (int i = 0; i < 12; ++i) sum += bits() >> 12;
        return static_cast<double>(static_cast<std::int64_t>(sum) - (std::int64_t{6} << 52)) * 0x1p-52;
    }

    /// Fisher-Yates.
    template <class T>
    constexpr void shuffle(std::span<T> items) {
        for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
    }

    constexpr std::uint64_t state() const { return state_; }
    static constexpr Random from_state(std::uint64_t state) {
        Random random;
        random.state_ = state;
        return random;
    }

private:
    static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15u;
    static constexpr std::uint64_t mix(std::uint64_t z) {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }

    std::uint64_t state_;
};

IDM_NAMESPACE_END
