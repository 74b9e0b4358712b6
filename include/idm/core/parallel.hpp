#pragma once

#include <algorithm>
#include <exception>

#include <idm/core/config.hpp>

#if IDM_HAS_OPENMP
#include <omp.h>
#endif

// The one file that names OpenMP.

IDM_NAMESPACE_BEGIN

/// Threads that `parallel` uses when asked for 0: as many as OpenMP offers; 1 without OpenMP.
inline int default_threads() {
#if IDM_HAS_OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

/// Half-open range of a static split of `count` items into `parts`: sizes differ by at most one.
struct Range {
    Index begin = 0;
    Index end = 0;
};

inline constexpr Range split_range(Index count, Index parts, Index part) {
    const Index base = count / parts, extra = count % parts;
    const Index begin = part * base + std::min(part, extra);
    return {begin, begin + base + (part < extra ? 1 : 0)};
}

/// The calling thread's place in a parallel region.
class Team {
public:
    Team(int index, int size) : index_(index), size_(size) {}
    int index() const { return index_; }
    int size() const { return size_; }

    /// This thread's share of `count` items.
    Range share(Index count) const { return split_range(count, size_, index_); }

    /// Waits until every thread of the region has arrived.
    void barrier() const {
#if IDM_HAS_OPENMP
        if (size_ > 1) {
#pragma omp barrier
        }
#endif
    }

private:
    int index_, size_;
};

/// Runs `body(Team)` once on each of `threads` threads (0: `default_threads()`) and waits for all. Without OpenMP, or
/// with one thread, it is a plain call.
///
/// *Errors*: an exception of any thread is passed on to the caller after the region; `body` must not throw between
/// barriers that the others wait at.
template <class Body>
void parallel(int threads, Body&& body) {
    if (threads <= 0) threads = default_threads();
#if IDM_HAS_OPENMP
    if (threads > 1) {
#if IDM_HAS_EXCEPTIONS
        std::exception_ptr failure;
#endif
#pragma omp parallel num_threads(threads)
        {
#if IDM_HAS_EXCEPTIONS
            try {
                body(Team(omp_get_thread_num(), omp_get_num_threads()));
            } catch (...) {
#pragma omp critical(idm_parallel_failure)
                failure = std::current_exception();
            }
#else
            body(Team(omp_get_thread_num(), omp_get_num_threads()));
#endif
        }
#if IDM_HAS_EXCEPTIONS
        if (failure) std::rethrow_exception(failure);
#endif
        return;
    }
#endif
    body(Team(0, 1));
}

IDM_NAMESPACE_END
