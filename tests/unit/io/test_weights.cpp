#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <idm/io/charts.hpp>
#include <idm/layers/activation.hpp>
#include <idm/layers/batch_norm.hpp>
#include <idm/layers/dropout.hpp>
#include <idm/layers/norm.hpp>
#include <idm/models/baseline.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/models/fold_batch_norm.hpp>
#include <idm/models/linear_skip.hpp>

#include "put.hpp"
#include "support/catch.hpp"
#include "support/full_disk.hpp"
#include "weights_example.hpp"

#if defined(IDM_TEST_HAS_JSON)
#include <nlohmann/json.hpp>
#endif

using namespace idm;
using namespace idm_test;
namespace fs = std::filesystem;

namespace {

template <class M>
M example_model(std::uint64_t seed) {
    M model(example_config());
    model.initialise(seed);
    return model;
}

template <class M>
bool same_weights(const M& a, const M& b) {
    return std::equal(a.parameters().begin(), a.parameters().end(), b.parameters().begin(), b.parameters().end());
}

// The message of loading `bytes`, which must leave model and info as they were.
template <class M = Baseline<float>>
std::string loading_error(const std::string& bytes) {
    const detail::TemporaryFolder folder;
    const fs::path path = folder.path() / "bad.safetensors";
    put(path, bytes);
    auto model = example_model<M>(9);
    WeightsInfo<typename M::Scalar> info;
    info.input_names = {"untouched"};
    const Status status = try_load_weights(path, model, info);
    CHECK(same_weights(model, example_model<M>(9)));
    CHECK(info.input_names == std::vector<std::string>{"untouched"});
    if (!status) {
        CHECK_THAT(status.message, ContainsSubstring(path.string()));
        CHECK_THROWS_AS(load_weights(path, model), FileError);
    }
    return status.message;
}

template <class M>
std::string saved(const M& model) {
    const detail::TemporaryFolder folder;
    save_weights(folder.path() / "x", model, example_info<typename M::Scalar>());
    return detail::read_text(folder.path() / "x");
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

// A file with another content but a right checksum: what a program with an error, not a damaged disk, would write.
template <class Change>
std::string forged(const std::string& bytes, Change change) {
    Safetensors file;
    REQUIRE(read_safetensors(bytes, file));
    std::string& text = file.metadata.at("idm");
    change(file, text);
    std::uint32_t crc = detail::crc32(text);
    for (const auto& [name, tensor] : file.tensors) crc = detail::crc32(tensor.bytes, crc);
    file.metadata["idm_crc32"] = detail::hexadecimal(crc);
    return write_safetensors(file);
}

template <class M>
void round_trip() {
    using T = typename M::Scalar;
    const detail::TemporaryFolder folder;
    const fs::path path = folder.path() / "new" / "model.safetensors";
    const auto model = example_model<M>(1);
    save_weights(path, model, example_info<T>());
    auto other = example_model<M>(2);
    CHECK_FALSE(same_weights(model, other));
    const WeightsInfo<T> info = load_weights(path, other), expected = example_info<T>();
    CHECK(same_weights(model, other));
    CHECK(info.input_names == expected.input_names);
    CHECK(info.target_names == expected.target_names);
    CHECK(info.normaliser.constant_inputs() == expected.normaliser.constant_inputs());
    CHECK(info.normaliser.input_mean() == expected.normaliser.input_mean());
    CHECK(info.normaliser.input_scale() == expected.normaliser.input_scale());
    CHECK(info.normaliser.target_mean() == expected.normaliser.target_mean());
    CHECK(info.normaliser.target_scale() == expected.normaliser.target_scale());
    CHECK(info.recipe.positions.unit == AngleUnit::degree);
    CHECK(info.training.seed == expected.training.seed);
    // The same bytes again: every field of the recipe and of the summary came through.
    save_weights(folder.path() / "again", other, info);
    CHECK(detail::read_text(path) == detail::read_text(folder.path() / "again"));
}

}  // namespace

TEST_CASE("CRC-32 and base64 give the published values", "[weights]") {
    CHECK(detail::hexadecimal(detail::crc32("123456789")) == "cbf43926");
    CHECK(detail::crc32("456789", detail::crc32("123")) == detail::crc32("123456789"));
    const std::pair<const char*, const char*> rfc4648[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    std::string bytes;
    for (const auto& [plain, text] : rfc4648) {
        CHECK(detail::to_base64(plain) == text);
        CHECK((detail::from_base64(text, bytes) && bytes == plain));
    }
    for (const char* bad : {"Zg", "Zg=", "Zh==", "Z===", "Zm9v=", "Zm 9v", "Zm9v\n"})
        CHECK_FALSE(detail::from_base64(bad, bytes));
}

TEST_CASE("weights come back bit for bit, with all that goes with them", "[weights]") {
    round_trip<Baseline<float>>();
    round_trip<Baseline<double>>();
    round_trip<Cnn1<float>>();
    round_trip<Cnn2<float>>();
    round_trip<Cnn2<double>>();
    round_trip<LinearSkip<Cnn1<float>>>();
    round_trip<LinearSkip<Cnn2<double>>>();
}

TEST_CASE("a model of static extents takes the weights of one of dynamic extents", "[weights]") {
    const detail::TemporaryFolder folder;
    const auto model = example_model<Cnn1<float>>(1);
    save_weights(folder.path() / "x", model, example_info<float>());
    Cnn1<float, 8, 2, 1> fixed;
    load_weights(folder.path() / "x", fixed);
    CHECK(std::equal(fixed.parameters().begin(), fixed.parameters().end(), model.parameters().begin()));
}

TEST_CASE("the files of format versions 1 and 2 are still read", "[weights]") {
    const auto version = GENERATE(1, 2);
    auto model = example_model<Baseline<float>>(2);
    const std::string name = detail::message("weights_v", version, ".safetensors");
    const auto info = load_weights(fs::path(IDM_TEST_FIXTURES) / name, model);
    CHECK(info.normaliser.constant_inputs() ==
          (version == 1 ? std::vector<std::string>{} : example_info<float>().normaliser.constant_inputs()));
    CHECK(same_weights(model, example_model<Baseline<float>>(1)));
    CHECK(info.recipe.filter.alignment == Alignment::causal);
    CHECK(info.recipe.ahead == 2);
    CHECK(info.training.validation_nmse == 0.25);
}

#if defined(IDM_TEST_HAS_JSON)
TEST_CASE("another JSON library finds PyTorch's names, shapes and numbers in the file", "[weights]") {
    const auto model = example_model<Cnn1<double>>(3);
    const std::string bytes = saved(model);
    const auto length = detail::read_little_endian<std::uint64_t>(bytes.data());
    const auto header = nlohmann::json::parse(bytes.substr(8, length));
    const auto named = model.named_parameters();
    CHECK(header.size() == named.size() + 1);
    for (const auto& parameter : named) {
        const auto& entry = header.at(parameter.name());
        CHECK(entry.at("dtype") == "F64");
        CHECK(entry.at("shape").get<std::vector<Index>>() == parameter.shape());
        const std::size_t begin = entry.at("data_offsets")[0].get<std::size_t>();
        REQUIRE(entry.at("data_offsets")[1].get<std::size_t>() ==
                begin + 8 * static_cast<std::size_t>(parameter.size()));
        for (Index i = 0; i < parameter.size(); ++i) {
            double value = 0;
            std::copy_n(bytes.data() + 8 + length + begin + 8 * static_cast<std::size_t>(i), 8,
                        reinterpret_cast<char*>(&value));
            REQUIRE(value == parameter[i]);
        }
    }
    const auto idm = nlohmann::json::parse(header.at("__metadata__").at("idm").get<std::string>());
    CHECK(idm.at("recipe").at("positions").at("scale")[0] == -0.5);
    CHECK(idm.at("target_names")[0] == "tau \"1\" \xC3\xA9");
}
#endif

TEST_CASE("a weights file cut anywhere, or with any bit flipped, is refused", "[weights]") {
    const std::string bytes = saved(example_model<Baseline<float>>(1));
    auto model = example_model<Baseline<float>>(1);
    const auto accepted = [&](const std::string& content) {
        WeightsInfo<float> info;
        return static_cast<bool>(detail::read_weights(content, model, info));
    };
    REQUIRE(accepted(bytes));
    std::size_t wrong = 0;
    for (std::size_t n = 0; n < bytes.size(); ++n) wrong += accepted(bytes.substr(0, n));
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        std::string flipped = bytes;
        flipped[n] = static_cast<char>(flipped[n] ^ (1 << (n % 8)));
        wrong += accepted(flipped);
    }
    CHECK(wrong == 0);
    CHECK_THAT(loading_error(bytes.substr(0, bytes.size() - 1)), ContainsSubstring("truncated"));
    std::string flipped = bytes;
    flipped.back() = static_cast<char>(flipped.back() ^ 1);
    CHECK_THAT(loading_error(flipped), ContainsSubstring("checksum"));
}

TEST_CASE("a weights file of other content is refused, and the model stays as it was", "[weights]") {
    const std::string bytes = saved(example_model<Baseline<float>>(1));
    const auto refused = [&](auto change, const std::string& words) {
        CHECK_THAT(loading_error(forged(bytes, change)), ContainsSubstring(words));
    };
    const auto json = [&](const std::string& from, const std::string& to, const std::string& words) {
        refused([&](Safetensors&, std::string& text) { text = replaced(text, from, to); }, words);
    };
    const std::string nan("\x00\x00\xC0\x7F", 4), infinity("\x00\x00\x80\x7F", 4), more(68, '\0'), wide(128, '\0');
    const std::string bias = "1.bias", weight = "1.weight";
    refused([&](Safetensors& file, std::string&) { file.tensors.erase(bias); }, "'1.bias' is missing");
    refused([&](Safetensors& file, std::string&) { file.tensors["extra"] = {"F32", {1}, "abcd"}; }, "'extra' is none");
    refused([&](Safetensors& file, std::string&) { file.tensors[weight] = {"F32", {1, 17}, more}; }, "another shape");
    refused([&](Safetensors& file, std::string&) { file.tensors[weight].shape = {16, 1}; }, "another shape");
    refused([&](Safetensors& file, std::string&) { file.tensors[weight] = {"F64", {1, 16}, wide}; }, "F32, got F64");
    refused([&](Safetensors& file, std::string&) { file.tensors[bias].bytes = nan; }, "NaN or Inf");
    refused([&](Safetensors& file, std::string&) { file.tensors[bias].bytes = infinity; }, "NaN or Inf");
    refused([&](Safetensors& file, std::string&) { file.tensors[bias].bytes = "abcd"; }, "test vector, output 0");
    refused([&](Safetensors& file, std::string&) { file.metadata["more"] = "x"; }, "none of this library");
    refused([&](Safetensors&, std::string& text) { text.pop_back(); }, "metadata 'idm'");

    json("\"format_version\": 2", "\"format_version\": 3", "expected format version 1 to 2, got 3");
    json("\"format_version\": 2", "\"format_version\": 0", "expected format version 1 to 2, got 0");
    json("\"format_version\": 2", "\"format_version\": 1", "idm.normaliser: expected 4 members, got 7");
    json("\"version\": 2", "\"version\": 3", "recipe: expected version 1 to 2, got 3");
    json("\"version\": 2", "\"version\": 1", "idm.recipe: expected");
    json("\"horizon\": 1", "\"horizon\": 0", "horizon of at least 1");
    json("\"horizon\": 1", "\"horizon\": 2", "2 targets");
    json("\"baseline\"", "\"cnn1\"", "expected weights of a baseline of window 8");
    json("Dense", "Other", "row 2 in its layer table is '0 Dense(1) [1, 1]', got '0 Other(1) [1, 1]'");
    json("\"window\": 8,\n    \"ahead\"", "\"window\": 9,\n    \"ahead\"", "got window 9");
    json(", \"0 Dense(1) [1, 1]\"", "", "got no more");
    json("\"ahead\": 2", "\"ahead\": -2", "ahead");
    json("\"use_sin\": false", "\"use_sin\": true", "got window 8, 3 inputs with 2 names");
    json("\"use_sin\": false", "\"use_sin\": 0", "idm.recipe.use_sin: expected another kind");
    json("\"use_sin\": false,", "", "idm.recipe.use_sin: expected it to be there");
    json("\"use_sin\": false", "\"use_sin\": false, \"new\": 1", "idm.recipe: expected");
    json("\"deg\"", "\"turn\"", "expected deg or rad, got 'turn'");
    json("[-0.5]", "[-0.5, 1]", "one per column");
    json("\"target_origins\": {\n      \"columns\": [\"q1\"]",
         "\"target_origins\": {\n      \"columns\": [\"q1\", \"q2\"]", "one per column");
    json("[-0.5]", "[1e400]", "numbers in range");
    json("\"length\": 7", "\"length\": 2", "recipe.filter");
    json("\"order\": 3", "\"order\": 0", "recipe.filter: expected an order of at least 1");
    json("\"input_scale\": [0.33333334, 4]", "\"input_scale\": [0, 4]", "2 finite numbers above 0");
    json("\"input_scale\": [0.33333334, 4]", "\"input_scale\": [4]", "2 finite numbers above 0");
    json("\"constant_inputs\": [\"qd(q1)\"]", "\"constant_inputs\": [\"qd(q2)\"]", "names of inputs, got 'qd(q2)'");
    json("\"input_low\": [-0.75, -3]", "\"input_low\": [-0.75]", "2 finite ranges, or none");
    json("\"input_low\": [-0.75, -3]", "\"input_low\": [-0.75, 4]", "2 finite ranges, or none");
    json("\"seed\": 18446744073709551615", "\"seed\": 18446744073709551616", "training.seed");
    json("\"tolerance\": ", "\"tolerance\": -", "test_vector.tolerance: expected 0 to 0.001, got -0.001");
    json("\"tolerance\": 0.001", "\"tolerance\": 0.0010001", "test_vector.tolerance: expected 0 to 0.001, got");
    json("\"tolerance\": 0.001", "\"tolerance\": 1e308", "test_vector.tolerance");
    json("\"output\": \"", "\"output\": \"AAAA", "fp32 numbers in base64");
}

TEST_CASE("weights of another model, other extents or another precision are refused", "[weights]") {
    const std::string cnn1 = saved(example_model<Cnn1<float>>(1)), cnn2 = saved(example_model<Cnn2<float>>(1));
    CHECK_THAT(loading_error<Cnn2<float>>(cnn1), ContainsSubstring("expected weights of a cnn2"));
    CHECK_THAT(loading_error<Cnn2<double>>(cnn2), ContainsSubstring("expected dtype F64, got F32"));
    CHECK_THAT(loading_error(cnn1), ContainsSubstring("expected weights of a baseline"));
    CHECK_THAT(loading_error(cnn1 + std::string(1 << 20, 'x')), ContainsSubstring("expected a file of at most"));
    const std::string foreign = "step,q1,tau1\n0,0.1,0.2\n";
    CHECK_THAT(loading_error(foreign), ContainsSubstring("no weights file"));
    CHECK_THAT(loading_error(std::string("\0\0\0\0\0\0\0\x10{}", 10)), ContainsSubstring("1152921504606846976"));
    CHECK_THAT(loading_error(write_safetensors({})), ContainsSubstring("none of this library"));
    auto model = example_model<Cnn1<float>>(1);
    CHECK_THROWS_WITH(load_weights("absent.safetensors", model), ContainsSubstring("'absent.safetensors'"));
    CHECK_THROWS_WITH(load_weights(fs::temp_directory_path(), model), ContainsSubstring("expected a file"));
}

namespace {

using SettingsNet = Sequential<LayerNorm<>, LeakyReLU, BatchNorm1D, ELU, Dropout, Flatten, Dense<1>>;

/// A network of every layer that has settings but no tensor or extent that would tell them.
struct Settings : Model<float, Shape<8, 2>, SettingsNet> {
    static constexpr const char* name = "settings";
    explicit Settings(double layer_epsilon = 1e-5, double slope = 0.01, double epsilon = 1e-5, double momentum = 0.1,
                      double alpha = 1, double rate = 0.5)
        : Model({}, SettingsNet(LayerNorm<>(layer_epsilon), LeakyReLU(slope), BatchNorm1D(epsilon, momentum),
                                ELU(alpha), Dropout(rate), {}, {})) {
        initialise(1);
    }
};

}  // namespace

TEST_CASE("weights of a network of other settings are refused, and both settings named", "[weights]") {
    const detail::TemporaryFolder folder;
    const fs::path path = folder.path() / "x";
    save_weights(path, Settings(), example_info<float>());
    const auto refused = [&](Settings model, const std::string& expected, const std::string& got) {
        WeightsInfo<float> info;
        CHECK_THAT(try_load_weights(path, model, info).message,
                   ContainsSubstring("is '0 " + expected + " [8, 2]', got '0 " + got + " [8, 2]'"));
        CHECK(same_weights(model, Settings()));
    };
    Settings same;
    CHECK(load_weights(path, same).input_names == example_info<float>().input_names);
    refused(Settings(1e-6), "LayerNorm(epsilon 1e-06)", "LayerNorm(epsilon 1e-05)");
    refused(Settings(1e-5, 0.2), "LeakyReLU(0.2)", "LeakyReLU(0.01)");
    refused(Settings(1e-5, 0.01, 1e-3), "BatchNorm1D(epsilon 0.001, momentum 0.1)",
            "BatchNorm1D(epsilon 1e-05, momentum 0.1)");
    refused(Settings(1e-5, 0.01, 1e-5, 0.2), "BatchNorm1D(epsilon 1e-05, momentum 0.2)",
            "BatchNorm1D(epsilon 1e-05, momentum 0.1)");
    refused(Settings(1e-5, 0.01, 1e-5, 0.1, 0.5), "ELU(0.5)", "ELU(1)");
    // The next number after 0.5.
    refused(Settings(1e-5, 0.01, 1e-5, 0.1, 1, 0.5000000000000001), "Dropout(0.5000000000000001)", "Dropout(0.5)");
}

namespace {

using NormedNet = Sequential<DepthwiseConv1D<3>, BatchNorm1D, ReLU, Flatten, Dense<1>>;

struct Normed : Model<float, Shape<8, 2>, NormedNet> {
    static constexpr const char* name = "normed";
    explicit Normed(std::uint64_t seed) : Model({}, {}) { initialise(seed); }
};

}  // namespace

TEST_CASE("weights of a network whose BatchNorm1D was folded away go to one of its type", "[weights]") {
    const detail::TemporaryFolder folder;
    const fs::path path = folder.path() / "x";
    const BatchNormFolded<Normed> folded = fold_batch_norm(Normed(1));
    save_weights(path, folded, example_info<float>());
    BatchNormFolded<Normed> other(Normed(2));
    CHECK_FALSE(same_weights(other, folded));
    load_weights(path, other);
    CHECK(same_weights(other, folded));
    Normed whole(3);
    WeightsInfo<float> info;
    CHECK_THAT(try_load_weights(path, whole, info).message,
               ContainsSubstring("is '0 BatchNorm1D(epsilon 1e-05, momentum 0.1) [6, 2]', got '0 ReLU [6, 2]'"));
}

TEST_CASE("what could not be loaded again is not saved, and an earlier file stays", "[weights]") {
    const detail::TemporaryFolder folder;
    const fs::path path = folder.path() / "x";
    put(path, "earlier");
    const auto refused = [&](auto spoil, const std::string& words) {
        auto model = example_model<Baseline<float>>(1);
        auto info = example_info<float>();
        spoil(model, info);
        CHECK_THROWS_AS(save_weights(path, model, info), DataError);
        CHECK_THROWS_WITH(save_weights(path, model, info), ContainsSubstring(words));
        CHECK(detail::read_text(path) == "earlier");
    };
    refused([](auto& model, auto&) { model.parameters()[0] = std::numeric_limits<float>::quiet_NaN(); }, "NaN");
    refused([](auto&, auto& info) { info.recipe.window = 9; }, "got window 9");
    refused([](auto&, auto& info) { info.training.validation_nmse = std::numeric_limits<double>::infinity(); },
            "validation_nmse");
    refused([](auto&, auto& info) { info.normaliser = {}; }, "normaliser");
    refused([](auto&, auto& info) { info.target_names[0] = "\xB5"; }, "UTF-8");
    refused([](auto&, auto& info) { info.recipe.target_origins.columns[0] = "\xB5"; }, "UTF-8");
}

namespace {

// What is wrong after an attempt to save a file larger than there is room for; nothing if all is as it should be.
std::string save_without_room(const fs::path& folder) {
    const fs::path path = folder / "x";
    std::string error;
    try {
        save_weights(path, example_model<Cnn1<double>>(1), example_info<double>());
    } catch (const FileError& e) {
        error = e.what();
    }
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++files;
    if (error.find("cannot write") == std::string::npos || error.find(path.string()) == std::string::npos ||
        error.find("free space") == std::string::npos)
        return "message: " + error;
    if (detail::read_text(path) != "earlier") return "the earlier file changed";
    return files == 1 ? "" : "a temporary file was left";
}

}  // namespace

TEST_CASE("a file that may not grow leaves the earlier one", "[weights]") {
    const detail::TemporaryFolder folder;
    put(folder.path() / "x", "earlier");
    const FileSizeLimit limit(65536);
    CHECK(save_without_room(folder.path()) == "");
}

TEST_CASE("a full disk leaves the earlier file", "[weights]") {
    const detail::TemporaryFolder folder;
    const auto wrong = on_small_disk(folder.path(), "64k", [&] {
        put(folder.path() / "x", "earlier");
        return save_without_room(folder.path());
    });
    if (!wrong)
        WARN("skipped: mounting a small file system is allowed neither to this user nor in a namespace");
    else
        CHECK(*wrong == "");
}
