#pragma once

#include <span>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/parallel.hpp>

IDM_NAMESPACE_BEGIN

/// A rule that turns gradients into new parameters, over one buffer: its settings and the state of one run.
///
/// `begin_step` counts a step and works out its numbers; `apply` then updates any ranges, on any threads, with the same
/// bits however they are cut. *Errors*: `ConfigError` for settings out of range, `ShapeError` for another size.
template <class T>
class Optimiser {
public:
    explicit Optimiser(Index size) : size_(size) {}
    virtual ~Optimiser() = default;

    Index size() const { return size_; }
    Index steps_taken() const { return steps_; }

    void begin_step(double rate) {
        ++steps_;
        prepare(rate);
    }
    /// What a step leaves to the next besides `steps_taken`, for who saves it and puts it back.
    virtual std::vector<std::span<T>> memory() = 0;
    void set_steps_taken(Index steps) { steps_ = steps; }
    /// Updates the parameters in `range`; both pointers are to the buffer's begin.
    virtual void apply(Range range, const T* gradient, T* parameters) = 0;

    /// One step on all parameters.
    void step(std::span<T> parameters, std::span<const T> gradient, double rate) {
        const auto expected = static_cast<std::size_t>(size());
        detail::require<ShapeError>(parameters.size() == expected && gradient.size() == expected,
                                    "optimiser: expected ", size(), " parameters and gradients, got ",
                                    parameters.size(), " and ", gradient.size());
        begin_step(rate);
        apply({0, size()}, gradient.data(), parameters.data());
    }

private:
    virtual void prepare(double rate) = 0;

    Index size_, steps_ = 0;
};

IDM_NAMESPACE_END
