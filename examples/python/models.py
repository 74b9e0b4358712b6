"""Baseline, Cnn1 and Cnn2 of idm in PyTorch: the same names in the state dict, the same outputs. Networks of your own
join them by `register`; README.md says which layers have a counterpart.

Inputs are [N, L, C] as in idm: samples, steps (oldest first), features; outputs [N, outputs]. Both are normalised.
"""

import numpy as np
import torch
from torch import nn

from idm_file import FileError, WeightsFile, check_extents, check_info, input_count, read_weights
from layers import CausalConv1d, LastStep, LayerShape, name_and_shape
from tensor_file import require


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.body(x)


class Network(nn.Sequential):
    """The layers run on [N, C, L], as PyTorch's convolutions expect it."""

    def forward(self, x):
        return super().forward(x.transpose(1, 2))


def conv(inputs, outputs, kernel, padding, dilation=1):
    if padding == "causal":
        return CausalConv1d(inputs, outputs, kernel, dilation=dilation)
    return nn.Conv1d(inputs, outputs, kernel, dilation=dilation, padding=0 if padding == "valid" else "same")


class Baseline(Network):
    type = "baseline"

    def __init__(self, window, inputs, outputs):
        super().__init__(nn.Flatten(), nn.Linear(window * inputs, outputs))


class Cnn1(Network):
    type = "cnn1"

    def __init__(self, window, inputs, outputs, padding="valid"):
        steps = window - 6 if padding == "valid" else window
        require(steps >= 1, "cnn1: expected a window of at least 7 with valid padding, got ", window)
        super().__init__(conv(inputs, 64, 5, padding), nn.ReLU(), conv(64, 64, 3, padding), nn.ReLU(), nn.Flatten(),
                         nn.Linear(64 * steps, 128), nn.ReLU(), nn.Linear(128, outputs))


class Cnn2(Network):
    type = "cnn2"

    def __init__(self, window, inputs, outputs):
        blocks = [Residual(conv(64, 64, 3, "causal", dilation), nn.ReLU(), conv(64, 64, 1, "causal"))
                  for dilation in (1, 2, 4, 8)]
        super().__init__(conv(inputs, 64, 1, "causal"), *blocks, nn.ReLU(), LastStep(), nn.Linear(64, 128), nn.ReLU(),
                         nn.Linear(128, outputs))


TYPES = {model.type: model for model in (Baseline, Cnn1, Cnn2)}
PADDINGS = ("valid", "causal", "same")


def register(network):
    """Adds a class of your own: a Network with `type`, which is the C++ model's `name`, made of (window, inputs, outputs)."""
    require(issubclass(network, Network) and isinstance(getattr(network, "type", None), str),
            "expected a class derived from models.Network with a text `type`, got ", network.__name__)
    require(TYPES.setdefault(network.type, network) is network, "type '", network.type, "' is ",
            TYPES[network.type].__name__, " already")


def make(model_type, window, inputs, outputs, padding="valid"):
    """`padding` is that of Cnn1's convolutions. *Errors*: FileError for another type."""
    require(model_type in TYPES, "expected a model of type ", ", ".join(TYPES), ", got '", model_type,
            "'; a network of your own joins them by models.register, see README.md")
    options = {"padding": padding} if model_type == "cnn1" else {}
    return TYPES[model_type](window, inputs, outputs, **options)


def layer_names(net, window, inputs):
    """The layer table as idm's files have it: depth, name, output shape. *Errors*: FileError for a layer without name."""
    rows = []

    def describe(layers, depth, shape):
        for layer in layers:
            if isinstance(layer, Residual):
                rows.append(f"{depth} Residual: x + [{shape.steps}, {shape.channels}]")
                describe(layer.body, depth + 1, shape)
            elif isinstance(layer, nn.Sequential):
                shape = describe(layer, depth, shape)
            else:
                name, shape = name_and_shape(layer, shape)
                rows.append(f"{depth} {name} [{shape.steps}, {shape.channels}]")
        return shape

    describe(net, 0, LayerShape(window, inputs))
    return rows


def check_state(expected, got):
    """Every tensor there, of the right shape, of one dtype, finite, and no other. *Errors*: FileError that names it."""
    for name, tensor in expected.items():
        require(name in got, "tensor '", name, "': expected one of shape ", list(tensor.shape), ", got none; there is ",
                ", ".join(got) or "nothing")
        other = got[name]
        require(isinstance(other, torch.Tensor), "tensor '", name, "': expected a tensor, got ", type(other).__name__)
        require(other.shape == tensor.shape, "tensor '", name, "': expected shape ", list(tensor.shape), ", got ",
                list(other.shape))
        require(other.dtype in (torch.float32, torch.float64), "tensor '", name, "': expected float32 or float64, got ",
                other.dtype)
        first = next(iter(expected))
        require(other.dtype == got[first].dtype, "tensor '", name, "': expected ", got[first].dtype, " as in '", first,
                "', got ", other.dtype)
        require(bool(torch.isfinite(other).all()), "tensor '", name, "' holds NaN or Inf")
    for name in got:
        require(name in expected, "tensor '", name, "' is none of this model's: ", ", ".join(expected))


def of_idm(state):
    """A state dict without what idm does not keep: BatchNorm1d's count of batches."""
    return {name: tensor for name, tensor in state.items() if not name.endswith(".num_batches_tracked")}


def fill(net, state):
    """Gives `net` the tensors of `state` and their dtype. *Errors*: FileError."""
    state = of_idm(state)
    check_state(of_idm(net.state_dict()), state)
    net.to(next(iter(state.values())).dtype)
    net.load_state_dict({**net.state_dict(), **state}, strict=True)
    return net.eval()


def run_window(net, window):
    """The outputs of one window of fp32 numbers, as fp32."""
    dtype = next(net.parameters()).dtype
    with torch.no_grad():
        return net(torch.from_numpy(window.copy()).to(dtype)[None])[0].to(torch.float32).numpy()


def load(path):
    """Network and WeightsFile; the test vector is replayed. *Errors*: FileError, with the file's name."""
    weights = read_weights(path)
    try:
        return build(weights), weights
    except FileError as error:
        raise FileError(f"weights file '{path}': {error}") from None


def build(weights):
    """The network of a WeightsFile. *Errors*: FileError for other layers, other tensors, or outputs that differ."""
    model = weights.model
    extents = [model[key] for key in ("window", "inputs", "outputs")]
    first = model["layers"][0] if model["layers"] else ""
    padding = next((p for p in PADDINGS if f", {p})" in first), "valid")
    net = make(model["type"], *extents, padding)
    expected = layer_names(net, *extents[:2])
    require(model["layers"] == expected, "expected the layers ", "; ".join(expected), ", got ", "; ".join(model["layers"]))
    fill(net, {name: torch.from_numpy(tensor.copy()) for name, tensor in weights.tensors.items()})
    got = run_window(net, weights.test_input)
    for i, (a, b) in enumerate(zip(got.astype(float), weights.test_output.astype(float))):
        require(abs(a - b) <= weights.tolerance * (1 + abs(b)), "test vector, output ", i, ": expected ", b, " within ",
                weights.tolerance, ", got ", a, "; the weights do not belong to this network")
    return net


def make_weights(state, model_type, info, padding="valid"):
    """A WeightsFile of a state dict and what goes with it (see idm_file.template). *Errors*: FileError."""
    check_info(info)
    window, inputs, outputs = info["recipe"]["window"], input_count(info["recipe"]), len(info["target_names"])
    net = fill(make(model_type, window, inputs, outputs, padding), state)
    model = {"type": model_type, "window": window, "inputs": inputs, "outputs": outputs,
             "layers": layer_names(net, window, inputs)}
    check_extents(model, info)
    test_input = np.random.RandomState(1).uniform(-1, 1, (window, inputs)).astype(np.float32)
    return WeightsFile(model, info, {name: tensor.detach().cpu().numpy() for name, tensor in of_idm(state).items()},
                       test_input, run_window(net, test_input))
