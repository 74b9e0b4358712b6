#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/status.hpp>
#include <idm/core/utf8.hpp>
#include <idm/io/atomic_file.hpp>
#include <idm/io/safetensors.hpp>
#include <idm/io/weights.hpp>
#include <idm/training/trainer.hpp>
#include <idm/training/training_state.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

inline constexpr int checkpoint_format_version = 1;
inline constexpr Index report_numbers = 8;

/// The numbers of a state that are no weights, in the order of the file. `State` is const or not.
template <class State, class Use>
void each_number(State& state, Use use) {
    auto& [identity, progress, weights, best_weights, best_loss, optimiser_steps, memory, plateau, history] = state;
    auto& [epoch, step, loss_sum, weight_sum] = progress;
    auto& [share, best, waited] = plateau;
    auto& [epochs, best_epoch, seconds, stopped] = history;
    use(epoch), use(step), use(loss_sum), use(weight_sum), use(best_loss), use(optimiser_steps);
    use(share), use(best), use(waited), use(best_epoch), use(seconds);
    (void)identity, (void)weights, (void)best_weights, (void)memory, (void)epochs, (void)stopped;
}

template <class Report, class Use>
void each_report_number(Report& report, Use use) {
    auto& [epoch, epochs, training_loss, validation_loss, learning_rate, samples_per_second, seconds_left, best] =
        report;
    use(epoch), use(epochs), use(training_loss), use(validation_loss), use(learning_rate);
    use(samples_per_second), use(seconds_left), use(best);
}

/// Takes the next of `numbers` as whatever `out` is. False for a count that is no whole number of at least 0.
template <class Number>
bool take_number(std::span<const double>& numbers, Number& out) {
    const double value = numbers.front();
    numbers = numbers.subspan(1);
    if constexpr (std::is_floating_point_v<Number>) {
        out = value;
    } else {
        if (!(value >= 0 && value <= 0x1p53 && value == std::floor(value))) return false;
        out = static_cast<Number>(value);
    }
    return true;
}

IDM_INLINE std::string checkpoint_json(const std::vector<TrainingFact>& identity);

template <class T>
std::string checkpoint_bytes(const TrainingState<T>& state) {
    std::vector<std::pair<std::string, std::string>> blocks{{"weights", little_endian<T>(state.weights)},
                                                            {"best_weights", little_endian<T>(state.best_weights)}};
    for (std::size_t i = 0; i < state.memory.size(); ++i)
        blocks.emplace_back(message("memory.", i), little_endian<T>(state.memory[i]));
    Safetensors file;
    for (const auto& [name, bytes] : blocks)
        file.tensors[name] = {dtype_of<T>, {static_cast<Index>(bytes.size() / sizeof(T))}, bytes};
    std::vector<double> numbers, reports;
    each_number(state, [&](auto value) { numbers.push_back(static_cast<double>(value)); });
    for (const EpochReport& report : state.history.epochs)
        each_report_number(report, [&](auto value) { reports.push_back(static_cast<double>(value)); });
    const std::string number_bytes = little_endian<double>(numbers), report_bytes = little_endian<double>(reports);
    file.tensors["numbers"] = {dtype_of<double>, {static_cast<Index>(numbers.size())}, number_bytes};
    file.tensors["history"] = {
        dtype_of<double>, {static_cast<Index>(state.history.epochs.size()), report_numbers}, report_bytes};
    const std::string text = checkpoint_json(state.identity);
    std::uint32_t crc = crc32(text);
    for (const auto& [name, tensor] : file.tensors) crc = crc32(tensor.bytes, crc);
    file.metadata = {{"idm_checkpoint", text}, {"idm_crc32", hexadecimal(crc)}};
    return write_safetensors(file);
}

/// The numbers of a tensor that must be there. Taken out of `file`, so that what is left over is known.
template <class T>
Status take_tensor(Safetensors& file, const std::string& name, std::vector<T>& out) {
    const auto found = file.tensors.find(name);
    if (found == file.tensors.end() || found->second.dtype != dtype_of<T>)
        return failure("expected a tensor '", name, "' of dtype ", dtype_of<T>);
    out = from_little_endian<T>(found->second.bytes);
    file.tensors.erase(found);
    return {};
}

IDM_INLINE Status read_identity(std::string_view text, std::vector<TrainingFact>& out);

template <class T>
Status read_checkpoint(std::string_view bytes, TrainingState<T>& state) {
    Safetensors file;
    if (Status status = read_safetensors(bytes, file); !status) return status;
    const auto text = file.metadata.find("idm_checkpoint"), crc = file.metadata.find("idm_crc32");
    if (text == file.metadata.end() || crc == file.metadata.end() || file.metadata.size() != 2)
        return failure("expected metadata 'idm_checkpoint' and 'idm_crc32'; it is no checkpoint of this library");
    const auto header = read_little_endian<std::uint64_t>(bytes.data());
    if (crc->second != hexadecimal(crc32(bytes.substr(8 + header), crc32(text->second))))
        return failure("the checksum does not fit the content; the file is damaged");
    if (Status status = read_identity(text->second, state.identity); !status) return status;
    if (Status status = take_tensor(file, "weights", state.weights); !status) return status;
    if (Status status = take_tensor(file, "best_weights", state.best_weights); !status) return status;
    std::vector<double> numbers, reports;
    if (Status status = take_tensor(file, "numbers", numbers); !status) return status;
    if (Status status = take_tensor(file, "history", reports); !status) return status;
    while (!file.tensors.empty()) {
        const std::string name = message("memory.", state.memory.size());
        if (Status status = take_tensor(file, name, state.memory.emplace_back()); !status) return status;
    }
    std::size_t expected = 0;
    each_number(state, [&](auto&) { ++expected; });
    bool good = numbers.size() == expected && reports.size() % report_numbers == 0;
    std::span<const double> left = numbers;
    if (good) each_number(state, [&](auto& out) { good = take_number(left, out) && good; });
    for (left = reports; good && !left.empty();)
        each_report_number(state.history.epochs.emplace_back(),
                           [&](auto& out) { good = take_number(left, out) && good; });
    return good ? Status() : failure("expected ", expected, " numbers and counts of at least 0; the file is damaged");
}

}  // namespace detail

/// Bytes of the largest checkpoint that is written and read, 1 GiB; damage or a foreign file costs no more memory.
inline constexpr std::uintmax_t checkpoint_size_limit = std::uintmax_t{1} << 30;

/// Where and how often a training is saved.
struct CheckpointConfig {
    std::filesystem::path path = {};
    Index every_epochs = 1;
    Index keep = 1;       // this many; older ones bear the path with .1, .2 and so on at its end
    bool resume = false;  // go on from the file if it is there
    std::uintmax_t size_limit = checkpoint_size_limit;
};

/// Writes a training's state. An earlier file stays until the new one is complete and on disk.
///
/// *Errors*: `ConfigError` for a `keep` below 1; `DataError` for what `load_checkpoint` would not read, a state beyond
/// `size_limit` bytes, names beyond 1 MiB or not in UTF-8; `FileError` when it can't be written.
template <class T>
void save_checkpoint(const std::filesystem::path& path, const TrainingState<T>& state, Index keep = 1,
                     std::uintmax_t size_limit = checkpoint_size_limit) {
    detail::require<ConfigError>(keep >= 1, "expected to keep at least 1 checkpoint, got ", keep);
    const auto numbered = [&](Index i) {
        return i == 0 ? path : std::filesystem::path(path.string() + '.' + std::to_string(i));
    };
    // The new one is whole and on disk before an earlier one moves: without room for it nothing changes.
    const FileContent content{keep == 1 ? path : std::filesystem::path(path.string() + ".next"),
                              detail::checkpoint_bytes(state)};
    detail::require<DataError>(content.bytes.size() <= size_limit, "cannot save checkpoint ", path.string(),
                               ": expected at most ", size_limit, " bytes, got ", content.bytes.size(),
                               "; raise the size limit, for loading too");
    write_files(std::span(&content, 1));
    if (keep == 1) return;
    std::error_code error;
    for (Index i = keep - 1; i > 1 && !error; --i)
        if (std::filesystem::exists(numbered(i - 1), error))
            std::filesystem::rename(numbered(i - 1), numbered(i), error);
    if (!error && std::filesystem::exists(path, error)) {
        // A second name, so that there is no moment without the first; where files have but one name, a move.
        std::filesystem::remove(numbered(1), error);
        std::filesystem::create_hard_link(path, numbered(1), error);
        if (error) std::filesystem::rename(path, numbered(1), error);
    }
    if (!error) std::filesystem::rename(content.path, path, error);
    detail::require<FileError>(!error, "cannot move checkpoint ", content.path.string(),
                               " to its place: ", error.message(), "; check the folder's rights");
}

/// *Errors*: `FileError` with the file and what is wrong: missing, truncated, damaged, beyond `size_limit` bytes, of
/// another kind or number type.
template <class T>
TrainingState<T> load_checkpoint(const std::filesystem::path& path, std::uintmax_t size_limit = checkpoint_size_limit) {
    std::string bytes;
    TrainingState<T> state;
    Status status = detail::read_file(path, size_limit, bytes);
    if (status) status = detail::read_checkpoint(bytes, state);
    detail::require<FileError>(static_cast<bool>(status), "checkpoint '", path.string(), "': ", status.message);
    return state;
}

/// `train` that saves its state after every few epochs, at its end and where `hooks.stop` ends it; with
/// `checkpoints.resume` it goes on from there, in the middle of an epoch too, and gives the bits of a training that was
/// never interrupted. One that had come to its end gives its history and best weights at once.
///
/// *Errors*: those of `train`, `save_checkpoint` and `load_checkpoint`; a checkpoint of another configuration, model or
/// data set is a `ConfigError` that names what differs, and the model stays as it was.
template <class M>
History train_with_checkpoints(M& model, const Dataset<typename M::Scalar>& data, const TrainerConfig& config,
                               const CheckpointConfig& checkpoints, TrainingHooks<typename M::Scalar> hooks = {}) {
    using T = typename M::Scalar;
    detail::require<ConfigError>(!hooks.resume && !hooks.on_state,
                                 "train_with_checkpoints: expected hooks without resume and on_state, which it sets");
    detail::require<ConfigError>(checkpoints.keep >= 1, "expected to keep at least 1 checkpoint, got ",
                                 checkpoints.keep);
    TrainingState<T> saved;
    std::error_code error;
    if (checkpoints.resume && std::filesystem::exists(checkpoints.path, error)) {
        saved = load_checkpoint<T>(checkpoints.path, checkpoints.size_limit);
        hooks.resume = &saved;
    }
    hooks.state_epochs = checkpoints.every_epochs;
    hooks.on_state = [&](const TrainingState<T>& state) {
        save_checkpoint(checkpoints.path, state, checkpoints.keep, checkpoints.size_limit);
    };
    return train(model, data, config, hooks);
}

#if !IDM_HAS_COMPILED

namespace detail {

IDM_INLINE std::string checkpoint_json(const std::vector<TrainingFact>& identity) {
    JsonWriter json;
    json.begin_object().member("format_version", checkpoint_format_version).key("training").begin_object();
    for (const TrainingFact& fact : identity) {
        require<DataError>(is_utf8(fact.value), "cannot save a checkpoint: expected ", fact.name,
                           " in UTF-8, as all files of a model are");
        json.member(fact.name, fact.value);
    }
    return json.end_object().end_object().text();
}

IDM_INLINE Status read_identity(std::string_view text, std::vector<TrainingFact>& out) {
    Json json;
    if (Status status = read_json(text, json); !status) return failure("metadata: ", status.message);
    int version = 0;
    const Json *format = json.find("format_version"), *training = json.find("training");
    if (!format || !format->get(version) || version != checkpoint_format_version)
        return failure("expected checkpoint format version ", checkpoint_format_version, ", got ", version,
                       "; go on with the version of the library that wrote it");
    if (!training || training->kind != Json::Kind::object) return failure("expected a member 'training'");
    for (std::size_t i = 0; i < training->keys.size(); ++i) out.push_back({training->keys[i], training->items[i].text});
    return {};
}

}  // namespace detail

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
