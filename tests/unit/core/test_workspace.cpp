#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <idm/core/workspace.hpp>

#include "support/catch.hpp"

using namespace idm;

namespace {

WorkspaceShape example() {
    WorkspaceShape s;
    s.capacity = 3;
    s.mode = Mode::training_to_input;
    s.input = {15, 6, 3};
    s.output = {7, 0, 0};
    s.d_output = {7, 2, 5};
    s.d_input = {15, 1, 0};
    s.memory = 33;
    s.scratch = 21;
    return s;
}

}  // namespace

static_assert(round_up_16(0) == 0 && round_up_16(1) == 16 && round_up_16(16) == 16 && round_up_16(17) == 32);

TEMPLATE_TEST_CASE("a workspace's regions with their halos share no number and start as zeros", "[workspace]", float,
                   double) {
    const WorkspaceShape s = example();
    Workspace<TestType> workspace(s);
    using Span = std::pair<const TestType*, const TestType*>;
    std::vector<Span> spans;
    const auto rows = [&](BatchView<TestType> view, const WorkspaceShape::Region& region) {
        CHECK(view.sample_stride == region.stride());
        for (Index n = 0; n < s.capacity; ++n)
            spans.push_back({view.sample(n) - region.halo_before, view.sample(n) + region.size + region.halo_behind});
    };
    rows(workspace.input(), s.input);
    rows(workspace.output(), s.output);
    rows(workspace.d_output(), s.d_output);
    rows(workspace.d_input(), s.d_input);
    spans.push_back({workspace.memory(), workspace.memory() + s.memory});
    spans.push_back({workspace.scratch(), workspace.scratch() + s.scratch});
    std::sort(spans.begin(), spans.end());
    for (std::size_t i = 1; i < spans.size(); ++i) CHECK(spans[i - 1].second <= spans[i].first);
    // One allocation: a sanitizer sees if the last region reaches beyond it.
    Index zeros = 0, count = 0;
    for (const Span& span : spans)
        for (const TestType* p = span.first; p < span.second; ++p, ++count) zeros += *p == TestType(0);
    CHECK(zeros == count);
}

TEST_CASE("memory and scratch start on a cache line", "[workspace]") {
    Workspace<float> workspace(example());
    CHECK(reinterpret_cast<std::uintptr_t>(workspace.memory()) % 64 == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(workspace.scratch()) % 64 == 0);
}

TEST_CASE("a workspace refuses more samples than its capacity and says both numbers", "[workspace]") {
    const Workspace<float> workspace(example());
    CHECK(workspace.capacity() == 3);
    CHECK(workspace.mode() == Mode::training_to_input);
    const Index in = workspace.shape().input.size, out = workspace.shape().output.size;
    CHECK_NOTHROW(workspace.check(0, in, out));
    CHECK_NOTHROW(workspace.check(3, in, out));
    CHECK_THROWS_AS(workspace.check(4, in, out), ShapeError);
    CHECK_THROWS_WITH(workspace.check(4, in, out), ContainsSubstring("at most 3") && ContainsSubstring("got 4"));
    CHECK_THROWS_AS(workspace.check(-1, in, out), ShapeError);
    CHECK_THROWS_AS(Workspace<float>().check(1, 0, 0), ShapeError);
}

TEST_CASE("a workspace refuses a network of another input or output size", "[workspace]") {
    const Workspace<float> workspace(example());
    const Index in = workspace.shape().input.size, out = workspace.shape().output.size;
    CHECK_THROWS_AS(workspace.check(1, in + 1, out), ShapeError);
    CHECK_THROWS_WITH(workspace.check(1, in, out + 1), ContainsSubstring("a workspace for each model"));
}
