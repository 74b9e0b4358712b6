// A layer of your own takes part in a network without a change to the library. Here it is y = sin(x): behind a Dense
// layer on joint positions it gives sines of sums of angles, of which the gravity torques of an arm are made.

#include <cmath>
#include <cstdio>
#include <string>

#include <idm/idm.hpp>

using idm::Index;

/// y = sin(x). What it does not say, `LayerDefaults` does: no parameters, no memory, not in place.
struct Sine : idm::LayerDefaults {
    static constexpr bool is_causal = true;  // step t of y is a function of step t of x alone

    template <class In>
    constexpr In output_shape(const In& in) const {
        return in;
    }
    template <class T, class In>
    void forward(const In& in, const idm::Forward<T>& p) const {
        for (Index n = 0; n < p.samples; ++n)
            for (Index i = 0; i < in.size(); ++i) p.y.sample(n)[i] = std::sin(p.x.sample(n)[i]);
    }
    template <class T, class In>
    void backward(const In& in, const idm::Backward<T>& p) const {
        if (!p.d_x.data) return;  // no layer in front of this one learns
        for (Index n = 0; n < p.samples; ++n)
            for (Index i = 0; i < in.size(); ++i) p.d_x.sample(n)[i] = p.d_y.sample(n)[i] * std::cos(p.x.sample(n)[i]);
    }
    std::string name() const { return "Sine"; }
};

using In = idm::Shape<idm::dynamic, idm::dynamic>;
static_assert(idm::Layer<Sine, In, float>);  // says what is missing, if something is

template <class... Layers>
void train_and_score(const idm::Dataset<float>& data, Layers... layers) {
    idm::Model<float, In, idm::Sequential<Layers...>> model(In(1, data.inputs.cols()), idm::Sequential(layers...));
    model.initialise(1);
    idm::train(model, data, {.epochs = 20, .threads = 1});
    const idm::Metrics test = idm::evaluate(model, data, data.split.test).scored;
    std::printf("%stest: nMSE %.3f, R^2 %.3f\n\n", idm::format_layer_table(model).c_str(), test.nmse, test.r2);
}

int main() {
    const idm::Log log = idm::robot::simulate(idm::robot::arm7(), {.trajectories = 20});
    const idm::Recipe recipe{.positions = {.columns = idm::numbered("q{}", 1, 7)},
                             .velocities = {.columns = idm::numbered("qd{}", 1, 7)},
                             .targets = {.columns = idm::numbered("tau{}", 1, 7)},
                             .sign_velocity = 0.02};
    const auto data = idm::make_dataset<float>(log, recipe, idm::ByTrajectory{});
    const Index outputs = data.targets.cols();

    train_and_score(data, idm::Dense<>(outputs));
    train_and_score(data, idm::Dense<>(64), idm::ReLU(), idm::Dense<>(outputs));
    train_and_score(data, idm::Dense<>(64), Sine(), idm::Dense<>(outputs));
}
