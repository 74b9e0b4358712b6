#pragma once

#include <type_traits>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>

IDM_NAMESPACE_BEGIN

/// One extent, known at compile time or (`Extent<dynamic>`) at run time. A static extent takes no space.
///
/// *Errors*: `ShapeError` when a static extent is constructed from another value.
template <Index N>
class Extent {
public:
    static_assert(N >= 0, "an extent is a count: 0 or more, or idm::dynamic");
    static constexpr Index static_value = N;

    constexpr Extent() = default;
    constexpr Extent(Index value) {
        detail::require<ShapeError>(value == N, "expected extent ", N, " (fixed by the type), got ", value,
                                    "; pass the same value or use idm::dynamic in the type");
    }
    constexpr Index value() const { return N; }
};

/// An extent that is known when the program runs.
template <>
class Extent<dynamic> {
public:
    static constexpr Index static_value = dynamic;

    constexpr Extent() = default;
    constexpr Extent(Index value) : value_(value) {
        detail::require<ShapeError>(value >= 0, "expected an extent of 0 or more, got ", value);
    }
    constexpr Index value() const { return value_; }

private:
    Index value_ = 0;
};

namespace detail {

/// `F` of static extents: the result is static if all are, else dynamic.
template <auto F, Index... N>
consteval Index map_static() {
    if constexpr (((N == dynamic) || ...))
        return dynamic;
    else
        return F(N...);
}

}  // namespace detail

/// Shape of one sample between two layers: `Length` time steps of `Channels` channels, channels contiguous.
///
/// `Folded` counts the time steps that a Flatten has folded into the channels (1: none). Dense reads it to give its
/// weight PyTorch's column order, in which Flatten runs over channels first.
template <Index Length, Index Channels, Index Folded = 1>
class Shape {
public:
    static constexpr Index static_length = Length;
    static constexpr Index static_channels = Channels;
    static constexpr Index static_folded = Folded;
    static constexpr bool is_static = Length != dynamic && Channels != dynamic && Folded != dynamic;

    constexpr Shape() = default;
    constexpr Shape(Index length, Index channels, Index folded = 1)
        : length_(length), channels_(channels), folded_(folded) {}

    constexpr Index length() const { return length_.value(); }
    constexpr Index channels() const { return channels_.value(); }
    constexpr Index folded() const { return folded_.value(); }
    constexpr Index size() const { return length() * channels(); }

    friend constexpr bool operator==(const Shape& a, const Shape& b) {
        return a.length() == b.length() && a.channels() == b.channels();
    }

private:
    [[no_unique_address]] Extent<Length> length_;
    [[no_unique_address]] Extent<Channels> channels_;
    [[no_unique_address]] Extent<Folded> folded_;
};

IDM_NAMESPACE_END
