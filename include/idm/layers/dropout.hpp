#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include <idm/core/error.hpp>
#include <idm/core/exact_text.hpp>
#include <idm/kernels/select.hpp>
#include <idm/layers/contract.hpp>
#include <idm/layers/reshape.hpp>

IDM_NAMESPACE_BEGIN

/// In training sets each number to 0 with probability `rate` and divides the others by 1 - rate; else y = x.
///
/// Which numbers is a function of `Forward::random`, the sample's number and the place in the sample alone: the same
/// whatever the threads and the parts of a batch. A chunk's steps are places of one sample.
///
/// *Shapes*: any. *Errors*: `ConfigError` for a rate outside [0, 1). *Cost*: in place, one random number for each of x
/// forward and again backward; of the mask nothing but its key is kept.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html
class Dropout : public LayerDefaults {
public:
    static constexpr bool in_place = true;
    static constexpr bool is_causal = true;

    constexpr explicit Dropout(double rate = 0.5) : rate_(rate) {
        detail::require<ConfigError>(rate >= 0 && rate < 1, "Dropout: expected a rate in [0, 1), got ", rate);
    }

    constexpr double rate() const { return rate_; }

    template <class In>
    constexpr In output_shape(const In& in) const {
        return in;
    }
    template <class T, class In>
    constexpr Index memory_size(const In&, Index, Mode mode) const {
        return mode == Mode::inference ? 0 : static_cast<Index>(sizeof(RandomKey) / sizeof(T));
    }

    /// Its backward pass is `backward`.
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        if (p.mode == Mode::inference) return EveryStep().forward(in, p);
        std::memcpy(p.memory, &p.random, sizeof(RandomKey));
        for (Index n = 0; n < p.samples; ++n)
            kernels::dropout(in.size(), rate_, of_sample(p.random, n), p.x.sample(n), p.y.sample(n));
    }
    /// The gradient of `forward`, by the same mask.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        if (!p.d_x.data) return;
        RandomKey key;
        std::memcpy(static_cast<void*>(&key), p.memory, sizeof(RandomKey));
        for (Index n = 0; n < p.samples; ++n)
            kernels::dropout(in.size(), rate_, of_sample(key, n), static_cast<const T*>(p.d_y.sample(n)),
                             p.d_x.sample(n));
    }
    std::string name() const { return "Dropout(" + detail::exact_text(rate_) + ")"; }

private:
    static constexpr Random of_sample(const RandomKey& key, Index n) {
        return Random(key.key, static_cast<std::uint64_t>(key.first_sample + n));
    }

    double rate_;
};

IDM_NAMESPACE_END
