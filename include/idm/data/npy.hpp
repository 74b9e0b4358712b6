#pragma once

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/table.hpp>
#include <idm/data/trajectory.hpp>

IDM_NAMESPACE_BEGIN

/// How an NPY file is to be read.
struct NpyConfig {
    /// One name per column; empty: "0", "1", ...
    std::vector<std::string> columns = {};
};

namespace detail {

inline constexpr std::string_view npy_magic = "\x93NUMPY";

IDM_INLINE Table read_npy_table(const std::filesystem::path& path, const NpyConfig& config);

}  // namespace detail

/// Reads one NumPy file, an array [rows, columns] or [rows] of float32 or float64 in C or Fortran order, as one
/// trajectory without time: `read_log` adds the rest.
///
/// *Errors*: `FileError` for another file format, version, type or byte order, and for a truncated file; `DataError`
/// for an empty array.
inline Log read_npy(const std::filesystem::path& path, const NpyConfig& config = {}) {
    return detail::to_log(detail::read_npy_table(path, config));
}

#if !IDM_HAS_COMPILED

namespace detail {

/// What an NPY header says about the array behind it.
struct NpyHeader {
    bool is_double = false;
    bool fortran_order = false;
    Index rows = 0;
    Index columns = 0;
    std::size_t data_begin = 0;
};

/// Reads the header: magic, version, length, and a Python dictionary with the keys descr, fortran_order and shape.
///
/// *Source*: numpy.lib.format, "NumPy Enhancement Proposal 1".
class NpyHeaderParser {
public:
    NpyHeaderParser(std::string_view bytes, const std::filesystem::path& path) : bytes_(bytes), path_(path.string()) {}

    NpyHeader parse() {
        check(bytes_.starts_with(npy_magic) && bytes_.size() >= 10, "it does not start as an NPY file does");
        const int version = static_cast<unsigned char>(bytes_[6]);
        check(version >= 1 && version <= 3, "expected version 1, 2 or 3, got ", version);
        const std::size_t length_bytes = version == 1 ? 2 : 4, start = 8 + length_bytes;
        check(bytes_.size() >= start, "it ends inside its header");
        std::size_t length = 0;
        for (std::size_t i = 0; i < length_bytes; ++i)
            length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes_[8 + i])) << (8 * i);
        check(length <= bytes_.size() - start, "its header claims ", length, " bytes, the file has ",
              bytes_.size() - start, " left");
        text_ = bytes_.substr(start, length);
        NpyHeader header;
        header.data_begin = start + length;
        read_type(header);
        read_order(header);
        read_shape(header);
        return header;
    }

private:
    template <class... Parts>
    void check(bool condition, const Parts&... parts) const {
        require<FileError>(condition, "can't read '", path_, "': ", parts...);
    }

    /// What follows `'key':`.
    std::string_view value_of(std::string_view key) const {
        for (char quote : {'\'', '"'}) {
            const std::string quoted = message(quote, key, quote);
            const std::size_t found = text_.find(quoted);
            if (found == std::string_view::npos) continue;
            const std::size_t begin = text_.find_first_not_of(" :", found + quoted.size());
            if (begin != std::string_view::npos) return text_.substr(begin);
        }
        check(false, "its header lacks the key '", key, "'");
        return {};
    }

    void read_type(NpyHeader& header) const {
        const std::string_view value = value_of("descr");
        check(
            value[0] == '\'' || value[0] == '"',
            "expected an array of '<f4' or '<f8', got a structured type; save a plain 2-D array of float32 or float64");
        const std::string_view type = value.substr(1, value.find(value[0], 1) - 1);
        check(!type.starts_with('>'), "its numbers are big-endian ('", type,
              "'), expected '<f4' or '<f8'; save it with astype('<f8')");
        check(type == "<f4" || type == "<f8", "expected numbers of type '<f4' or '<f8', got '", type,
              "'; save it with astype('<f8')");
        header.is_double = type == "<f8";
    }

    void read_order(NpyHeader& header) const {
        const std::string_view value = value_of("fortran_order");
        header.fortran_order = value.starts_with("True");
        check(header.fortran_order || value.starts_with("False"), "expected fortran_order True or False, got '",
              value.substr(0, 8), "'");
    }

    void read_shape(NpyHeader& header) const {
        const std::string_view value = value_of("shape");
        const std::size_t close = value.find(')');
        check(value[0] == '(' && close != std::string_view::npos, "its shape is no tuple");
        std::string_view list = value.substr(1, close - 1);
        std::vector<Index> extents;
        while (!list.empty()) {
            const std::size_t begin = list.find_first_not_of(" ,");
            if (begin == std::string_view::npos) break;
            list.remove_prefix(begin);
            Index extent = -1;
            const auto [stop, code] = std::from_chars(list.data(), list.data() + list.size(), extent);
            check(code == std::errc() && extent >= 0, "its shape (", value.substr(1, close - 1), ") holds no counts");
            extents.push_back(extent);
            list.remove_prefix(static_cast<std::size_t>(stop - list.data()));
        }
        check(extents.size() == 1 || extents.size() == 2, "expected an array [rows, columns] or [rows], got ",
              extents.size(), " dimensions");
        header.rows = extents[0];
        header.columns = extents.size() == 2 ? extents[1] : 1;
    }

    std::string_view bytes_, text_;
    std::string path_;
};

/// Numbers of type `T` at `from`, converted to double; `from` need not be aligned.
template <class T>
Matrix<double> npy_values(const char* from, const NpyHeader& header) {
    static_assert(std::endian::native == std::endian::little, "NPY data is read as the little-endian bytes it holds");
    Matrix<double> values(header.rows, header.columns);
    const Index row_stride = header.fortran_order ? 1 : header.columns;
    const Index column_stride = header.fortran_order ? header.rows : 1;
    for (Index row = 0; row < header.rows; ++row)
        for (Index column = 0; column < header.columns; ++column) {
            T value;
            std::memcpy(&value, from + static_cast<std::size_t>(row * row_stride + column * column_stride) * sizeof(T),
                        sizeof(T));
            values(row, column) = static_cast<double>(value);
        }
    return values;
}

IDM_INLINE Table read_npy_table(const std::filesystem::path& path, const NpyConfig& config) {
    const std::string bytes = read_bytes(path);
    const NpyHeader header = NpyHeaderParser(bytes, path).parse();
    require<DataError>(header.rows > 0 && header.columns > 0, "'", path.string(), "' holds no numbers, its shape is (",
                       header.rows, ", ", header.columns, ")");
    const std::size_t left = bytes.size() - header.data_begin, size = header.is_double ? 8 : 4;
    const auto rows = static_cast<std::size_t>(header.rows), columns = static_cast<std::size_t>(header.columns);
    // Division, because a forged shape may overflow the product.
    require<FileError>(left % size == 0 && left / size / columns == rows && left / size % columns == 0, "can't read '",
                       path.string(), "': its shape (", header.rows, ", ", header.columns, ") of ", size,
                       "-byte numbers does not fit the ", left,
                       " bytes behind its header; it is truncated or was appended to");
    const char* data = bytes.data() + header.data_begin;
    return {.source = path,
            .columns = column_names(config.columns, header.columns, path),
            .values = header.is_double ? npy_values<double>(data, header) : npy_values<float>(data, header),
            .lines = {}};
}

}  // namespace detail

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
