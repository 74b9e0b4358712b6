#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <idm/core/buffer.hpp>
#include <idm/core/error.hpp>
#include <idm/core/random.hpp>

/// Memory for what a kernel reads and writes, with marks where it must do neither.

namespace test {

using idm::Index;

template <class T>
auto bits(T value) {
    return std::bit_cast<std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>(value);
}

/// Fills memory that nobody may touch. A NaN, so that whoever reads it shows; a signalling one, so that whoever adds to
/// it shows too, as arithmetic makes it quiet.
template <class T>
T mark() {
    if constexpr (sizeof(T) == 4)
        return std::bit_cast<T>(std::uint32_t{0x7f85a5a5});
    else
        return std::bit_cast<T>(std::uint64_t{0x7ff05a5a5a5a5a5a});
}

/// `runs` runs of `run` numbers, `stride` apart, `before` numbers ahead of the first and `behind` after the last one.
/// Whatever is not in a run is a mark.
///
/// The memory starts `offset` numbers behind a 64-byte boundary (1: no vector is aligned) and ends where its allocation
/// ends, so that a sanitizer sees a read beyond it.
template <class T>
class Guarded {
public:
    Guarded(Index runs, Index run, Index stride, Index before, Index behind, Index offset)
        : runs_(runs),
          run_(run),
          stride_(stride),
          begin_(offset + before),
          memory_(begin_ + (runs > 0 ? (runs - 1) * stride + run : 0) + behind) {
        memory_.fill(mark<T>());
    }

    T* data() { return memory_.data() + begin_; }
    const T* data() const { return memory_.data() + begin_; }
    Index runs() const { return runs_; }
    Index run() const { return run_; }
    T& at(Index run, Index i) { return data()[run * stride_ + i]; }
    const T& at(Index run, Index i) const { return data()[run * stride_ + i]; }

    template <class F>
    void for_each(F&& f) {
        for (Index n = 0; n < runs_; ++n)
            for (Index i = 0; i < run_; ++i) f(at(n, i));
    }
    void fill(T value) {
        for_each([&](T& x) { x = value; });
    }
    /// Uniform in [-1, 1).
    void fill_uniform(idm::Random& random) {
        for_each([&](T& x) { x = static_cast<T>(random.uniform(-1, 1)); });
    }
    /// Integers in [-2, 2]: their sums of products are exact, in whatever order.
    void fill_integers(idm::Random& random) {
        for_each([&](T& x) { x = static_cast<T>(static_cast<int>(random.below(5)) - 2); });
    }
    /// Zeros in the `before` numbers ahead of each run and the `behind` numbers after it: the halo that a kernel reads.
    void zero_halo(Index before, Index behind) {
        for (Index n = 0; n < runs_; ++n) {
            std::fill_n(data() + n * stride_ - before, before, T(0));
            std::fill_n(data() + n * stride_ + run_, behind, T(0));
        }
    }

    /// Is every number outside the runs still a mark? Not for memory with a halo.
    bool is_untouched_outside() const {
        for (Index i = 0; i < memory_.size(); ++i) {
            const Index place = i - begin_;
            const bool inside =
                place >= 0 && place / std::max<Index>(stride_, 1) < runs_ && place % std::max<Index>(stride_, 1) < run_;
            if (!inside && bits(memory_[i]) != bits(mark<T>())) return false;
        }
        return true;
    }

private:
    Index runs_, run_, stride_, begin_;
    idm::Buffer<T> memory_;
};

/// Numbers in one run, between marks.
template <class T>
Guarded<T> line(Index size, Index offset = 1) {
    return Guarded<T>(1, size, size, 0, 0, offset);
}
template <class T>
Guarded<T> guarded_line(Index size, Index offset = 1) {
    return Guarded<T>(1, size, size, 64, 64, offset);
}

/// Numbers in [-1, 1), between marks.
template <class T>
Guarded<T> guarded_uniform(Index size, std::uint64_t seed) {
    idm::Random random(seed);
    auto numbers = guarded_line<T>(size);
    numbers.fill_uniform(random);
    return numbers;
}

/// Two vectors of the widest kind (16 floats), and then every rest.
inline constexpr Index most_numbers = 3 * 16;

/// Empty if all numbers have equal bits, else the first difference.
template <class T>
std::string difference_in_bits(const Guarded<T>& a, const Guarded<T>& b) {
    for (Index n = 0; n < a.runs(); ++n)
        for (Index i = 0; i < a.run(); ++i)
            if (bits(a.at(n, i)) != bits(b.at(n, i)))
                return idm::detail::message("run ", n, " number ", i, ": ", a.at(n, i), " and ", b.at(n, i),
                                            ", difference ", a.at(n, i) - b.at(n, i));
    return {};
}

/// Largest error of one sum of `terms` products, in any order, with or without fused multiply-add, relative to the sum
/// of their magnitudes: gamma_n = n u / (1 - n u) with u the unit roundoff.
/// *Source*: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, section 3.1.
template <class T>
double gamma(Index terms) {
    const double nu = static_cast<double>(terms) * 0.5 * static_cast<double>(std::numeric_limits<T>::epsilon());
    return nu / (1 - nu);
}

/// Empty if each number of `a` and `b`, both sums of `terms` products, differs by no more than two such sums can;
/// `magnitude` holds the sums of the products' magnitudes, themselves computed in T.
template <class T>
std::string difference_beyond_rounding(const Guarded<T>& a, const Guarded<T>& b, const Guarded<T>& magnitude,
                                       Index terms) {
    const double relative = 2 * gamma<T>(terms + 1) * (1 + gamma<T>(terms + 1));
    for (Index n = 0; n < a.runs(); ++n)
        for (Index i = 0; i < a.run(); ++i) {
            const double bound = relative * static_cast<double>(magnitude.at(n, i));
            const double difference = static_cast<double>(a.at(n, i)) - static_cast<double>(b.at(n, i));
            if (!(std::abs(difference) <= bound))
                return idm::detail::message("run ", n, " number ", i, ": ", a.at(n, i), " and ", b.at(n, i),
                                            ", difference ", difference, " beyond ", bound);
        }
    return {};
}

}  // namespace test
