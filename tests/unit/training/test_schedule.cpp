#include <limits>
#include <vector>

#include <idm/training/schedule.hpp>

#include "support/catch.hpp"

using namespace idm;

TEST_CASE("a constant rate is constant", "[schedule]") {
    for (const Index step : {0, 1, 99}) CHECK(learning_rate(Schedule::constant, 3e-4, step, 100) == 3e-4);
}

// From torch.optim.lr_scheduler.OneCycleLR(SGD, max_lr=2e-3, total_steps=steps), PyTorch 1.13: the optimiser's lr
// before each step.
TEST_CASE("the one-cycle rate is PyTorch's", "[schedule]") {
    struct Expected {
        Index step, steps;
        double rate;
    };
    for (const Expected& e : {
             Expected{0, 1, 8e-09},
             {0, 2, 0.0016234913078995259},
             {1, 2, 8e-09},
             {0, 3, 0.0019888308709018233},
             {1, 3, 0.0009252742053339501},
             {2, 3, 8e-09},
             {0, 10, 7.999999999999999e-05},
             {1, 10, 0.0010400000000000001},
             {2, 10, 0.002},
             {3, 10, 0.0019009692640269472},
             {4, 10, 0.001623491307899526},
             {8, 10, 9.903873597305257e-05},
             {9, 10, 8e-09},
             {0, 50, 7.999999999999999e-05},
             {1, 50, 0.00010406920430544933},
             {7, 50, 0.0010400000000000001},
             {14, 50, 0.002},
             {15, 50, 0.0019959743100980633},
             {30, 50, 0.001134236728884592},
             {48, 50, 4.033689901936912e-06},
             {49, 50, 8e-09},
         }) {
        INFO("step " << e.step << " of " << e.steps);
        // Sums of two terms of the peak's size, a few roundings each.
        CHECK(learning_rate(Schedule::one_cycle, 2e-3, e.step, e.steps) ==
              Approx(e.rate).epsilon(0).margin(8 * std::numeric_limits<double>::epsilon() * 2e-3));
    }
}

TEST_CASE("the one-cycle rate rises to its peak and falls to almost nothing", "[schedule]") {
    constexpr Index steps = 1000;
    const OneCycle cycle{.warmup_fraction = 0.1, .start_divisor = 10, .end_divisor = 100};
    const auto rate = [&](Index step) { return learning_rate(Schedule::one_cycle, 1, step, steps, cycle); };
    CHECK(rate(0) == Approx(0.1).epsilon(1e-14));
    CHECK(rate(99) == 1);
    CHECK(rate(999) == Approx(0.001).epsilon(1e-12));
    for (Index step = 1; step < steps; ++step)
        CHECK((step <= 99 ? rate(step) > rate(step - 1) : rate(step) < rate(step - 1)));
}
