#pragma once

#include <unordered_map>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

// What the sides made of oneDNN's primitives share.

namespace bench {

using dnnl::memory;
using Tag = memory::format_tag;
using Dims = memory::dims;
using Arguments = std::unordered_map<int, memory>;

inline dnnl::engine& engine() {
    static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
    return cpu;
}
inline dnnl::stream& stream() {
    static dnnl::stream s(engine());
    return s;
}

inline memory::desc described(const Dims& dims, Tag tag) { return {dims, memory::data_type::f32, tag}; }

/// Reorders `values`, which lie as `plain` says, to where and how a primitive wants them.
inline memory in_place(const std::vector<float>& values, const memory::desc& plain, const memory::desc& wanted) {
    memory from(plain, engine(), const_cast<float*>(values.data())), to(wanted, engine());
    dnnl::reorder(from, to).execute(stream(), from, to);
    stream().wait();
    return to;
}

}  // namespace bench
