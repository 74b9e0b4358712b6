#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <idm/io/charts.hpp>
#include <idm/io/weights.hpp>
#include <idm/models/baseline.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>

#include "parity/fixture.hpp"
#include "support/weights_file.hpp"

using namespace idm;
namespace fs = std::filesystem;

namespace {

// A file as examples/python/to_idm.py writes it: the stored head, behind it the tensors in the order of their names,
// filled by the rule that make_files.py filled them by.
template <class M>
std::string file_of_python(const parity::Case& c, const ModelConfig& config) {
    const std::string name = c.name + "." + idm_test::precision<typename M::Scalar> + ".head";
    return detail::read_text(fs::path(IDM_TEST_FIXTURES) / name) + idm_test::data_section<M>(config, c.seed);
}

template <class M>
void check_file(const parity::Case& c) {
    using T = typename M::Scalar;
    INFO(c.name << ", " << detail::dtype_of<T>);
    const ModelConfig config{c.length, c.channels, c.options.at(0)};
    const detail::TemporaryFolder folder;
    const FileContent file{folder.path() / "x", file_of_python<M>(c, config)};
    write_files(std::span(&file, 1));

    M model(config);
    model.initialise(1);
    const WeightsInfo<T> info = load_weights(file.path, model);
    CHECK(info.recipe.positions.unit == AngleUnit::degree);
    CHECK(info.recipe.positions.scale == std::vector<double>{-0.5, 2});
    CHECK(info.input_names == std::vector<std::string>{"q(q1)", "q(q2)", "qd(qd1)", "qd(qd2)"});
    CHECK(info.target_names == std::vector<std::string>{"tau1", "tau \"2\" \xC3\xA9"});
    CHECK(info.normaliser.input_mean() == Vector<T>{{T(0.1), T(-2), T(3), T(1e-3)}});
    CHECK(info.normaliser.constant_inputs() == std::vector<std::string>{"qd(qd2)"});
    CHECK(info.training.seed == 18446744073709551615u);

    auto x = idm_test::numbers<T>(c.seed, 0, c.samples * c.length * c.channels);
    std::vector<T> y(static_cast<std::size_t>(c.samples * model.outputs()));
    auto workspace = model.make_workspace(c.samples);
    model.predict(ConstTensorView<T, 3>(x.data(), c.samples, c.length, c.channels),
                  TensorView<T, 2>(y.data(), c.samples, model.outputs()), workspace);
    CHECK(parity::difference(c.tensors.at(0), y) <= parity::tolerance<T>);
}

}  // namespace

TEMPLATE_TEST_CASE("files that the Python example wrote predict what PyTorch does", "[python]", float, double) {
    using T = TestType;
    int seen = 0;
    for (const parity::Case& c : parity::read_cases("outputs.txt")) {
        ++seen;
        if (c.name == "baseline") check_file<Baseline<T>>(c);
        if (c.name == "cnn1_valid") check_file<Cnn1<T>>(c);
        if (c.name == "cnn1_causal") check_file<Cnn1<T, dynamic, dynamic, dynamic, Padding::causal>>(c);
        if (c.name == "cnn1_same") check_file<Cnn1<T, dynamic, dynamic, dynamic, Padding::same>>(c);
        if (c.name == "cnn2") check_file<Cnn2<T>>(c);
    }
    CHECK(seen == 5);
}
