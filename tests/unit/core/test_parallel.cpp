#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include <idm/core/error.hpp>
#include <idm/core/parallel.hpp>

#include "support/catch.hpp"

using namespace idm;

static_assert(split_range(10, 3, 0).begin == 0 && split_range(10, 3, 0).end == 4);
static_assert(split_range(10, 3, 1).begin == 4 && split_range(10, 3, 1).end == 7);
static_assert(split_range(10, 3, 2).begin == 7 && split_range(10, 3, 2).end == 10);

TEST_CASE("split_range covers everything once, in parts that differ by one at the most", "[parallel]") {
    for (Index count = 0; count <= 40; ++count)
        for (Index parts = 1; parts <= 9; ++parts) {
            Index next = 0, least = count, most = 0;
            for (Index part = 0; part < parts; ++part) {
                const Range range = split_range(count, parts, part);
                CHECK(range.begin == next);
                next = range.end;
                least = std::min(least, range.end - range.begin);
                most = std::max(most, range.end - range.begin);
            }
            CHECK(next == count);
            CHECK(most - least <= 1);
        }
}

TEST_CASE("every item is worked on once, whatever the number of threads", "[parallel]") {
    for (int threads : {0, 1, 2, 3, 4, 7}) {
        std::vector<int> visits(1001);
        std::atomic<int> members = 0;
        parallel(threads, [&](const Team& team) {
            ++members;
            const Range range = team.share(1001);
            for (Index i = range.begin; i < range.end; ++i) ++visits[static_cast<std::size_t>(i)];
        });
        CHECK(std::count(visits.begin(), visits.end(), 1) == 1001);
#if IDM_HAS_OPENMP
        CHECK(members == (threads == 0 ? default_threads() : threads));
#else
        CHECK(members == 1);
#endif
    }
}

TEST_CASE("an exception reaches the caller, as it is, and the next region works", "[parallel]") {
    for (int threads : {1, 2, 4}) {
        INFO(threads << " threads");
        const auto last_throws = [](const Team& team) {
            if (team.index() == team.size() - 1) detail::raise<DataError>("row ", 17);
        };
        CHECK_THROWS_AS(parallel(threads, last_throws), DataError);
        CHECK_THROWS_WITH(parallel(threads, last_throws), "row 17");
        CHECK_THROWS_AS(parallel(threads, [](const Team&) { detail::raise<FileError>("all of them"); }), FileError);
        std::atomic<int> members = 0;
        int size = 0;
        parallel(threads, [&](const Team& team) {
            ++members;
            if (team.index() == 0) size = team.size();
        });
        CHECK(members == size);
    }
}

TEST_CASE("a crew keeps its threads over many jobs, of every kind", "[parallel]") {
    for (int threads : {0, 1, 2, 3, 4, 7}) {
        INFO(threads << " threads");
        int calls = 0;
        std::atomic<int> faults = 0;
        with_crew(threads, [&](Crew& crew) {
            ++calls;
            std::vector<int> visits(101);
            for (int job = 1; job <= 200; ++job) {
                crew.run([&](const Team& team) {
                    const Range range = team.share(101);
                    for (Index i = range.begin; i < range.end; ++i) ++visits[static_cast<std::size_t>(i)];
                });
                // In the next job every thread sees what all wrote in the last.
                crew.run([&](const Team&) {
                    faults +=
                        static_cast<int>(std::count_if(visits.begin(), visits.end(), [&](int n) { return n != job; }));
                });
            }
            std::vector<int> indices(static_cast<std::size_t>(crew.size()));
            crew.run([&](const Team& team) { indices[static_cast<std::size_t>(team.index())] = team.index() + 1; });
            for (int i = 0; i < crew.size(); ++i) CHECK(indices[static_cast<std::size_t>(i)] == i + 1);
        });
        CHECK(calls == 1);
        CHECK(faults == 0);
    }
}

TEST_CASE("an exception in a job leaves the crew fit for the next, one between jobs ends it", "[parallel]") {
    for (int threads : {1, 2, 4}) {
        INFO(threads << " threads");
        const auto body = [](Crew& crew) {
            for (int repeat = 0; repeat < 3; ++repeat)
                CHECK_THROWS_WITH(crew.run([](const Team& team) {
                    if (team.index() == team.size() - 1) detail::raise<DataError>("row ", 17);
                }),
                                  "row 17");
            std::atomic<int> members = 0;
            crew.run([&](const Team&) { ++members; });
            CHECK(members == crew.size());
            detail::raise<FileError>("between jobs");
        };
        CHECK_THROWS_AS(with_crew(threads, body), FileError);
    }
}

TEST_CASE("regions inside a region run their work once each", "[parallel]") {
    std::atomic<Index> items = 0;
    std::atomic<int> outer = 0;
    parallel(3, [&](const Team&) {
        ++outer;
        parallel(2, [&](const Team& inner) {
            const Range range = inner.share(10);
            items += range.end - range.begin;
        });
    });
    CHECK(items == 10 * outer);
}
