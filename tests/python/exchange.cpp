// The C++ side of test_exchange.py.
//     python_exchange write TYPE float|double FILE
//     python_exchange predict TYPE float|double FILE WINDOW INPUTS OUTPUTS X Y
// X [N, WINDOW, INPUTS] and Y [N, OUTPUTS] are files of doubles, as numpy's tofile writes them.

#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <idm/io/charts.hpp>
#include <idm/layers/batch_norm.hpp>
#include <idm/layers/depthwise.hpp>
#include <idm/layers/dropout.hpp>
#include <idm/layers/norm.hpp>
#include <idm/layers/pooling.hpp>
#include <idm/models/baseline.hpp>
#include <idm/models/cnn2.hpp>

#include "unit/io/weights_example.hpp"

namespace {

using idm::Index;

using OwnNet =
    idm::Sequential<idm::Conv1D<12, 3, idm::Padding::causal, 1, 2>, idm::BatchNorm1D, idm::LeakyReLU,
                    idm::DepthwiseConv1D<3>, idm::ELU, idm::Conv1D<8, 2, idm::Padding::valid, 2, 1, 4>, idm::GELU,
                    idm::Dropout, idm::Residual<idm::Conv1D<8, 3, idm::Padding::same>, idm::Tanh>, idm::MaxPool<2, 1>,
                    idm::Flatten, idm::Dense<16>, idm::LayerNorm<>, idm::SiLU, idm::Dense<>>;

/// A network that is none of the library's: test_exchange.py has its twin.
struct Own : idm::Model<double, idm::Shape<idm::dynamic, idm::dynamic>, OwnNet> {
    static constexpr const char* name = "own";
    explicit Own(const idm::ModelConfig& config)
        : Model({config.window, config.inputs},
                OwnNet({}, idm::BatchNorm1D(1e-3, 0.2), idm::LeakyReLU(0.2), {}, idm::ELU(0.5), {}, {},
                       idm::Dropout(0.25), {}, {}, {}, {}, idm::LayerNorm<>(1e-4), {}, idm::Dense<>(config.outputs))) {}
};

template <class M>
void write(const std::vector<std::string>& arguments) {
    M model(example_config());
    model.initialise(3);
    idm::save_weights(arguments.at(3), model, example_info<typename M::Scalar>());
}

template <class M>
void predict(const std::vector<std::string>& arguments) {
    using T = typename M::Scalar;
    M model({std::stol(arguments.at(4)), std::stol(arguments.at(5)), std::stol(arguments.at(6))});
    idm::load_weights(arguments.at(3), model);
    const auto doubles = idm::detail::from_little_endian<double>(idm::detail::read_text(arguments.at(7)));
    std::vector<T> x(doubles.begin(), doubles.end());
    const Index samples = static_cast<Index>(x.size()) / (model.window() * model.inputs());
    std::vector<T> y(static_cast<std::size_t>(samples * model.outputs()));
    auto workspace = model.make_workspace(samples);
    model.predict(idm::ConstTensorView<T, 3>(x.data(), samples, model.window(), model.inputs()),
                  idm::TensorView<T, 2>(y.data(), samples, model.outputs()), workspace);
    const std::vector<double> out(y.begin(), y.end());
    const idm::FileContent file{arguments.at(8), idm::detail::little_endian<double>(out)};
    idm::write_files(std::span(&file, 1));
}

template <class M>
void run(const std::vector<std::string>& arguments) {
    arguments.at(0) == "write" ? write<M>(arguments) : predict<M>(arguments);
}

template <class T>
void choose(const std::vector<std::string>& arguments) {
    using idm::dynamic;
    const std::string& type = arguments.at(1);
    if (type == "baseline") run<idm::Baseline<T>>(arguments);
    if (type == "cnn1") run<idm::Cnn1<T>>(arguments);
    if (type == "cnn1_causal") run<idm::Cnn1<T, dynamic, dynamic, dynamic, idm::Padding::causal>>(arguments);
    if (type == "cnn1_same") run<idm::Cnn1<T, dynamic, dynamic, dynamic, idm::Padding::same>>(arguments);
    if (type == "cnn2") run<idm::Cnn2<T>>(arguments);
    if constexpr (std::is_same_v<T, double>)
        if (type == "own") run<Own>(arguments);
}

}  // namespace

int main(int count, char** values) {
    try {
        const std::vector<std::string> arguments(values + 1, values + count);
        arguments.at(2) == "float" ? choose<float>(arguments) : choose<double>(arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
