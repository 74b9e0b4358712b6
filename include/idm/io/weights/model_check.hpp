#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/status.hpp>
#include <idm/io/weights/fields.hpp>
#include <idm/models/model.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

template <class M>
std::vector<std::string> layer_names(const M& model) {
    std::vector<std::string> names;
    for (const LayerRow& row : model.layer_table())
        names.push_back(message(row.depth, " ", row.name, " [", row.length, ", ", row.channels, "]"));
    return names;
}

/// The first row that differs is named: layers differ in kind, extents or settings.
inline void check_layers(const std::vector<std::string>& got, const std::vector<std::string>& expected,
                         Status& status) {
    const auto [g, e] = std::mismatch(got.begin(), got.end(), expected.begin(), expected.end());
    if (g == got.end() && e == expected.end()) return;
    const auto text = [](auto at, auto end) { return at == end ? std::string("no more") : "'" + *at + "'"; };
    status = failure("expected weights of a network whose row ", g - got.begin() + 1, " in its layer table is ",
                     text(e, expected.end()), ", got ", text(g, got.end()),
                     "; construct the model as the one that was saved");
}

template <class M>
void check_model(Fields fields, const M& model, Status& status) {
    std::string type;
    Index window = 0, inputs = 0, outputs = 0;
    std::vector<std::string> layers;
    fields.string("type", type);
    fields.number("window", window);
    fields.number("inputs", inputs);
    fields.number("outputs", outputs);
    fields.strings("layers", layers);
    fields.finish();
    if (!status) return;
    if (type != M::name || window != model.window() || inputs != model.inputs() || outputs != model.outputs())
        status = failure("expected weights of a ", M::name, " of window ", model.window(), ", ", model.inputs(),
                         " inputs and ", model.outputs(), " outputs, got those of a ", type, " of window ", window,
                         ", ", inputs, " inputs and ", outputs, " outputs");
    else
        check_layers(layers, layer_names(model), status);
}

}  // namespace detail
IDM_NAMESPACE_END
