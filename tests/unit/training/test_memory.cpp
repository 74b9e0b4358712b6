#include <cmath>
#include <string>
#include <vector>

#include <idm/data/dataset.hpp>

#include "support/catch.hpp"

// Eigen allocates by malloc, so the C library itself is asked; sanitizers bring an allocator that it knows nothing of.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IDM_TEST_SANITIZED 1
#endif
#endif
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(IDM_TEST_SANITIZED)

#include <malloc.h>

using namespace idm;

namespace {

double bytes_in_use() {
    const auto info = ::mallinfo2();
    return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd);
}

Log long_log() {
    Log log{.columns = {"q1", "q2", "tau1", "tau2"}, .trajectories = {}};
    for (Index k = 0; k < 10; ++k) {
        Trajectory run{.name = std::to_string(k), .time = {}, .values = Matrix<double>(5000, 4)};
        for (Index row = 0; row < 5000; ++row) {
            const double t = 0.01 * static_cast<double>(row);
            run.time.push_back(t);
            run.values.row(row) << std::sin(t + static_cast<double>(k)), std::cos(3 * t), std::sin(2 * t), t;
        }
        log.trajectories.push_back(std::move(run));
    }
    return log;
}

}  // namespace

TEMPLATE_TEST_CASE("a data set holds one row of features and targets per log row, and no window", "[memory]", float,
                   double) {
    const Log log = long_log();
    const Recipe recipe{.positions = {.columns = {"q1", "q2"}},
                        .targets = {.columns = {"tau1", "tau2"}},
                        .use_sin = true,
                        .use_cos = true,
                        .window = 32};
    const double before = bytes_in_use();
    const auto data = make_dataset<TestType>(log, recipe, ByTrajectory{});
    const double used = bytes_in_use() - before;
    // q, qd, qdd, sin, cos of two joints, and two torques.
    const double features = 50000.0 * (10 + 2) * sizeof(TestType);
    CHECK(data.inputs.cols() == 10);
    CHECK(used >= features);
    CHECK(used <= 1.1 * features);
}

#endif
