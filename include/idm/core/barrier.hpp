#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN

/// Where the threads of a team wait for each other: briefly awake, then asleep.
///
/// Threads that share the work evenly arrive within microseconds, and waking a sleeper costs as much, so a look at the
/// counter in a loop is the fastest way to wait. It is bounded because on a busy machine the last thread may have no
/// processor at all: it gets one when the others give theirs up.
///
/// Sleep is a condition variable's. `std::atomic::wait` is shorter, but once a training of two threads slept in it for
/// good (gcc 12, Linux 6.18, a busy machine): the round was over, and its wake-up had got lost.
///
/// *Cost*: no allocation; a system call only to sleep and to wake sleepers.
class Barrier {
public:
    /// 2000 looks last 10 to 100 us, by how long a processor's pause is: longer than the parts of a training step lie
    /// apart, shorter than a scheduler's slice.
    static constexpr int default_looks = 2000;

    /// `looks`: at the counter before a thread goes to sleep.
    explicit Barrier(int looks = default_looks) : looks_(looks) {}

    /// Waits until `size` threads have called it. It is then ready for the next time. What a thread wrote before, all
    /// see behind.
    void arrive_and_wait(int size) {
        const std::uint32_t round = round_.load(std::memory_order_relaxed);  // it goes on only once this thread is here
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size) {
            arrived_.store(0, std::memory_order_relaxed);
            {
                const std::lock_guard lock(mutex_);  // nobody is between a last look and sleep
                round_.store(round + 1, std::memory_order_release);
            }
            over_.notify_all();
            return;
        }
        const auto over = [&] { return round_.load(std::memory_order_acquire) != round; };
        for (int look = 0; look < looks_; ++look) {
            if (over()) return;
            pause();
        }
        std::unique_lock lock(mutex_);
        while (!over_.wait_for(lock, longest_sleep, over)) continue;
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

    // On lines of their own: arrivals do not disturb those who look.
    alignas(alignment_bytes) std::atomic<int> arrived_ = 0;
    alignas(alignment_bytes) std::atomic<std::uint32_t> round_ = 0;
    int looks_;
    std::mutex mutex_;
    std::condition_variable over_;
};

IDM_NAMESPACE_END
