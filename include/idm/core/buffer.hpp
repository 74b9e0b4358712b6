#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <span>
#include <utility>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN

/// Owns `size()` zero-initialised numbers on a 64-byte boundary. It never grows: its memory stays where it is.
///
/// Not an Eigen matrix, because Eigen's allocation differs between instruction sets and objects built with different
/// ones may meet in one program.
template <class T>
class Buffer {
public:
    Buffer() = default;
    explicit Buffer(Index size) : size_(size), data_(allocate(size)) { std::fill_n(data_, size_, T(0)); }
    Buffer(const Buffer& other) : size_(other.size_), data_(allocate(other.size_)) {
        if (data_) std::copy_n(other.data_, size_, data_);  // gcc 12 warns of the null pointers of an empty buffer
    }
    Buffer(Buffer&& other) noexcept { swap(other); }
    Buffer& operator=(Buffer other) noexcept {
        swap(other);
        return *this;
    }
    ~Buffer() {
        if (data_) ::operator delete(data_, std::align_val_t(alignment_bytes));
    }

    Index size() const { return size_; }
    T* data() { return data_; }
    const T* data() const { return data_; }
    T& operator[](Index i) { return data_[i]; }
    const T& operator[](Index i) const { return data_[i]; }
    std::span<T> span() { return {data_, static_cast<std::size_t>(size_)}; }
    std::span<const T> span() const { return {data_, static_cast<std::size_t>(size_)}; }
    void fill(T value) { std::fill_n(data_, size_, value); }

    void swap(Buffer& other) noexcept {
        std::swap(size_, other.size_);
        std::swap(data_, other.data_);
    }

private:
    static T* allocate(Index size) {
        if (size == 0) return nullptr;
        return static_cast<T*>(
            ::operator new(static_cast<std::size_t>(size) * sizeof(T), std::align_val_t(alignment_bytes)));
    }

    Index size_ = 0;
    T* data_ = nullptr;
};

IDM_NAMESPACE_END
