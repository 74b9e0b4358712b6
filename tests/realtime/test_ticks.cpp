// What a tick must not do, watched from outside: allocate, lock, call the system, throw.

#define EIGEN_RUNTIME_NO_MALLOC  // before Eigen: its own allocations assert while they are forbidden

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include <dlfcn.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "realtime/loop.hpp"
#include "support/catch.hpp"

namespace {
std::atomic<long> allocations{0}, locks{0};
}

// The C library's own, under the names that everything in this program calls.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
    ++allocations;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    ++allocations;
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
    ++allocations;
    return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    ++allocations;
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
    ++allocations;
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}
int pthread_mutex_lock(pthread_mutex_t* mutex) {
    static const auto real = reinterpret_cast<int (*)(pthread_mutex_t*)>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
    ++locks;
    return real(mutex);
}
}

namespace {

// Networks of the layers that the library's own models leave out.
template <class T, class... Layers>
struct Own : idm::Model<T, idm::Shape<idm::dynamic, idm::dynamic>, idm::Sequential<Layers...>> {
    explicit Own(const idm::ModelConfig& config)
        : idm::Model<T, idm::Shape<idm::dynamic, idm::dynamic>, idm::Sequential<Layers...>>(
              {config.window, config.inputs}, {}) {}
};
template <class T>
using Gru = Own<T, idm::GRU<24>, idm::GRU<16>, idm::LastStep, idm::Dense<7>>;
template <class T>
using Grouped =
    Own<T, idm::DepthwiseConv1D<3, idm::Padding::causal>, idm::SiLU, idm::Conv1D<28, 3, idm::Padding::causal, 1, 2, 7>,
        idm::LeakyReLU, idm::Conv1D<14, 1>, idm::LastStep, idm::Dense<7>>;
template <class T>
using Mixed =
    Own<T, idm::LayerNorm<>, idm::Conv1D<20, 4>, idm::BatchNorm1D, idm::Dropout, idm::GELU,
        idm::Residual<idm::Dense<20>>, idm::Tanh, idm::GlobalAveragePool, idm::Dense<12>, idm::Softplus, idm::Dense<7>>;

template <class Tickable, class M>
void check_quiet(Tickable stream, Loop<M>& loop) {
    STATIC_REQUIRE(noexcept(stream.tick(loop.sample)));
    for (int tick = 0; tick < 10; ++tick) stream.tick(loop.next(tick));
    const long allocated = allocations, locked = locks;
    Eigen::internal::set_is_malloc_allowed(false);
    double sum = 0;
    for (int tick = 10; tick < 500; ++tick) sum += static_cast<double>(stream.tick(loop.next(tick))[0]);
    Eigen::internal::set_is_malloc_allowed(true);
    CHECK(allocations == allocated);
    CHECK(locks == locked);
    CHECK(std::isfinite(sum));
    CHECK(sum != 0);
}

/// Runs `work` in a process that may read, write and exit, and is killed for any other system call. Returns whether it
/// lived.
template <class Work>
bool lives_without_system_calls(Work&& work) {
    const pid_t child = fork();
    if (child == 0) {
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) syscall(SYS_exit, 2);
        work();
        syscall(SYS_exit, 0);  // exit_group, which _exit calls, is forbidden too
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    if (WIFEXITED(status)) REQUIRE(WEXITSTATUS(status) == 0);  // 2: seccomp is not there
    return WIFEXITED(status);
}

}  // namespace

TEST_CASE("the watchers see what they watch for", "[realtime]") {
    const long allocated = allocations, locked = locks;
    auto number = std::make_unique<int>(1);
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    CHECK(allocations == allocated + 1);
    CHECK(locks == locked + 1);
    CHECK(*number == 1);
#if !defined(IDM_TEST_EMULATED)
    CHECK(lives_without_system_calls([] {}));
    CHECK_FALSE(lives_without_system_calls([] { (void)getppid(); }));
#endif
}

TEMPLATE_TEST_CASE("a tick allocates nothing and takes no lock", "[realtime]", float, double) {
    Loop<idm::Cnn1<TestType>> one(16);
    Loop<idm::Cnn2<TestType>> two(32);
    check_quiet(one.stream(), one);
    check_quiet(two.stream(), two);
    check_quiet(two.safe(), two);
    Loop<idm::Baseline<TestType>> linear(16);
    check_quiet(linear.stream(), linear);
}

TEST_CASE("a tick with bf16 weights allocates nothing and takes no lock", "[realtime]") {
    Loop<idm::Cnn1<float>> one(16);
    Loop<idm::Cnn2<float>> two(32);
    const auto fast_one = idm::bf16_weights(*one.model);
    const auto fast_two = idm::bf16_weights(*two.model);
    check_quiet(idm::Stream<idm::Bf16Weights<idm::Cnn1<float>>>(fast_one, one.recipe, one.normaliser), one);
    using Fast = idm::Bf16Weights<idm::Cnn2<float>>;
    check_quiet(idm::Stream<Fast>(fast_two, two.recipe, two.normaliser), two);
    const auto zero = [](std::span<const double>, std::span<float> out) noexcept {
        std::fill(out.begin(), out.end(), 0.F);
    };
    check_quiet(
        idm::SafeStream<Fast, decltype(zero)>(
            idm::Stream<Fast>(fast_two, two.recipe, two.normaliser), zero,
            {.limit = std::vector<double>(7, 100), .rate = std::vector<double>(7, 1e4), .sample_period = 0.001}),
        two);
    idm::Predictor<Fast> predictor(fast_two, two.recipe, two.normaliser);
    std::vector<double> samples(static_cast<std::size_t>(predictor.rows() * 7), 0.5);
    std::vector<float> out(7);
    const long allocated = allocations;
    predictor.predict(samples, out);
    CHECK(allocations == allocated);
}

TEMPLATE_TEST_CASE("a tick of every layer that streams allocates nothing and takes no lock", "[realtime]", float,
                   double) {
    using T = TestType;
    Loop<Gru<T>> gru(16);
    check_quiet(gru.stream(), gru);
    check_quiet(gru.safe(), gru);
    Loop<Grouped<T>> grouped(16);
    check_quiet(grouped.stream(), grouped);
    Loop<Mixed<T>> mixed(16);
    check_quiet(mixed.stream(), mixed);
}

TEST_CASE("a window's prediction allocates nothing", "[realtime]") {
    Loop<idm::Cnn2<float>> loop(32);
    idm::Predictor<idm::Cnn2<float>> predictor(*loop.model, loop.recipe, loop.normaliser, 3);
    std::vector<double> samples(static_cast<std::size_t>(3 * predictor.rows() * 7), 0.5);
    std::vector<float> out(3 * 7);
    const long allocated = allocations;
    predictor.predict(samples, out);
    CHECK(allocations == allocated);
}

#if !defined(IDM_TEST_EMULATED)
TEST_CASE("a tick calls the system for nothing", "[realtime]") {
    Loop<idm::Cnn1<float>> one(16);
    Loop<idm::Cnn2<float>> two(32);
    auto stream = one.stream();
    auto safe = two.safe();
    double sum = 0;
    Loop<Gru<float>> gru(16);
    Loop<Grouped<float>> grouped(16);
    Loop<Mixed<float>> mixed(16);
    const auto fast = idm::bf16_weights(*two.model);
    idm::Stream<idm::Bf16Weights<idm::Cnn2<float>>> fast_stream(fast, two.recipe, two.normaliser);
    auto gru_stream = gru.stream();
    auto grouped_stream = grouped.stream();
    auto mixed_stream = mixed.stream();
    CHECK(lives_without_system_calls([&] {
        const idm::FlushDenormals flush;
        for (int tick = 0; tick < 1000; ++tick)
            sum += static_cast<double>(stream.tick(one.next(tick))[0] + safe.tick(two.next(tick))[6] +
                                       gru_stream.tick(gru.next(tick))[0] + grouped_stream.tick(grouped.next(tick))[0] +
                                       mixed_stream.tick(mixed.next(tick))[0] + fast_stream.tick(two.sample)[0]);
        if (!std::isfinite(sum)) std::abort();
    }));
}
#endif

TEST_CASE("a model is swapped into a running loop without an allocation, a lock or a jump back", "[realtime]") {
    Loop<idm::Cnn2<float>> loop(32);
    auto other = std::make_shared<idm::Cnn2<float>>(*loop.model);
    other->initialise(2);
    idm::StreamSwap<idm::Cnn2<float>> swap(loop.model, loop.recipe, loop.normaliser);
    auto before = loop.stream();
    idm::Stream<idm::Cnn2<float>> after(*other, loop.recipe, loop.normaliser);
    int tick = 0;
    const auto step = [&](auto& expected) {
        const auto& sample = loop.next(tick++);
        const float old_y = before.tick(sample)[0], new_y = after.tick(sample)[0];
        const long allocated = allocations, locked = locks;
        const float y = swap.tick(sample)[0];
        CHECK(allocations == allocated);
        CHECK(locks == locked);
        CHECK(y == (&expected == &before ? old_y : new_y));
    };
    for (int i = 0; i < 50; ++i) step(before);
    CHECK_FALSE(swap.collect());
    swap.offer(other, loop.recipe, loop.normaliser);
    const auto warm_up = static_cast<int>(after.warm_up());
    for (int i = 1; i < warm_up; ++i) step(before);
    CHECK(swap.swaps() == 0);
    for (int i = 0; i < 50; ++i) step(after);
    CHECK(swap.swaps() == 1);
    CHECK(loop.model.use_count() == 2);  // ours and the retired one's
    CHECK(swap.collect());
    CHECK(loop.model.use_count() == 1);
    // Offered and never ticked: dropped without a trace.
    swap.offer(loop.model, loop.recipe, loop.normaliser);
    swap.offer(other, loop.recipe, loop.normaliser);
    CHECK(loop.model.use_count() == 1);
}

TEST_CASE("offers from another thread reach the loop whole", "[realtime]") {
    Loop<idm::Cnn1<float>> loop(8);
    std::vector<std::shared_ptr<idm::Cnn1<float>>> models;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        models.push_back(std::make_shared<idm::Cnn1<float>>(*loop.model));
        // A model that answers with its number: no weights, one bias.
        for (float& weight : models.back()->parameters()) weight = 0;
        models.back()->named_parameters().back()[0] = static_cast<float>(seed);
    }
    idm::StreamSwap<idm::Cnn1<float>> swap(models[0], loop.recipe, loop.normaliser);
    std::atomic<bool> done{false};
    pthread_t thread;
    struct Offers {
        decltype(swap)& to;
        decltype(models)& from;
        Loop<idm::Cnn1<float>>& loop;
        std::atomic<bool>& done;
    } offers{swap, models, loop, done};
    REQUIRE(pthread_create(
                &thread, nullptr,
                [](void* data) -> void* {
                    auto& o = *static_cast<Offers*>(data);
                    for (std::size_t i = 0; i < 400; ++i) {
                        o.to.offer(o.from[i % 4], o.loop.recipe, o.loop.normaliser);
                        if (i % 8 == 0) usleep(100);
                    }
                    o.done = true;
                    return nullptr;
                },
                &offers) == 0);
    int bad = 0;
    for (int tick = 0; !done || tick < 1000; ++tick) {
        const float y = swap.tick(loop.next(tick))[0];
        bad += y != 0 && y != 1 && y != 2 && y != 3;
    }
    pthread_join(thread, nullptr);
    CHECK(bad == 0);
    CHECK(swap.swaps() > 0);
}

TEST_CASE("an offer of another robot is refused", "[realtime]") {
    Loop<idm::Cnn1<float>> loop(16);
    idm::StreamSwap<idm::Cnn1<float>> swap(loop.model, loop.recipe, loop.normaliser);
    idm::Recipe renamed = loop.recipe;
    renamed.positions.columns[0] = "elbow";
    CHECK_THROWS_AS(swap.offer(loop.model, renamed, loop.normaliser), idm::ConfigError);
    CHECK_THROWS_AS(swap.offer(nullptr, loop.recipe, loop.normaliser), idm::ConfigError);
}

TEST_CASE("denormals are flushed inside the scope and as before outside", "[realtime]") {
    volatile float tiny = 1e-39F, half = 0.5F;
    const auto survives = [&] { return tiny * half != 0; };
    REQUIRE_FALSE(idm::FlushDenormals::active());
    CHECK(survives());
    {
        const idm::FlushDenormals outer;
        CHECK(idm::FlushDenormals::active());
        CHECK_FALSE(survives());
        {
            const idm::FlushDenormals inner;
            CHECK_FALSE(survives());
        }
        CHECK_FALSE(survives());
    }
    CHECK(survives());
    CHECK_FALSE(idm::FlushDenormals::active());
}
