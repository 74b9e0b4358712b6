#pragma once

#include <atomic>
#include <cstdint>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN

/// Where the threads of a team wait for each other: briefly awake, then asleep.
///
/// Threads that share the work evenly arrive within microseconds, and waking a sleeper costs as much, so a look at the
/// counter in a loop is the fastest way to wait. It is bounded because on a busy machine the last thread may have no
/// processor at all: it gets one when the others give theirs up.
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
            round_.store(round + 1, std::memory_order_release);
            round_.notify_all();
            return;
        }
        for (int look = 0; look < looks_; ++look) {
            if (round_.load(std::memory_order_acquire) != round) return;
            pause();
        }
        round_.wait(round, std::memory_order_acquire);
    }

private:
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
};

IDM_NAMESPACE_END
