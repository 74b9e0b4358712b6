#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/error.hpp>
#include <idm/models/stream.hpp>

IDM_NAMESPACE_BEGIN

/// A stream whose model can be replaced while the loop runs: another thread offers a new model, the loop takes it at a
/// tick, lets it warm up beside the old one and goes over to it at the first tick where it is warm.
///
/// Both sides are wait-free: an exchange of one pointer each. The loop never frees; what it is done with waits for the
/// other thread's `collect` or next `offer`.
///
/// *Errors*: `ConfigError` for no model, and from `offer` for a model of other columns, outputs, divider or delay than
/// the first. *Cost*: `tick` as `Stream::tick`; twice that while a new model warms up. *Threads*: one ticks, one other
/// offers.
template <class M>
class StreamSwap {
public:
    using Scalar = typename M::Scalar;

    /// A model that the stream reads, and the stream.
    struct Pair {
        std::shared_ptr<const M> model;
        Stream<M> stream;
    };

    StreamSwap(std::shared_ptr<const M> model, const Recipe& recipe, Normaliser<Scalar> normaliser,
               const StreamConfig& config = {})
        : config_(config),
          current_(make(std::move(model), recipe, std::move(normaliser))),
          columns_(current_->stream.columns()),
          outputs_(current_->stream.outputs()),
          divider_(current_->stream.divider()),
          delay_(current_->stream.delay()) {}
    StreamSwap(const StreamSwap&) = delete;
    StreamSwap& operator=(const StreamSwap&) = delete;
    ~StreamSwap() {
        delete offered_.load();
        delete retired_.load();
    }

    /// For the other thread: the model that the loop shall go over to. One that was offered before and not yet taken is
    /// dropped.
    void offer(std::shared_ptr<const M> model, const Recipe& recipe, Normaliser<Scalar> normaliser) {
        collect();
        std::unique_ptr<Pair> pair = make(std::move(model), recipe, std::move(normaliser));
        const Stream<M>& stream = pair->stream;
        detail::require<ConfigError>(stream.columns() == columns_ && stream.outputs() == outputs_ &&
                                         stream.divider() == divider_ && stream.delay() == delay_,
                                     "offer: expected a model of the running one's columns, outputs, sample period and "
                                     "delay, got another");
        delete offered_.exchange(pair.release(), std::memory_order_acq_rel);
    }
    /// For the other thread: frees a model that the loop is done with. Returns whether there was one.
    bool collect() {
        const std::unique_ptr<Pair> old(retired_.exchange(nullptr, std::memory_order_acquire));
        return old != nullptr;
    }

    /// For the loop; see `Stream::tick`.
    std::span<const Scalar> tick(std::span<const double> sample) noexcept {
        // A model is taken only while there is room to retire the one it replaces.
        if (!next_ && !retired_.load(std::memory_order_acquire))
            next_.reset(offered_.exchange(nullptr, std::memory_order_acq_rel));
        if (!next_) return current_->stream.tick(sample);
        const std::span<const Scalar> y = next_->stream.tick(sample);
        if (!next_->stream.warm()) return current_->stream.tick(sample);
        std::swap(current_, next_);
        retired_.store(next_.release(), std::memory_order_release);
        ++swaps_;
        return y;
    }

    bool warm() const noexcept { return current_->stream.warm(); }
    /// Models that the loop has gone over to. For the loop's thread.
    Index swaps() const noexcept { return swaps_; }
    const Stream<M>& stream() const noexcept { return current_->stream; }

private:
    std::unique_ptr<Pair> make(std::shared_ptr<const M> model, const Recipe& recipe, Normaliser<Scalar> normaliser) {
        detail::require<ConfigError>(model != nullptr, "StreamSwap: expected a model, got a null pointer");
        const M& read = *model;
        return std::unique_ptr<Pair>(
            new Pair{std::move(model), Stream<M>(read, recipe, std::move(normaliser), config_)});
    }

    StreamConfig config_;
    std::unique_ptr<Pair> current_, next_;  // of the loop
    std::atomic<Pair*> offered_{nullptr}, retired_{nullptr};
    std::vector<std::string> columns_;
    Index outputs_, divider_, delay_, swaps_ = 0;
};

IDM_NAMESPACE_END
