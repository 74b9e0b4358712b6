#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <idm/core/parallel.hpp>
#include <idm/core/random.hpp>
#include <idm/layers/cone.hpp>
#include <idm/layers/streaming.hpp>
#include <idm/models/bf16_weights.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/training/trainer.hpp>

#include "network.hpp"

namespace bench {
namespace {

using namespace idm;
using M1 = Cnn1<float, window, inputs, outputs, Padding::same>;
using Net2 = Cnn2<float, window, inputs, outputs>;

template <class M>
M model_of(const Parameters& parameters) {
    M model;
    auto named = model.named_parameters();
    for (std::size_t i = 0; i < named.size(); ++i) named[i].copy_from(parameters[i]);
    return model;
}

template <class M>
Parameters random_parameters() {
    M model;
    model.initialise(1);
    Parameters all;
    for (const auto& named : model.named_parameters()) {
        named.copy_to(all.emplace_back(static_cast<std::size_t>(named.size())));
        for (float& value : all.back()) value = kernels::from_bf16(kernels::to_bf16(value));
    }
    return all;
}

/// Each thread predicts a share of the windows, in its own workspace.
template <class M, class Net>
class Inference final : public Side {
public:
    Inference(std::string name, M model, const Net& network, const Series& series, int threads)
        : model_(std::move(model)), network_(network), windows_(series.windows), threads_(threads) {
        implementation = std::move(name);
        const std::vector<float> x = series.window_inputs();
        for (int t = 0; t < threads; ++t) {
            const Range mine = split_range(windows_, threads, t);
            auto& workspace = workspaces_.emplace_back(
                network_.template workspace_shape<float>(mine.end - mine.begin, Mode::inference));
            for (Index n = mine.begin; n < mine.end; ++n)
                std::copy_n(x.data() + n * window * inputs, window * inputs, workspace.input().sample(n - mine.begin));
        }
    }
    void run() override { run(1); }
    void run(int calls) override {
        const float* parameters = std::as_const(model_).parameters().data();
        const auto forward = [&](const Team& team) {
            const Range mine = team.share(windows_);
            network_.forward(parameters, workspaces_[static_cast<std::size_t>(team.index())], mine.end - mine.begin);
        };
        with_crew(threads_, [&](Crew& crew) {
            for (int i = 0; i < calls; ++i) crew.run(forward);
        });
    }
    std::vector<float> result() override {
        std::vector<float> values;
        for (auto& workspace : workspaces_)
            for (Index n = 0; n < workspace.capacity(); ++n) {
                const float* y = workspace.output().sample(n);
                values.insert(values.end(), y, y + outputs);
            }
        return values;
    }

private:
    M model_;
    Net network_;
    Index windows_;
    int threads_;
    std::vector<Workspace<float>> workspaces_;
};

/// A new sample through all layers.
template <class M>
class Tick final : public Side {
    using Net = decltype(streaming_network(std::declval<const typename M::NetworkType&>()));

public:
    Tick(std::string name, M model, const Series& series)
        : model_(std::move(model)),
          network_(streaming_network(model_.network())),
          workspace_(network_.template workspace_shape<float>(1, Mode::inference)) {
        implementation = std::move(name);
        for (Index row = 0; row < window; ++row) {
            std::copy_n(series.rows.data() + row * inputs, inputs, workspace_.input().sample(0));
            if (row < window - 1) run();
        }
    }
    using Side::run;
    void run() override { network_.forward(std::as_const(model_).parameters().data(), workspace_, 1); }
    std::vector<float> result() override {
        const float* y = workspace_.output().sample(0);
        return {y, y + outputs};
    }

private:
    M model_;
    Net network_;
    Workspace<float> workspace_;
};

template <class M>
void add_inference(Sides& sides, const char* name, M model, const Series& series, int threads) {
    const auto add = [&](const auto& network) {
        using Net = std::remove_cvref_t<decltype(network)>;
        sides.push_back(std::make_unique<Inference<M, Net>>(name, std::move(model), network, series, threads));
    };
    if constexpr (Prunable<typename M::NetworkType::Layers>)
        add(pruned_network(model.network()));
    else
        add(typename M::NetworkType(model.network()));
}
template <class M>
void add_tick(Sides& sides, const char* name, M model, const Series& series) {
    sides.push_back(std::make_unique<Tick<M>>(name, std::move(model), series));
}

#if !IDM_HAS_DISPATCH
/// One training segment of all windows, and for validation the first window again: the trainer asks for one.
Dataset<float> dataset_of(const Series& series) {
    const Index train = series.windows + window - 1;
    Dataset<float> data;
    data.inputs.resize(train + window, inputs);
    data.targets.resize(train + window, outputs);
    for (Index row = 0; row < train + window; ++row) {
        const Index from = row % train;
        std::copy_n(series.rows.data() + from * inputs, inputs, &data.inputs(row, 0));
        std::copy_n(series.targets.data() + from * outputs, outputs, &data.targets(row, 0));
    }
    data.split.train = {{0, train, "train"}};
    data.split.validation = {{train, train + window, "validation"}};
    return data;
}

#endif

}  // namespace

// This file is compiled twice, as idm.cpp.
#if IDM_HAS_DISPATCH

void add_idm_dispatch_inference(Sides& sides, Model model, const Parameters& parameters, const Series& series,
                                int threads) {
    if (model == Model::m1)
        add_inference(sides, "idm_dispatch", model_of<M1>(parameters), series, threads);
    else
        add_inference(sides, "idm_dispatch", model_of<Net2>(parameters), series, threads);
}

void add_idm_dispatch_tick(Sides& sides, const Parameters& parameters, const Series& series) {
    add_tick(sides, "idm_dispatch", model_of<Net2>(parameters), series);
}

#else

std::vector<float> Series::window_inputs() const {
    std::vector<float> x;
    for (long n = 0; n < windows; ++n)
        x.insert(x.end(), rows.begin() + n * inputs, rows.begin() + (n + window) * inputs);
    return x;
}

std::vector<float> Series::window_targets() const { return {targets.begin() + (window - 1) * outputs, targets.end()}; }

Series make_series(long windows) {
    Random random(2);
    const auto numbers = [&](long size) {
        std::vector<float> values(static_cast<std::size_t>(size));
        for (float& value : values) value = static_cast<float>(random.uniform(-1, 1));
        return values;
    };
    return {windows, numbers((windows + window - 1) * inputs), numbers((windows + window - 1) * outputs)};
}

Parameters make_parameters(Model model) {
    return model == Model::m1 ? random_parameters<M1>() : random_parameters<Net2>();
}

void add_idm_inference(Sides& sides, Model model, const Parameters& parameters, const Series& series, int threads) {
    if (model == Model::m1)
        add_inference(sides, "idm", model_of<M1>(parameters), series, threads);
    else
        add_inference(sides, "idm", model_of<Net2>(parameters), series, threads);
}

void add_idm_bf16_inference(Sides& sides, Model model, const Parameters& parameters, const Series& series) {
    if (model == Model::m1)
        add_inference(sides, "idm_bf16", bf16_weights(model_of<M1>(parameters)), series, 1);
    else
        add_inference(sides, "idm_bf16", bf16_weights(model_of<Net2>(parameters)), series, 1);
}

void add_idm_tick(Sides& sides, const Parameters& parameters, const Series& series) {
    add_tick(sides, "idm", model_of<Net2>(parameters), series);
}

void add_idm_bf16_tick(Sides& sides, const Parameters& parameters, const Series& series) {
    add_tick(sides, "idm_bf16", bf16_weights(model_of<Net2>(parameters)), series);
}

void train_idm(Model model, const Parameters& parameters, const Series& series, long batch, int threads,
               const std::function<bool(double loss, double us_per_target)>& on_epoch) {
    TrainerConfig config;
    config.epochs = std::numeric_limits<int>::max();  // until on_epoch has enough
    config.batch_size = batch;
    config.rate = learning_rate;
    config.schedule = Schedule::constant;
    config.adam = {};
    config.threads = threads;
    const Dataset<float> data = dataset_of(series);
    const auto run = [&](auto net) {
        train(net, data, config, [&](const EpochReport& report) {
            return on_epoch(report.training_loss, 1e6 / report.samples_per_second);
        });
    };
    if (model == Model::m1)
        run(model_of<M1>(parameters));
    else
        run(model_of<Net2>(parameters));
}

#endif

}  // namespace bench
