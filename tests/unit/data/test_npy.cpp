#include <string>
#include <vector>

#include <idm/data/npy.hpp>

#include "files.hpp"

namespace {

/// The bytes that numpy.save writes for an array.
template <class T>
std::string npy(int version, const std::string& type, const std::string& order, const std::string& shape,
                const std::vector<T>& numbers) {
    std::string header = "{'descr': " + type + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }";
    const std::size_t prefix = version == 1 ? 10 : 12;
    while ((prefix + header.size() + 1) % 64) header += ' ';
    header += '\n';
    std::string bytes = "\x93NUMPY";
    bytes += static_cast<char>(version);
    bytes += '\0';
    for (std::size_t i = 0; i < prefix - 8; ++i) bytes += static_cast<char>((header.size() >> (8 * i)) & 0xff);
    bytes += header;
    return bytes.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T));
}

idm::Log parse(const std::string& bytes, const idm::NpyConfig& config = {}) {
    const TemporaryFolder folder;
    return idm::read_npy(folder.write("log.npy", bytes), config);
}

std::string file_error(const std::string& bytes) {
    return message_of<idm::FileError>([&] { (void)parse(bytes); });
}

const idm::Matrix<double> all_numbers = (idm::Matrix<double>(2, 3) << 1, 2, 3, 4, 5, 6.5).finished();
const std::vector<float> floats = {1, 2, 3, 4, 5, 6.5f};
const std::vector<double> doubles = {1, 2, 3, 4, 5, 6.5};

}  // namespace

TEST_CASE("NPY versions, types and orders give the same table") {
    for (int version : {1, 2, 3}) {
        CHECK(parse(npy(version, "'<f8'", "False", "(2, 3)", doubles)).trajectories[0].values == all_numbers);
        CHECK(parse(npy(version, "'<f4'", "False", "(2, 3)", floats)).trajectories[0].values == all_numbers);
    }
    const std::vector<float> by_column = {1, 4, 2, 5, 3, 6.5f};
    CHECK(parse(npy(1, "'<f4'", "True", "(2, 3)", by_column)).trajectories[0].values == all_numbers);
    CHECK(parse(npy(1, "'<f8'", "True", "(2, 3)", std::vector<double>(by_column.begin(), by_column.end())))
              .trajectories[0]
              .values == all_numbers);
}

TEST_CASE("NPY columns have numbers or the given names") {
    const std::string bytes = npy(1, "'<f8'", "False", "(2, 3)", doubles);
    CHECK(parse(bytes).columns == std::vector<std::string>{"0", "1", "2"});
    CHECK(parse(bytes, {.columns = {"a", "b", "c"}}).columns == std::vector<std::string>{"a", "b", "c"});
    CHECK(parse(bytes).trajectories[0].name == "log");
    CHECK_THROWS_AS(parse(bytes, {.columns = {"a", "b"}}), idm::DataError);
    const idm::Log one = parse(npy(1, "'<f8'", "False", "(6,)", doubles));
    CHECK(one.trajectories[0].values.rows() == 6);
    CHECK(one.trajectories[0].values.cols() == 1);
}

TEST_CASE("foreign NPY types are refused by name") {
    CHECK_THAT(file_error(npy(1, "'>f8'", "False", "(2, 3)", doubles)),
               ContainsSubstring("log.npy") && ContainsSubstring("big-endian ('>f8')"));
    CHECK_THAT(file_error(npy(1, "'<i8'", "False", "(2, 3)", doubles)), ContainsSubstring("got '<i8'"));
    CHECK_THAT(file_error(npy(1, "'<f2'", "False", "(2, 3)", doubles)), ContainsSubstring("got '<f2'"));
    CHECK_THAT(file_error(npy(1, "'|O'", "False", "(2, 3)", doubles)), ContainsSubstring("got '|O'"));
    CHECK_THAT(file_error(npy(1, "[('q', '<f8')]", "False", "(6,)", doubles)), ContainsSubstring("structured"));
    CHECK_THAT(file_error(npy(1, "'<f8'", "False", "(1, 2, 3)", doubles)), ContainsSubstring("3 dimensions"));
    CHECK_THAT(file_error(npy(1, "'<f8'", "False", "()", doubles)), ContainsSubstring("0 dimensions"));
    CHECK_THAT(file_error(npy(4, "'<f8'", "False", "(2, 3)", doubles)), ContainsSubstring("version"));
    CHECK_THAT(file_error("time,q1\n0,1\n"), ContainsSubstring("does not start"));
}

TEST_CASE("damaged NPY files are refused") {
    const std::string good = npy(1, "'<f8'", "False", "(2, 3)", doubles);
    // Any cut must give an error, none a table or a crash.
    for (std::size_t size = 0; size < good.size(); ++size) CHECK_THROWS_AS(parse(good.substr(0, size)), idm::FileError);
    CHECK_THAT(file_error(good.substr(0, good.size() - 1)), ContainsSubstring("truncated"));
    CHECK_THAT(file_error(good + '\0'), ContainsSubstring("appended"));
    std::string oversized = good;
    oversized[8] = oversized[9] = static_cast<char>(0xff);
    CHECK_THAT(file_error(oversized), ContainsSubstring("its header claims 65535 bytes"));
    CHECK_THAT(file_error(npy(1, "'<f8'", "Maybe", "(2, 3)", doubles)), ContainsSubstring("True or False"));
    CHECK_THAT(file_error(npy(1, "'<f8'", "False", "(2, x)", doubles)), ContainsSubstring("no counts"));
    CHECK_THAT(file_error(npy(1, "'<f8'", "False", "(-2, -3)", doubles)), ContainsSubstring("no counts"));
    CHECK_THAT(file_error(npy(1, "'<f8'", "False", "(99999999999999999999, 3)", doubles)),
               ContainsSubstring("no counts"));
    // 2^62 x 4 numbers of 8 bytes: the product is 0 modulo 2^64.
    CHECK_THAT(file_error(npy(1, "'<f8'", "False", "(4611686018427387904, 4)", std::vector<double>{})),
               ContainsSubstring("does not fit"));
    std::string keyless = good;
    keyless.replace(keyless.find("descr"), 5, "dtype");
    CHECK_THAT(file_error(keyless), ContainsSubstring("lacks the key 'descr'"));
    CHECK_THROWS_AS(parse(npy(1, "'<f8'", "False", "(0, 3)", std::vector<double>{})), idm::DataError);
    CHECK_THROWS_AS(idm::read_npy("/no/such/file.npy"), idm::FileError);
}
