"""PyTorch's layers by the names that idm's layers give themselves in a weights file, with their settings."""

import dataclasses
import decimal

from torch import nn

from tensor_file import require


class CausalConv1d(nn.Conv1d):
    """Zeros before the first step and none behind the last: step t depends on steps up to t."""

    def forward(self, x):
        return super().forward(nn.functional.pad(x, ((self.kernel_size[0] - 1) * self.dilation[0], 0)))


class LastStep(nn.Module):
    def forward(self, x):
        return x[:, :, -1]


@dataclasses.dataclass
class LayerShape:
    """What a layer gives: [N, channels, steps], or [N, channels] once it is `flat`; then it counts as one step."""

    steps: int
    channels: int
    flat: bool = False


def exact_text(value):
    """The shortest text that reads back as the same number, as C++'s std::to_chars gives it: 0.2, 1, 1e-05."""
    sign, digits, exponent = decimal.Decimal(repr(float(value))).normalize().as_tuple()
    point = len(digits) + exponent  # digits before the point
    text = "".join(map(str, digits))
    if point <= 0:
        fixed = "0." + "0" * -point + text
    else:
        fixed = text[:point].ljust(point, "0") + ("." + text[point:] if point < len(text) else "")
    scientific = f"{text[0]}{'.' if len(text) > 1 else ''}{text[1:]}e{point - 1:+03d}"
    return "-" * sign + (fixed if len(fixed) <= len(scientific) or value == 0 else scientific)


def one(setting):
    """A setting of a one-dimensional layer, which PyTorch keeps as a number or as a tuple of one."""
    return setting[0] if isinstance(setting, tuple) else setting


def of_conv(layer, shape):
    kernel, stride, dilation = one(layer.kernel_size), one(layer.stride), one(layer.dilation)
    known = isinstance(layer, CausalConv1d) or layer.padding in ((0,), "valid", "same")
    require(known and layer.padding_mode == "zeros", "Conv1d: expected padding 0, 'same' or a CausalConv1d, with zeros, got ",
            layer.padding, ", ", layer.padding_mode)
    require(layer.bias is not None, "Conv1d: expected one with a bias, as idm's has")
    padding = "causal" if isinstance(layer, CausalConv1d) else "same" if layer.padding == "same" else "valid"
    depthwise = 1 < layer.groups == layer.in_channels == layer.out_channels
    settings = [f"k{kernel}"] if depthwise else [str(layer.out_channels), f"k{kernel}"]
    settings += [f"{what} {value}" for what, value in
                 (("stride", stride), ("dilation", dilation), ("groups", 1 if depthwise else layer.groups)) if value > 1]
    zeros = 0 if padding == "valid" else (kernel - 1) * dilation
    steps = (shape.steps + zeros - (kernel - 1) * dilation - 1) // stride + 1
    return (f"{'Depthwise' if depthwise else ''}Conv1D({', '.join(settings)}, {padding})",
            LayerShape(steps, layer.out_channels))


def of_linear(layer, shape):
    require(shape.flat, "Linear: expected it behind Flatten or LastStep; before, PyTorch's maps steps and idm's channels")
    require(layer.bias is not None, "Linear: expected one with a bias, as idm's has")
    return f"Dense({layer.out_features})", LayerShape(1, layer.out_features, True)


def of_pool(layer, shape):
    kernel, stride = one(layer.kernel_size), one(layer.stride)
    require(one(layer.padding) == 0 and one(getattr(layer, "dilation", 1)) == 1 and not layer.ceil_mode,
            type(layer).__name__, ": expected no padding, no dilation and no ceil_mode")
    name = "MaxPool" if isinstance(layer, nn.MaxPool1d) else "AveragePool"
    return f"{name}(k{kernel}, stride {stride})", LayerShape((shape.steps - kernel) // stride + 1, shape.channels)


def of_batch_norm(layer, shape):
    require(layer.affine and layer.track_running_stats and layer.momentum is not None,
            "BatchNorm1d: expected one with weight, bias and running statistics that move by a momentum")
    return f"BatchNorm1D(epsilon {exact_text(layer.eps)}, momentum {exact_text(layer.momentum)})", shape


def of_layer_norm(layer, shape):
    require(shape.flat, "LayerNorm: expected it behind Flatten or LastStep; before, PyTorch's normalises over steps and "
            "idm's over channels")
    require(layer.normalized_shape == (shape.channels,), "LayerNorm: expected one over ", shape.channels, " channels, got ",
            layer.normalized_shape)
    plain = "" if layer.elementwise_affine else ", no weight"
    return f"LayerNorm(epsilon {exact_text(layer.eps)}{plain})", shape


def of_plain(layer, shape):
    """Layers that have the same name and no settings here and there."""
    require(getattr(layer, "approximate", "none") == "none" and getattr(layer, "beta", 1) == 1, type(layer).__name__,
            ": expected the form without approximation and with beta 1, which idm has")
    return type(layer).__name__, shape


COUNTERPARTS = {
    nn.Conv1d: of_conv, CausalConv1d: of_conv, nn.Linear: of_linear, nn.MaxPool1d: of_pool, nn.AvgPool1d: of_pool,
    nn.BatchNorm1d: of_batch_norm, nn.LayerNorm: of_layer_norm,
    nn.Flatten: lambda layer, shape: ("Flatten", LayerShape(1, shape.steps * shape.channels, True)),
    LastStep: lambda layer, shape: ("LastStep", LayerShape(1, shape.channels, True)),
    nn.LeakyReLU: lambda layer, shape: (f"LeakyReLU({exact_text(layer.negative_slope)})", shape),
    nn.ELU: lambda layer, shape: (f"ELU({exact_text(layer.alpha)})", shape),
    nn.Dropout: lambda layer, shape: (f"Dropout({exact_text(layer.p)})", shape),
    **dict.fromkeys((nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.SiLU, nn.Softplus), of_plain)}


def name_and_shape(layer, shape):
    """The name of idm's layer that computes the same, and the shape behind it.

    A layer of your own says both by a method `idm_row(shape)`. *Errors*: FileError for a layer or setting without
    counterpart.
    """
    if hasattr(layer, "idm_row"):
        return layer.idm_row(shape)
    require(type(layer) in COUNTERPARTS, type(layer).__name__, ": idm has no layer of this kind that is known here; there is ",
            ", ".join(kind.__name__ for kind in COUNTERPARTS), ". Give it a method idm_row(shape) that returns the C++ layer's "
            "name() and the LayerShape behind it")
    return COUNTERPARTS[type(layer)](layer, shape)
