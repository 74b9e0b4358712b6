#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {

/// Where threads wait for something that another makes true: briefly awake, then asleep.
///
/// Threads that share the work evenly arrive within microseconds, and waking a sleeper costs as much, so a look in a
/// loop is the fastest way to wait. It is bounded because on a busy machine the last thread may have no processor at
/// all: it gets one when the others give theirs up.
///
/// Sleep is a condition variable's. `std::atomic::wait` is shorter, but once a training of two threads slept in it for
/// good (gcc 12, Linux 6.18, a busy machine): the round was over, and its wake-up had got lost.
class Wait {
public:
    explicit Wait(int looks) : looks_(looks) {}

    /// Returns once `over()`, which reads atomics in sequential consistency.
    template <class Over>
    void until(Over&& over) {
        for (int look = 0; look < looks_; ++look) {
            if (over()) return;
            pause();
        }
        std::unique_lock lock(mutex_);
        sleepers_.fetch_add(1);
        while (!asleep_.wait_for(lock, longest_sleep, over)) continue;
        sleepers_.fetch_sub(1);
    }

    /// To be called behind the write, in sequential consistency, that makes it true.
    void wake() {
        if (sleepers_.load() == 0) return;
        { const std::lock_guard lock(mutex_); }  // nobody is between a last look and sleep
        asleep_.notify_all();
    }

private:
    /// A wake-up that is lost all the same costs no more.
    static constexpr std::chrono::milliseconds longest_sleep{100};

    /// Tells the processor that this is a loop of waiting.
    static void pause() {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("yield");
#endif
    }

    alignas(alignment_bytes) std::atomic<int> sleepers_ = 0;
    int looks_;
    std::mutex mutex_;
    std::condition_variable asleep_;
};

}  // namespace detail

class Team;

/// What the leader of a team wants done: `call(body, team)`, or nothing more.
struct Order {
    void (*call)(const void* body, const Team&) = nullptr;
    const void* body = nullptr;

    explicit operator bool() const { return call; }
};

/// Where the threads of a team wait for each other. Thread 0 leads: it sends the others on, `release`, which begins a
/// job, and waits for their reports, `gather`, which ends it.
///
/// Each report has a cache line of its own. With one counter for all, its line had to pass from thread to thread, and
/// an empty job of a `Crew` of four took twice as long.
///
/// *Cost*: no allocation but at construction; a system call only to sleep and to wake sleepers.
class Barrier {
public:
    /// 2000 looks last 10 to 100 us, by how long a processor's pause is: longer than the parts of a training step lie
    /// apart, shorter than a scheduler's slice.
    static constexpr int default_looks = 2000;

    /// For up to `most` threads; `looks`: before a waiting thread goes to sleep.
    explicit Barrier(int most, int looks = default_looks)
        : reports_(static_cast<std::size_t>(most)), leader_(looks), others_(looks) {}

    /// Of thread 0: waits for the reports of threads 1 .. `size` - 1 in this round. What they wrote before, it sees.
    void gather(int size) {
        const std::uint32_t round = round_.load(std::memory_order_relaxed);
        for (std::size_t i = 1; i < static_cast<std::size_t>(size); ++i)
            leader_.until([&] { return reports_[i].round.load() == round + 1; });
    }
    /// Of thread 0, once it has gathered the last round: begins the next, in which the others see what it and they
    /// wrote before. The order lies beside what the others look at, so that it comes with it.
    void release(const Order& order = {}) {
        order_ = order;
        round_.store(round_.load(std::memory_order_relaxed) + 1);
        others_.wake();
    }
    /// Of any other thread; returns the round that it was in.
    std::uint32_t report(int index) {
        const std::uint32_t round = round_.load(std::memory_order_relaxed);  // it goes on only once this thread is here
        reports_[static_cast<std::size_t>(index)].round.store(round + 1);
        leader_.wake();
        return round;
    }
    /// Of any other thread: waits until the round is over.
    Order wait_for_release(std::uint32_t round) {
        others_.until([&] { return round_.load() != round; });
        return order_;
    }

private:
    struct alignas(alignment_bytes) Report {
        std::atomic<std::uint32_t> round = 0;
    };

    std::vector<Report> reports_;
    alignas(alignment_bytes) std::atomic<std::uint32_t> round_ = 0;
    Order order_;
    detail::Wait leader_, others_;
};

IDM_NAMESPACE_END
