#pragma once

#include <atomic>
#include <csignal>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>

IDM_NAMESPACE_BEGIN

/// Asks a training to end once it has finished the step it is in. *Threads*: any thread may ask, a signal handler too.
class StopFlag {
public:
    void request() noexcept { requested_.store(true, std::memory_order_relaxed); }
    void clear() noexcept { requested_.store(false, std::memory_order_relaxed); }
    bool requested() const noexcept { return requested_.load(std::memory_order_relaxed); }

private:
    static_assert(std::atomic<bool>::is_always_lock_free);  // what a signal handler may touch
    std::atomic<bool> requested_{false};
};

namespace detail {

using SignalHandler = void (*)(int);
inline std::atomic<StopFlag*> signal_flag{nullptr};
inline std::atomic<SignalHandler> earlier_handler{nullptr};

extern "C" inline void idm_request_stop(int signal) {
    if (StopFlag* flag = signal_flag.load()) flag->request();
    std::signal(signal, earlier_handler.load());
}

}  // namespace detail

/// While it lives, the first `signal` (Ctrl-C is SIGINT) makes the request in place of ending the program; a second one
/// does what it did before.
///
/// *Errors*: `ConfigError` while another one lives, or for a signal that can't be handled.
class StopOnSignal {
public:
    explicit StopOnSignal(StopFlag& flag, int signal = SIGINT) : signal_(signal) {
        StopFlag* none = nullptr;
        detail::require<ConfigError>(detail::signal_flag.compare_exchange_strong(none, &flag),
                                     "stop on signal: one is installed already; keep that one");
        earlier_ = std::signal(signal, SIG_IGN);  // nothing may arrive before its handler is known
        if (earlier_ == SIG_ERR) {
            detail::signal_flag = nullptr;
            detail::raise<ConfigError>("stop on signal: expected a signal that can be handled, got ", signal);
        }
        detail::earlier_handler = earlier_;
        std::signal(signal, detail::idm_request_stop);
    }
    ~StopOnSignal() {
        std::signal(signal_, earlier_);
        detail::signal_flag = nullptr;
    }
    StopOnSignal(const StopOnSignal&) = delete;
    StopOnSignal& operator=(const StopOnSignal&) = delete;

private:
    int signal_;
    detail::SignalHandler earlier_;
};

IDM_NAMESPACE_END
