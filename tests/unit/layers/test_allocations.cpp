#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include <idm/layers/batch_norm.hpp>
#include <idm/layers/bf16.hpp>
#include <idm/layers/depthwise.hpp>
#include <idm/layers/dropout.hpp>
#include <idm/layers/gru.hpp>
#include <idm/layers/norm.hpp>
#include <idm/layers/pooling.hpp>
#include <idm/layers/streaming.hpp>
#include <idm/layers/sum.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

// Every allocation of this program goes through these, so a test can count those of a call.
namespace {
std::atomic<long> allocations{0};

void* counted(std::size_t size, std::size_t alignment) noexcept {
    ++allocations;
    return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}
void* not_null(void* memory) {
    if (!memory) throw std::bad_alloc();
    return memory;
}
}  // namespace

void* operator new(std::size_t size) { return not_null(counted(size, alignof(std::max_align_t))); }
void* operator new(std::size_t size, std::align_val_t align) {
    return not_null(counted(size, static_cast<std::size_t>(align)));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return counted(size, alignof(std::max_align_t));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

using namespace idm;
using namespace idm_test;

namespace {

template <class Run>
void check_no_allocation(Run run) {
    run.draw_parameters(1);
    const auto x = run.draw_input(1), d_y = run.draw_d_output(1);
    run.forward(x);
    run.backward(d_y);
    const long before = allocations;
    run.network.forward(run.parameters.data(), run.workspace, run.samples);
    const long forward = allocations - before;
    run.network.backward(run.parameters.data(), run.gradient.data(), run.workspace, run.samples);
    const long both = allocations - before;
    CHECK(forward == 0);
    CHECK(both == 0);
}

template <Padding P>
using AnyConv = Conv1D<dynamic, dynamic, P, dynamic, dynamic>;

}  // namespace

TEST_CASE("the counter counts", "[allocations]") {
    const long before = allocations;
    const Buffer<float> buffer(1);
    CHECK(allocations - before == 1);
}

TEST_CASE("a step of a stream of a GRU allocates nothing", "[allocations]") {
    const auto window = network_run<float>(Shape<5, 3>(), Sequential(GRU<9>(), LastStep(), Dense<2>()));
    const auto stream = streaming_network(window.network);
    NetworkRun<float, std::remove_const_t<decltype(stream)>> run(stream, 2, Mode::inference);
    const long before = allocations;
    for (int t = 0; t < 3; ++t) run.network.forward(run.parameters.data(), run.workspace, 2);
    CHECK(allocations - before == 0);
}

TEST_CASE("layers with bf16 weights allocate nothing", "[allocations]") {
    const auto net = Sequential(Bf16(Conv1D<6, 3, Padding::causal>()), ReLU(), Bf16(Dense<2>()));
    auto run = network_run<float>(Shape<9, 3>(), net, 2, Mode::inference);
    const long before = allocations;
    run.network.forward(run.parameters.data(), run.workspace, 2);
    CHECK(allocations - before == 0);
}

TEST_CASE("no forward or backward pass allocates", "[allocations]") {
    const auto net = Sequential(AnyConv<Padding::same>(6, 3, 1, 2), ReLU(), AnyConv<Padding::valid>(5, 4, 2, 1),
                                Residual(AnyConv<Padding::causal>(5, 3, 1, 1), ReLU(), Dense<dynamic>(5)), ReLU());
    const Shape<dynamic, dynamic> in(17, 3);
    SECTION("float") { check_no_allocation(network_run<float>(in, net, 3)); }
    SECTION("double") { check_no_allocation(network_run<double>(in, net, 3)); }
    SECTION("activations") {
        check_no_allocation(network_run<float>(
            in, Sequential(net, LeakyReLU(), ELU(), GELU(), Tanh(), Sigmoid(), SiLU(), Softplus()), 3));
    }
    SECTION("LayerNorm") {
        check_no_allocation(network_run<float>(in, Sequential(net, LayerNorm<false>(), LayerNorm()), 3));
    }
    SECTION("Conv1D in groups") {
        check_no_allocation(network_run<float>(in,
                                               Sequential(net, Dense<>(6), Conv1D<9, 2, Padding::causal, 1, 1, 3>(),
                                                          ReLU(), Conv1D<4, 2, Padding::valid, 2, 1, 1>()),
                                               3));
    }
    SECTION("DepthwiseConv1D") {
        check_no_allocation(network_run<float>(in, Sequential(net, DepthwiseConv1D<2, Padding::causal>(), ReLU()), 3));
    }
    SECTION("Sum") {
        check_no_allocation(
            network_run<float>(in, Sequential(net, Sum(Dense<2>(), Sequential(GELU(), Dense<2>()))), 3));
    }
    SECTION("Dropout") { check_no_allocation(network_run<float>(in, Sequential(net, Dropout(), Dropout(0.1)), 3)); }
    SECTION("BatchNorm1D") { check_no_allocation(network_run<float>(in, Sequential(net, BatchNorm1D()), 3)); }
    SECTION("GRU") { check_no_allocation(network_run<float>(in, Sequential(net, GRU<>(9), LastStep()), 3)); }
    SECTION("pools") {
        check_no_allocation(
            network_run<double>(in, Sequential(net, AveragePool<>(2, 1), MaxPool<>(2), GlobalAveragePool()), 3));
    }
    SECTION("Flatten") { check_no_allocation(network_run<float>(in, Sequential(net, Flatten(), Dense<2>()), 3)); }
    SECTION("LastStep") { check_no_allocation(network_run<float>(in, Sequential(net, LastStep(), Dense<2>()), 3)); }
    SECTION("static") {
        check_no_allocation(network_run<float>(
            Shape<9, 3>(), Sequential(Conv1D<64, 5>(), ReLU(), Conv1D<64, 3>(), ReLU(), Flatten(), Dense<7>()), 2));
    }
}
