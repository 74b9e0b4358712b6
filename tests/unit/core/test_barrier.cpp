#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include <idm/core/barrier.hpp>

#include "support/catch.hpp"

using namespace idm;

namespace {

/// Both halves at once: nobody goes on before all `size` threads are here.
void meet(Barrier& barrier, int index, int size) {
    if (index == 0) {
        barrier.gather(size);
        barrier.release();
    } else {
        barrier.wait_for_release(barrier.report(index));
    }
}

}  // namespace

TEST_CASE("nobody passes a barrier before all are there, awake or asleep", "[barrier]") {
    constexpr int size = 3, rounds = 300;
    for (const int looks : {0, 1, Barrier::default_looks}) {
        INFO(looks << " looks before a thread sleeps");
        Barrier barrier(size, looks);
        std::vector<int> progress(size);  // plain numbers: the barrier alone orders them
        std::vector<int> faults(size);
        const auto work = [&](int me) {
            for (int round = 1; round <= rounds; ++round) {
                progress[static_cast<std::size_t>(me)] = round;
                if (round % 100 == me) std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the others sleep
                meet(barrier, me, size);
                for (const int other : progress)
                    if (other != round) ++faults[static_cast<std::size_t>(me)];
                meet(barrier, me, size);
            }
        };
        std::vector<std::thread> others;
        for (int i = 1; i < size; ++i) others.emplace_back(work, i);
        work(0);
        for (std::thread& other : others) other.join();
        CHECK(faults == std::vector<int>(size));
    }
}

TEST_CASE("two threads that sleep at once wake each other every time", "[barrier]") {
    constexpr int rounds = 5000;
    Barrier barrier(2, 0);
    int left = 0, right = 0;  // each written by one thread, read by the other a round later
    bool good = true;
    std::thread other([&] {
        for (int round = 1; round <= rounds; ++round) {
            meet(barrier, 1, 2);
            right = left;
            meet(barrier, 1, 2);
        }
    });
    for (int round = 1; round <= rounds; ++round) {
        left = round;
        meet(barrier, 0, 2);
        meet(barrier, 0, 2);
        good = good && right == round;
    }
    other.join();
    CHECK(good);
}

TEST_CASE("an order reaches the others with the release that it comes with", "[barrier]") {
    constexpr int rounds = 2000;
    for (const int looks : {0, Barrier::default_looks}) {
        INFO(looks << " looks before a thread sleeps");
        Barrier barrier(2, looks);
        std::vector<int> numbers(rounds), seen;
        std::thread other([&] {
            std::uint32_t round = 0;
            while (const Order order = barrier.wait_for_release(round)) {
                seen.push_back(*static_cast<const int*>(order.body));
                round = barrier.report(1);
            }
        });
        for (int i = 0; i < rounds; ++i) {
            numbers[static_cast<std::size_t>(i)] = i;
            barrier.release({[](const void*, const Team&) {}, &numbers[static_cast<std::size_t>(i)]});
            barrier.gather(2);
        }
        barrier.release();
        other.join();
        CHECK(seen == numbers);
    }
}
