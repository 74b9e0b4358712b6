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
    const ScheduleConfig config{.one_cycle = {.warmup_fraction = 0.1, .start_divisor = 10, .end_divisor = 100}};
    const auto rate = [&](Index step) { return learning_rate(Schedule::one_cycle, 1, step, steps, config); };
    CHECK(rate(0) == Approx(0.1).epsilon(1e-14));
    CHECK(rate(99) == 1);
    CHECK(rate(999) == Approx(0.001).epsilon(1e-12));
    for (Index step = 1; step < steps; ++step)
        CHECK((step <= 99 ? rate(step) > rate(step - 1) : rate(step) < rate(step - 1)));
}

// From torch.optim.lr_scheduler of PyTorch 1.13 with SGD at lr 2e-3: the optimiser's lr before each step.
TEST_CASE("step, cosine and warm-up rates are PyTorch's", "[schedule]") {
    const auto check = [](Schedule schedule, const ScheduleConfig& config, Index steps_per_epoch,
                          const std::vector<double>& expected) {
        const Index steps = static_cast<Index>(expected.size());
        for (Index step = 0; step < steps; ++step) {
            INFO("schedule " << static_cast<int>(schedule) << ", step " << step);
            CHECK(learning_rate(schedule, 2e-3, step, steps, config, steps_per_epoch) ==
                  Approx(expected[static_cast<std::size_t>(step)]).epsilon(1e-14));
        }
    };
    // StepLR(step_size=6, gamma=0.1)
    check(Schedule::step, {.step_epochs = 2}, 3,
          {2e-3, 2e-3, 2e-3, 2e-3, 2e-3, 2e-3, 2e-4, 2e-4, 2e-4, 2e-4, 2e-4, 2e-4, 2e-5, 2e-5, 2e-5});
    // CosineAnnealingLR(T_max=10, eta_min=2e-5)
    check(Schedule::cosine, {.cosine_end = 0.01}, 5,
          {0.002, 0.0019515459511322021, 0.001810926824431198, 0.0015919073997695485, 0.001315926824431198, 0.00101,
           0.0007040731755688022, 0.0004280926002304517, 0.00020907317556880214, 6.845404886779801e-05});
    // LinearLR(start_factor=0.1, total_iters=6)
    check(Schedule::constant, {.warmup_epochs = 2, .warmup_start = 0.1}, 3,
          {2e-4, 5e-4, 8e-4, 1.1e-3, 1.4e-3, 1.7e-3, 2e-3, 2e-3, 2e-3, 2e-3});
    // ChainedScheduler of LinearLR(start_factor=0.1, total_iters=6) and StepLR(step_size=9, gamma=0.5)
    check(Schedule::step, {.step_epochs = 3, .step_factor = 0.5, .warmup_epochs = 2, .warmup_start = 0.1}, 3,
          {2e-4, 5e-4, 8e-4, 1.1e-3, 1.4e-3, 1.7e-3, 2e-3, 2e-3, 2e-3, 1e-3, 1e-3, 1e-3});
}

// ReduceLROnPlateau(factor=0.1, patience=2, threshold=1e-4). 0.89995 is lower than 0.9, but by less than 1e-4 of it.
TEST_CASE("the plateau's rates are PyTorch's", "[schedule]") {
    Plateau plateau({.factor = 0.1, .patience = 2, .threshold = 1e-4});
    const std::vector<double> losses{1, 0.9, 0.95, 0.89995, 0.91, 0.92, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6};
    const std::vector<double> rates{2e-3, 2e-3, 2e-3, 2e-3, 2e-3, 2e-4, 2e-4, 2e-4, 2e-4, 2e-4, 2e-5, 2e-5};
    for (std::size_t epoch = 0; epoch < losses.size(); ++epoch) {
        INFO("epoch " << epoch);
        CHECK(2e-3 * plateau.share() == Approx(rates[epoch]).epsilon(1e-14));
        plateau.observe(losses[epoch]);
    }
}
