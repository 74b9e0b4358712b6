#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/random.hpp>
#include <idm/core/status.hpp>
#include <idm/io/atomic_file.hpp>
#include <idm/io/safetensors.hpp>
#include <idm/io/weights/info.hpp>
#include <idm/io/weights/model_check.hpp>
#include <idm/models/model.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

inline constexpr int weights_format_version = 2;
/// |output - stored| <= tolerance (1 + |stored|): two instruction sets round differently. A file may ask for less.
inline constexpr double test_vector_tolerance = 1e-3;

/// The output for one window of normalised inputs, both as fp32.
template <class M>
std::vector<float> run_window(const M& model, const std::vector<float>& window) {
    auto workspace = model.make_workspace(1);
    for (std::size_t i = 0; i < window.size(); ++i)
        workspace.input().sample(0)[i] = static_cast<typename M::Scalar>(window[i]);
    model.forward(workspace, 1);
    std::vector<float> out;
    for (Index i = 0; i < model.outputs(); ++i) out.push_back(static_cast<float>(workspace.output().sample(0)[i]));
    return out;
}

template <class M>
std::string weights_json(const M& model, const WeightsInfo<typename M::Scalar>& info) {
    Random random(1);
    std::vector<float> window(static_cast<std::size_t>(model.window() * model.inputs()));
    for (float& value : window) value = static_cast<float>(random.uniform(-1, 1));
    JsonWriter json;
    json.begin_object().member("format_version", weights_format_version);
    json.member("library_version", message(IDM_VERSION_MAJOR, '.', IDM_VERSION_MINOR, '.', IDM_VERSION_PATCH));
    json.key("model").begin_object().member("type", M::name).member("window", model.window());
    json.member("inputs", model.inputs()).member("outputs", model.outputs());
    json.key("layers").array(layer_names(model)).end_object().key("recipe");
    write_recipe(json, info.recipe);
    json.key("input_names").array(info.input_names).key("target_names").array(info.target_names).key("normaliser");
    write_normaliser(json, info.normaliser);
    json.key("training");
    write_training(json, info.training);
    json.key("test_vector").begin_object();
    json.member("input", to_base64(little_endian<float>(window)));
    json.member("output", to_base64(little_endian<float>(run_window(model, window))));
    json.member("tolerance", test_vector_tolerance).end_object();
    return json.end_object().text();
}

/// Moves every tensor into `model`; each must be there, once, of the right type and shape, and finite.
template <class M>
Status read_parameters(const Safetensors& file, M& model) {
    using T = typename M::Scalar;
    const auto named = model.named_parameters();
    for (const auto& parameter : named) {
        const auto found = file.tensors.find(parameter.name());
        if (found == file.tensors.end()) return failure("tensor '", parameter.name(), "' is missing");
        const SafeTensor& tensor = found->second;
        if (tensor.dtype != dtype_of<T>)
            return failure("tensor '", parameter.name(), "': expected dtype ", dtype_of<T>, ", got ", tensor.dtype);
        if (tensor.shape != parameter.shape())
            return failure("tensor '", parameter.name(), "': expected another shape, of ", parameter.size(),
                           " numbers in ", parameter.shape().size(), " dimensions");
        const std::vector<T> values = from_little_endian<T>(tensor.bytes);
        for (const T value : values)
            if (!std::isfinite(value)) return failure("tensor '", parameter.name(), "' holds NaN or Inf");
        parameter.copy_from(values);
    }
    for (const auto& entry : file.tensors)
        if (std::none_of(named.begin(), named.end(), [&](const auto& p) { return p.name() == entry.first; }))
            return failure("tensor '", entry.first, "' is none of this model's");
    return {};
}

template <class M>
void replay_test_vector(Fields fields, const M& model, Status& status) {
    std::string texts[2], bytes[2];
    double tolerance = 0;
    fields.string("input", texts[0]);
    fields.string("output", texts[1]);
    fields.number("tolerance", tolerance);
    fields.finish();
    if (!status) return;
    if (!(tolerance >= 0 && tolerance <= test_vector_tolerance)) {
        status = failure("test_vector.tolerance: expected 0 to ", test_vector_tolerance, ", got ", tolerance);
        return;
    }
    const Index sizes[] = {model.window() * model.inputs(), model.outputs()};
    for (int i = 0; i < 2; ++i) {
        if (!from_base64(texts[i], bytes[i]) || bytes[i].size() != 4 * static_cast<std::size_t>(sizes[i])) {
            status = failure("test_vector: expected ", sizes[i], " fp32 numbers in base64");
            return;
        }
    }
    const auto expected = from_little_endian<float>(bytes[1]);
    const auto got = run_window(model, from_little_endian<float>(bytes[0]));
    for (std::size_t i = 0; i < got.size() && status; ++i)
        if (!(std::abs(double{got[i]} - double{expected[i]}) <= tolerance * (1 + std::abs(double{expected[i]}))))
            status = failure("test vector, output ", i, ": expected ", expected[i], " within ", tolerance, ", got ",
                             got[i], "; the weights do not belong to this network");
}

/// Reads the file's bytes into `model` and `info`, which are of no use when it fails.
template <class M>
Status read_weights(std::string_view bytes, M& model, WeightsInfo<typename M::Scalar>& info) {
    Safetensors file;
    if (Status status = read_safetensors(bytes, file); !status) return status;
    const auto text = file.metadata.find("idm"), crc = file.metadata.find("idm_crc32");
    if (text == file.metadata.end() || crc == file.metadata.end() || file.metadata.size() != 2)
        return failure("expected metadata 'idm' and 'idm_crc32'; it is a safetensors file, but none of this library");
    const auto header = read_little_endian<std::uint64_t>(bytes.data());
    if (crc->second != hexadecimal(crc32(bytes.substr(8 + header), crc32(text->second))))
        return failure("the checksum does not fit the content; the file is damaged");
    Json json;
    if (Status status = read_json(text->second, json); !status) return failure("metadata 'idm': ", status.message);

    Status status;
    Fields fields(&json, "idm", status);
    int version = 0;
    std::string library;
    fields.number("format_version", version);
    if (status && (version < 1 || version > weights_format_version))
        status = failure("expected format version 1 to ", weights_format_version, ", got ", version,
                         "; read it with the version of the library that wrote it");
    fields.string("library_version", library);
    check_model(fields.object("model"), model, status);
    read_recipe(fields.object("recipe"), info.recipe, status);
    fields.strings("input_names", info.input_names);
    fields.strings("target_names", info.target_names);
    const auto inputs = static_cast<std::size_t>(model.inputs()), outputs = static_cast<std::size_t>(model.outputs());
    read_normaliser(fields.object("normaliser"), info.normaliser, version, inputs, outputs, status);
    read_training(fields.object("training"), info.training);
    Fields test_vector = fields.object("test_vector");
    fields.finish();
    if (!status) return status;
    if (info.recipe.window != model.window() || input_count(info.recipe) != inputs ||
        info.input_names.size() != inputs || output_count(info.recipe) != outputs ||
        info.target_names.size() != outputs)
        return failure("expected a recipe and names for a window of ", model.window(), ", ", inputs, " inputs and ",
                       outputs, " outputs, got window ", info.recipe.window, ", ", input_count(info.recipe),
                       " inputs with ", info.input_names.size(), " names and ", output_count(info.recipe),
                       " targets with ", info.target_names.size());
    for (const std::string& name : info.normaliser.constant_inputs())
        if (std::find(info.input_names.begin(), info.input_names.end(), name) == info.input_names.end())
            return failure("normaliser.constant_inputs: expected names of inputs, got '", name, "'");
    if (status = read_parameters(file, model); !status) return status;
    replay_test_vector(test_vector, model, status);
    return status;
}

/// At most `limit` bytes are read: a foreign file may be of any length.
inline Status read_file(const std::filesystem::path& path, std::uintmax_t limit, std::string& out) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) return failure("expected a file, got none");
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (error || size > limit) return failure("expected a file of at most ", limit, " bytes, got ", size);
    std::ifstream in(path, std::ios::binary);
    out.resize(size);
    if (!in.read(out.data(), static_cast<std::streamsize>(size))) return failure("cannot read it");
    return {};
}

template <class M>
Status load_weights(const std::filesystem::path& path, M& model, WeightsInfo<typename M::Scalar>& info) {
    const auto data = static_cast<std::uintmax_t>(model.parameter_count()) * sizeof(typename M::Scalar);
    std::string bytes;
    M staged = model;
    WeightsInfo<typename M::Scalar> read;
    Status status = read_file(path, data + safetensors_header_limit + 8, bytes);
    if (status) status = read_weights(bytes, staged, read);
    if (!status) return failure("weights file '", path.string(), "': ", status.message);
    std::copy(staged.parameters().begin(), staged.parameters().end(), model.parameters().begin());
    info = std::move(read);
    return status;
}

}  // namespace detail

/// Loads weights into a model of the same type and extents; `docs/file_format.md` says what a file holds.
///
/// Everything is read and checked, the file's test vector included, before the model or `info` change: on any error
/// both are as they were. *Errors*: a failed status with the file and what is wrong. *Cost*: allocates; not for the
/// loop.
template <class M>
Status try_load_weights(const std::filesystem::path& path, M& model, WeightsInfo<typename M::Scalar>& info) noexcept {
#if IDM_HAS_EXCEPTIONS
    try {
        return detail::load_weights(path, model, info);
    } catch (const std::exception& error) {
        return {error.what()};
    }
#else
    return detail::load_weights(path, model, info);
#endif
}

#if IDM_HAS_EXCEPTIONS

/// The same as `try_load_weights`. *Errors*: `FileError`.
template <class M>
WeightsInfo<typename M::Scalar> load_weights(const std::filesystem::path& path, M& model) {
    WeightsInfo<typename M::Scalar> info;
    const Status status = detail::load_weights(path, model, info);
    detail::require<FileError>(static_cast<bool>(status), status.message);
    return info;
}

/// Writes the model's weights with all that is needed to use them. An earlier file stays until the new one is complete.
///
/// *Errors*: `DataError` for what could not be loaded again (weights or summary that are not finite, a recipe of other
/// extents, names that are not UTF-8), `FileError` when the file can't be written.
template <class M>
void save_weights(const std::filesystem::path& path, const M& model, const WeightsInfo<typename M::Scalar>& info) {
    using T = typename M::Scalar;
    Safetensors file;
    const auto named = model.named_parameters();
    std::vector<std::string> tensors(named.size());
    for (std::size_t i = 0; i < named.size(); ++i) {
        std::vector<T> values(static_cast<std::size_t>(named[i].size()));
        named[i].copy_to(values);
        tensors[i] = detail::little_endian<T>(values);
        file.tensors[named[i].name()] = {detail::dtype_of<T>, named[i].shape(), tensors[i]};
    }
    const std::string text = detail::weights_json(model, info);
    std::uint32_t crc = detail::crc32(text);
    for (const auto& [name, tensor] : file.tensors) crc = detail::crc32(tensor.bytes, crc);
    file.metadata = {{"idm", text}, {"idm_crc32", detail::hexadecimal(crc)}};
    const FileContent content{path, write_safetensors(file)};

    M again = model;
    WeightsInfo<T> read;
    const Status status = detail::read_weights(content.bytes, again, read);
    detail::require<DataError>(static_cast<bool>(status),
                               "cannot save weights that could not be loaded: ", status.message);
    detail::require<DataError>(
        read.recipe == info.recipe && read.input_names == info.input_names && read.target_names == info.target_names,
        "cannot save weights whose recipe or names a file can't hold: expected names in UTF-8 "
        "and finite numbers");
    write_files(std::span(&content, 1));
}

#endif

IDM_NAMESPACE_END
