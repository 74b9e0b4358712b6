#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/status.hpp>
#include <idm/io/json_reader.hpp>
#include <idm/io/json_writer.hpp>

IDM_NAMESPACE_BEGIN

/// One tensor of a safetensors file; its numbers are little-endian and row-major.
struct SafeTensor {
    std::string dtype = {};  // "F32" or "F64"
    std::vector<Index> shape = {};
    std::string_view bytes = {};  // lent, by the file's text or by whoever writes
};

/// What a safetensors file holds: its metadata's strings and its tensors, by name.
struct Safetensors {
    std::map<std::string, std::string> metadata = {};
    std::map<std::string, SafeTensor> tensors = {};
};

namespace detail {

template <std::floating_point T>
inline constexpr const char* dtype_of = sizeof(T) == 4 ? "F32" : "F64";

template <std::unsigned_integral U>
void append_little_endian(std::string& out, U bits) {
    for (std::size_t i = 0; i < sizeof(U); ++i) out += static_cast<char>((bits >> (8 * i)) & 0xFF);
}

template <std::unsigned_integral U>
U read_little_endian(const char* bytes) {
    U bits = 0;
    for (std::size_t i = 0; i < sizeof(U); ++i)
        bits |= static_cast<U>(static_cast<U>(static_cast<unsigned char>(bytes[i])) << (8 * i));
    return bits;
}

template <std::floating_point T>
using BitsOf = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <std::floating_point T>
std::string little_endian(std::span<const T> values) {
    std::string out;
    for (const T value : values) append_little_endian(out, std::bit_cast<BitsOf<T>>(value));
    return out;
}

/// `bytes` holds whole numbers.
template <std::floating_point T>
std::vector<T> from_little_endian(std::string_view bytes) {
    std::vector<T> out;
    for (std::size_t i = 0; i < bytes.size(); i += sizeof(T))
        out.push_back(std::bit_cast<T>(read_little_endian<BitsOf<T>>(bytes.data() + i)));
    return out;
}

}  // namespace detail

inline constexpr std::size_t safetensors_header_limit = std::size_t{1} << 20;

/// Reads a whole file's bytes, which the tensors of `out` point into.
///
/// *Errors*: a failed status for a truncated or damaged file, a header beyond 1 MiB, a key twice, another dtype than
/// F32 and F64, and for tensors that overlap or do not cover the data exactly. *Source*:
/// https://github.com/huggingface/safetensors, section "Format".
IDM_INLINE Status read_safetensors(std::string_view bytes, Safetensors& out);

/// The bytes of a file, tensors in the order of their names, the header padded so that the data begins at a multiple
/// of 8. *Errors*: `DataError` for a header beyond 1 MiB, which `read_safetensors` would refuse.
IDM_INLINE std::string write_safetensors(const Safetensors& file);

#if !IDM_HAS_COMPILED

namespace detail {

/// Reads one entry of the header; `begin` and `end` are its place in `data`.
inline Status read_tensor(const std::string& name, const Json& entry, std::string_view data, SafeTensor& out,
                          std::uint64_t& begin) {
    const Json *dtype = entry.find("dtype"), *shape = entry.find("shape"), *offsets = entry.find("data_offsets");
    if (!dtype || !shape || !offsets || entry.keys.size() != 3 || dtype->kind != Json::Kind::string ||
        shape->kind != Json::Kind::array || offsets->kind != Json::Kind::array || offsets->items.size() != 2)
        return failure("tensor '", name, "': expected dtype, shape and two data_offsets");
    out.dtype = dtype->text;
    if (out.dtype != "F32" && out.dtype != "F64")
        return failure("tensor '", name, "': expected dtype F32 or F64, got '", out.dtype, "'");
    std::uint64_t size = out.dtype == "F32" ? 4 : 8, end = 0;
    for (const Json& item : shape->items) {
        std::uint64_t extent = 0;
        if (!item.get(extent) || (extent > 0 && size > data.size() / extent))
            return failure("tensor '", name, "': expected a shape that fits into the file's ", data.size(), " bytes");
        size *= extent;
        out.shape.push_back(static_cast<Index>(extent));
    }
    if (!offsets->items[0].get(begin) || !offsets->items[1].get(end) || end > data.size() || begin > end ||
        end - begin != size)
        return failure("tensor '", name, "': expected data_offsets of ", size, " bytes inside the file's ", data.size(),
                       "; the file is truncated or damaged");
    out.bytes = data.substr(begin, size);
    return {};
}

}  // namespace detail

IDM_INLINE Status read_safetensors(std::string_view bytes, Safetensors& out) {
    out = Safetensors();
    if (bytes.size() < 8) return detail::failure("expected at least 8 bytes, got ", bytes.size());
    const auto length = detail::read_little_endian<std::uint64_t>(bytes.data());
    if (length > safetensors_header_limit)
        return detail::failure("expected a header of at most ", safetensors_header_limit, " bytes, got one of ", length,
                               "; this is no weights file, or it is damaged");
    if (length > bytes.size() - 8)
        return detail::failure("expected a header of ", length, " bytes, got ", bytes.size() - 8,
                               "; the file is truncated");
    const std::string_view data = bytes.substr(8 + length);
    Json header;
    if (Status status = read_json(bytes.substr(8, length), header); !status)
        return detail::failure("header: ", status.message);
    if (header.kind != Json::Kind::object || bytes[8] != '{') return detail::failure("header: expected a JSON object");

    std::map<std::uint64_t, std::uint64_t> places;  // begin to end
    for (std::size_t i = 0; i < header.keys.size(); ++i) {
        const Json& entry = header.items[i];
        if (header.keys[i] == "__metadata__") {
            for (std::size_t k = 0; k < entry.keys.size(); ++k) {
                if (entry.items[k].kind != Json::Kind::string)
                    return detail::failure("metadata '", entry.keys[k], "': expected a string");
                out.metadata[entry.keys[k]] = entry.items[k].text;
            }
            continue;
        }
        SafeTensor& tensor = out.tensors[header.keys[i]];
        std::uint64_t begin = 0;
        if (Status status = detail::read_tensor(header.keys[i], entry, data, tensor, begin); !status) return status;
        if (!tensor.bytes.empty() && !places.emplace(begin, begin + tensor.bytes.size()).second)
            return detail::failure("tensor '", header.keys[i], "' overlaps another");
    }
    std::uint64_t covered = 0;
    for (const auto& [begin, end] : places) {
        if (begin != covered) return detail::failure("tensors overlap or leave a gap at data byte ", covered);
        covered = end;
    }
    if (covered != data.size())
        return detail::failure("expected tensors over all ", data.size(), " bytes of data, got ", covered);
    return {};
}

IDM_INLINE std::string write_safetensors(const Safetensors& file) {
    JsonWriter json;
    json.begin_object().key("__metadata__").begin_object();
    for (const auto& [key, text] : file.metadata) json.member(key, text);
    json.end_object();
    std::string data;
    for (const auto& [name, tensor] : file.tensors) {
        const std::size_t begin = data.size();
        data += tensor.bytes;
        json.key(name).begin_object().member("dtype", tensor.dtype).key("shape").array(tensor.shape);
        json.key("data_offsets").array(std::vector<std::size_t>{begin, data.size()}).end_object();
    }
    std::string header = json.end_object().text();
    header.resize((header.size() + 7) / 8 * 8, ' ');
    detail::require<DataError>(header.size() <= safetensors_header_limit,
                               "cannot write a file of tensors: expected names ", "and metadata of at most ",
                               safetensors_header_limit, " bytes, got ", header.size());
    std::string out;
    detail::append_little_endian(out, static_cast<std::uint64_t>(header.size()));
    return out + header + data;
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
