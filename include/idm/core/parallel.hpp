#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <type_traits>
#include <utility>

#include <idm/core/barrier.hpp>
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

/// The calling thread's place among those that work on the same thing.
class Team {
public:
    Team(int index, int size) : index_(index), size_(size) {}
    int index() const { return index_; }
    int size() const { return size_; }

    /// This thread's share of `count` items.
    Range share(Index count) const { return split_range(count, size_, index_); }

private:
    int index_, size_;
};

namespace detail {

/// The first exception of several threads.
class Failure {
public:
    template <class Body>
    void guard(Body&& body) {
#if IDM_HAS_EXCEPTIONS
        try {
            body();
        } catch (...) {
            if (!failed_.test_and_set()) failure_ = std::current_exception();
        }
#else
        body();
#endif
    }
    /// To be called by one thread, once the others are done.
    void rethrow() {
#if IDM_HAS_EXCEPTIONS
        failed_.clear();
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
#endif
    }

private:
#if IDM_HAS_EXCEPTIONS
    std::atomic_flag failed_;
    std::exception_ptr failure_;
#endif
};

}  // namespace detail

/// Threads that stay together over many short jobs, see `with_crew`.
///
/// OpenMP's own regions end in a wait that spins for milliseconds by default; with another program on the machine that
/// made a training step of 1 ms last 9. A `Barrier` does not, and a job starts sooner.
class Crew {
public:
    int size() const { return size_; }

    /// Runs `body(Team)` once on each thread and waits for all. Work of which one part needs all of another is two
    /// jobs: the end of one and the beginning of the next cost what a barrier between them would, and no thread can
    /// miss it.
    ///
    /// *Errors*: the first exception of any thread is passed on to the caller afterwards.
    /// *Threads*: for the one that `with_crew` called its function on.
    template <class Body>
    void run(Body&& body) {
        if (size_ == 1) return body(Team(0, 1));
        const auto call = [](const void* any, const Team& team) {
            (*const_cast<std::remove_reference_t<Body>*>(static_cast<const std::remove_cvref_t<Body>*>(any)))(team);
        };
        barrier_.release({call, &body});
        failure_.guard([&] { body(Team(0, size_)); });
        barrier_.gather(size_);
        failure_.rethrow();
    }

private:
    Crew(int most, int looks) : barrier_(most, looks) {}

    /// What the others do until `dismiss`, in turns with the leader's `release` and `gather`.
    void serve(const Team& team) {
        std::uint32_t round = 0;
        while (const Order order = barrier_.wait_for_release(round)) {
            failure_.guard([&] { order.call(order.body, team); });
            round = barrier_.report(team.index());
        }
    }
    void dismiss() { barrier_.release(); }

    template <class Body>
    friend void with_crew(int threads, Body&& body);

    int size_ = 1;
    detail::Failure failure_;
    Barrier barrier_;
};

/// Calls `body(Crew&)` once, with `threads` threads (0: `default_threads()`) ready for its jobs; fewer where OpenMP
/// gives fewer, as inside another region. Without OpenMP, or with one thread, a job is a plain call.
///
/// *Errors*: those of `body`.
template <class Body>
void with_crew(int threads, Body&& body) {
    if (threads <= 0) threads = default_threads();
#if IDM_HAS_OPENMP
    if (threads > 1) {
        // Waiting awake for a thread that has no processor of its own would keep it from the one it shares.
        Crew crew(threads, threads <= omp_get_num_procs() ? Barrier::default_looks : 0);
        detail::Failure failure;
#pragma omp parallel num_threads(threads)
        {
            const Team team(omp_get_thread_num(), omp_get_num_threads());
            if (team.index() == 0) {
                crew.size_ = team.size();
                failure.guard([&] { body(crew); });
                crew.dismiss();
            } else {
                crew.serve(team);
            }
        }
        failure.rethrow();
        return;
    }
#endif
    Crew alone(0, 0);
    body(alone);
}

/// Runs `body(Team)` once on each of `threads` threads and waits for all: a crew for one job.
///
/// *Errors*: those of `Crew::run`.
template <class Body>
void parallel(int threads, Body&& body) {
    with_crew(threads, [&](Crew& crew) { crew.run(body); });
}

IDM_NAMESPACE_END
