#!/usr/bin/python3
"""Writes tests/parity/fixtures/*.txt: what PyTorch computes in double for layers, models and optimisers.

Run it with a Python that has torch (written with Debian 12's python3-torch 1.13.0) and numpy. Inputs and parameters are
not stored: both sides draw them from idm's random numbers as multiples of 2^-23 times a power of two, so float and double
start from the same values. Of a large tensor every `step`-th number is stored, and 8 sums with random signs, which see
every number.

File format, separated by white space:
    case <name> seed <s> input <N> <L> <C> options <n> <option>... tensors <n>
    <tensor name> <rank> <extent>... <step> <numbers> [<8 sums> if step > 1]
"""

import math
import os

import numpy as np
import torch
from torch import nn

torch.set_num_threads(2)
torch.set_default_dtype(torch.float64)
FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


# idm::Random (core/random.hpp).


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def random_bits(seed, stream, count):
    """The first `count` values of Random(seed, stream).bits()."""
    start = mix((mix(mix((seed + GOLDEN) & MASK) ^ ((stream + GOLDEN) & MASK)) + mix(GOLDEN)) & MASK)
    z = np.uint64(start) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN)  # modulo 2^64, as mix()
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def numbers(seed, stream, shape, scale=1.0):
    """The same as idm_test::numbers (tests/support/network_run.hpp)."""
    bits = (random_bits(seed, stream, math.prod(shape)) >> np.uint64(40)).astype(np.float64)
    return torch.from_numpy((scale * (bits - 2.0**23) * 2.0**-23).reshape(shape))


# Modules over [N, C, L] whose state dicts have idm's names.


class CausalConv1d(nn.Conv1d):
    def forward(self, x):
        return super().forward(nn.functional.pad(x, ((self.kernel_size[0] - 1) * self.dilation[0], 0)))


class StepLinear(nn.Linear):
    """nn.Linear on every step of [N, C, L]."""

    def forward(self, x):
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class StepGRU(nn.GRU):
    """nn.GRU over the steps of [N, C, L]: the state after every step."""

    def forward(self, x):
        return super().forward(x.transpose(1, 2))[0].transpose(1, 2)


class LastStep(nn.Module):
    def forward(self, x):
        return x[:, :, -1]


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.body(x)


class Sum(nn.Module):
    def __init__(self, net, skip):
        super().__init__()
        self.net, self.skip = net, skip

    def forward(self, x):
        return self.net(x) + self.skip(x)


class WindowLinear(nn.Conv1d):
    """A convolution over the whole window, whose one step is the output."""

    def forward(self, x):
        return super().forward(x)[:, :, 0]


def conv(padding, c_in, c_out, kernel, stride=1, dilation=1, groups=1):
    if padding == "causal":
        return CausalConv1d(c_in, c_out, kernel, stride=stride, dilation=dilation, groups=groups)
    return nn.Conv1d(c_in, c_out, kernel, stride=stride, dilation=dilation, groups=groups,
                     padding=0 if padding == "valid" else "same")


def baseline(window, inputs, outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(window * inputs, outputs))


def cnn1(window, inputs, outputs, padding):
    steps = window - 6 if padding == "valid" else window
    return nn.Sequential(conv(padding, inputs, 64, 5), nn.ReLU(), conv(padding, 64, 64, 3), nn.ReLU(), nn.Flatten(),
                         nn.Linear(64 * steps, 128), nn.ReLU(), nn.Linear(128, outputs))


def cnn2(inputs, outputs):
    blocks = [Residual(conv("causal", 64, 64, 3, 1, d), nn.ReLU(), conv("causal", 64, 64, 1)) for d in (1, 2, 4, 8)]
    return nn.Sequential(conv("causal", inputs, 64, 1), *blocks, nn.ReLU(), LastStep(), nn.Linear(64, 128), nn.ReLU(),
                         nn.Linear(128, outputs))


def state(net):
    """The state dict's tensors that idm has: parameters and running statistics."""
    return [(k, p) for k, p in net.state_dict(keep_vars=True).items() if not k.endswith("num_batches_tracked")]


def draw_parameters(net, seed):
    """Parameter i from stream i + 2, times the largest power of two that is at most 1 / sqrt(fan_in)."""
    fan_in = 1
    for i, (name, p) in enumerate(state(net)):
        if name.endswith("_l0"):  # a GRU's parameters all count its units
            fan_in = p.shape[0] // 3
        elif p.dim() > 1:  # a bias follows its weight and has the same fan-in
            fan_in = math.prod(p.shape[1:])
        scale = 1.0
        while scale * scale * fan_in > 1:
            scale /= 2
        with torch.no_grad():
            p.copy_(numbers(seed, i + 2, tuple(p.shape), scale))


def nearest_kink(net, x):
    """Smallest |pre-activation| over the net's ReLUs; an exact 0 is another ReLU's and stays one in float."""
    nearest = [math.inf]

    def watch(_, x):
        size = x[0].abs()
        nearest.append(size[size > 0].min().item())

    hooks = [m.register_forward_pre_hook(watch) for m in net.modules() if isinstance(m, nn.ReLU)]
    with torch.no_grad():
        net(x)
    for hook in hooks:
        hook.remove()
    return min(nearest)


# The files.


def write_tensor(file, name, tensor, step):
    values = tensor.detach().double().contiguous().reshape(-1).numpy()
    file.write(" ".join([name, str(tensor.dim()), *map(str, tensor.shape), str(step)]) + "\n")
    write_numbers(file, values[::step])
    if step > 1:
        signs = random_bits(0, 0, len(values))
        write_numbers(file, [math.fsum(np.where((signs >> np.uint64(j)) & np.uint64(1), values, -values))
                             for j in range(8)])


def write_numbers(file, values):
    for i in range(0, len(values), 8):
        file.write(" ".join(repr(float(v)) for v in values[i:i + 8]) + "\n")


def step_of(tensor):
    return 1 if tensor.numel() <= 512 else 13 if tensor.numel() <= 8192 else 61


def write_header(file, name, seed, size, options, tensors):
    file.write(f"case {name} seed {seed} input {' '.join(map(str, size))} "
               f"options {len(options)} {' '.join(map(str, options))} tensors {tensors}\n")


def write_pass(file, name, net, size, options=()):
    """y, d_x and the parameters' gradients of one forward and backward pass; [N, L, C] is idm's order."""
    samples, length, channels = size
    for seed in range(1, 1000):
        draw_parameters(net, seed)
        x = numbers(seed, 0, size).transpose(1, 2).contiguous()
        if nearest_kink(net, x) > 1e-4:
            break
    else:
        raise RuntimeError(f"{name}: no seed keeps away from the kinks")
    x.requires_grad_()
    net.zero_grad()
    draw_parameters(net, seed)  # the search for kinks moved running statistics
    before = [p.detach().clone() for _, p in state(net)]
    y = net(x)
    if name == "flatten":  # PyTorch's order is [C, L], idm's [L, C]
        y = y.reshape(samples, channels, length)
    in_steps = y.dim() == 3
    d_y = numbers(seed, 1, (samples, y.shape[2], y.shape[1]) if in_steps else tuple(y.shape))
    y.backward(d_y.transpose(1, 2) if in_steps else d_y)
    write_header(file, name, seed, size, options, 2 + len(before))
    write_tensor(file, "y", y.transpose(1, 2) if in_steps else y, 1)
    write_tensor(file, "d_x", x.grad.transpose(1, 2), 1)
    for (key, p), old in zip(state(net), before):  # of a running statistic: samples * (old - new)
        write_tensor(file, key, p.grad if p.requires_grad else samples * (old - p), step_of(p))


def write_conv(file, padding):
    # c_in, c_out, kernel, stride, dilation; length. Odd sizes around the widths of vectors and blocks.
    shapes = [(3, 5, 3, 1, 1, 7), (1, 1, 1, 1, 1, 1), (2, 7, 5, 1, 1, 11), (5, 33, 2, 1, 3, 9), (4, 16, 4, 1, 2, 10),
              (17, 3, 3, 1, 4, 13)]
    if padding != "same":
        shapes += [(2, 7, 5, 2, 1, 11), (3, 19, 4, 3, 2, 17), (6, 2, 3, 5, 1, 12)]
    for c_in, c_out, kernel, stride, dilation, length in shapes:
        net = nn.Sequential(conv(padding, c_in, c_out, kernel, stride, dilation))
        write_pass(file, f"conv1d_{padding}", net, (2, length, c_in), (c_out, kernel, stride, dilation))


def write_grouped(file, padding):
    # c_in, c_out, kernel, stride, dilation, groups; length. Odd numbers of channels in a group around a vector's lanes.
    shapes = [(4, 6, 3, 1, 1, 2, 7), (6, 51, 2, 1, 3, 3, 9), (34, 4, 4, 1, 2, 2, 10)]
    if padding != "same":
        shapes += [(15, 35, 3, 2, 2, 5, 11)]
    for c_in, c_out, kernel, stride, dilation, groups, length in shapes:
        net = nn.Sequential(conv(padding, c_in, c_out, kernel, stride, dilation, groups))
        write_pass(file, f"grouped_{padding}", net, (2, length, c_in), (c_out, kernel, stride, dilation, groups))


def write_depthwise(file, padding):
    # channels, kernel, stride, dilation; length
    shapes = [(3, 3, 1, 1, 7), (1, 1, 1, 1, 1), (33, 2, 1, 3, 9), (17, 4, 1, 2, 10)]
    if padding == "valid":
        shapes += [(5, 4, 3, 2, 17)]
    if padding == "causal":
        shapes += [(7, 5, 2, 1, 11)]
    for channels, kernel, stride, dilation, length in shapes:
        net = nn.Sequential(conv(padding, channels, channels, kernel, stride, dilation, channels))
        write_pass(file, f"depthwise_{padding}", net, (2, length, channels), (kernel, stride, dilation))


def write_layers(file):
    write_pass(file, "dense_steps", nn.Sequential(StepLinear(5, 3)), (2, 7, 5), (3,))
    write_pass(file, "dense_steps", nn.Sequential(StepLinear(3, 37)), (3, 5, 3), (37,))
    write_pass(file, "dense_flat", nn.Sequential(nn.Flatten(), nn.Linear(35, 3)), (2, 7, 5), (3,))
    write_pass(file, "dense_flat", nn.Sequential(nn.Flatten(), nn.Linear(9, 18)), (1, 3, 3), (18,))
    write_pass(file, "relu", nn.Sequential(nn.ReLU()), (2, 7, 5))
    write_pass(file, "flatten", nn.Sequential(nn.Flatten()), (2, 7, 5))
    write_pass(file, "last_step", nn.Sequential(LastStep()), (2, 7, 5))
    write_pass(file, "residual",
               nn.Sequential(Residual(conv("causal", 5, 9, 3, 1, 2), nn.ReLU(), conv("same", 9, 5, 4), nn.ReLU())),
               (2, 7, 5))
    write_pass(file, "sequential",
               nn.Sequential(conv("same", 3, 9, 3, 1, 2), nn.ReLU(), Residual(nn.ReLU(), conv("causal", 9, 9, 2, 1, 3)),
                             nn.ReLU(), nn.Sequential(conv("valid", 9, 6, 4, 2), nn.ReLU()), StepLinear(6, 5), nn.ReLU(),
                             nn.Flatten(), nn.Linear(25, 11), nn.ReLU(), nn.Linear(11, 2)),
               (3, 12, 3))


def write_activations(file):
    def write(name, *layers):
        write_pass(file, name, nn.Sequential(StepLinear(3, 5), *layers), (2, 7, 3))

    write("leaky_relu", nn.LeakyReLU(0.2))
    write("elu", nn.ELU(0.7))
    write("tanh", nn.Tanh())
    write("sigmoid", nn.Sigmoid())
    write("softplus", nn.Softplus())
    write("silu", nn.SiLU())
    write("gelu", nn.GELU())


def write_pools(file):
    # kernel, stride; length and channels
    for kernel, stride, length, channels in [(2, 2, 7, 5), (3, 2, 8, 3), (2, 3, 9, 17), (4, 1, 4, 1), (1, 1, 3, 2)]:
        for name, pool in (("average_pool", nn.AvgPool1d), ("max_pool", nn.MaxPool1d)):
            write_pass(file, name, nn.Sequential(pool(kernel, stride)), (2, length, channels), (kernel, stride))
    write_pass(file, "global_average_pool", nn.Sequential(nn.AdaptiveAvgPool1d(1)), (3, 7, 5))


class StepNorm(nn.LayerNorm):
    """nn.LayerNorm over the channels of every step of [N, C, L]."""

    def forward(self, x):
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


def write_norms(file):
    # Not two channels: they become nearly -1 and 1 whatever they are, and their gradient is what rounding leaves of it.
    for length, channels in [(7, 5), (3, 3), (4, 17), (2, 33)]:
        write_pass(file, "layer_norm", nn.Sequential(StepNorm(channels, elementwise_affine=False)), (2, length, channels))
        write_pass(file, "layer_norm_affine", nn.Sequential(StepNorm(channels)), (2, length, channels))


def write_batch_norm(file):
    for samples, length, channels in [(2, 7, 5), (3, 3, 3), (4, 4, 17), (1, 9, 33), (5, 2, 1)]:
        write_pass(file, "batch_norm", nn.Sequential(nn.BatchNorm1d(channels)), (samples, length, channels))


def write_gru(file):
    # length, channels, units
    for length, channels, units in [(7, 3, 5), (1, 1, 1), (6, 5, 17), (11, 2, 33)]:
        write_pass(file, "gru", nn.Sequential(StepGRU(channels, units, batch_first=True)), (2, length, channels), (units,))


def write_models(file):
    write_pass(file, "baseline", baseline(6, 3, 2), (3, 6, 3), (2,))
    for padding in ("valid", "same", "causal"):
        write_pass(file, f"cnn1_{padding}", cnn1(9, 3, 2, padding), (2, 9, 3), (2,))
    write_pass(file, "cnn2", cnn2(3, 2), (1, 18, 3), (2,))
    write_pass(file, "cnn1_linear_skip", Sum(cnn1(9, 3, 2, "valid"), WindowLinear(3, 2, 9)), (2, 9, 3), (2,))
    write_pass(file, "cnn2_linear_skip", Sum(cnn2(3, 2), WindowLinear(3, 2, 18)), (1, 18, 3), (2,))


def write_bf16(file):
    """Outputs of the models with weights, not biases, that PyTorch rounded to bfloat16."""
    for name, net, size in [("cnn1_valid", cnn1(9, 3, 2, "valid"), (2, 9, 3)), ("cnn2", cnn2(3, 2), (2, 31, 3))]:
        draw_parameters(net, 1)
        with torch.no_grad():
            for p in net.parameters():
                if p.dim() > 1:
                    p.copy_(p.to(torch.bfloat16))
            write_header(file, name, 1, size, (2,), 1)
            write_tensor(file, "y", net(numbers(1, 0, size).transpose(1, 2).contiguous()), 1)


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023."""

    def __init__(self, parameters, lr, betas, weight_decay):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.sub_(group["lr"] * (torch.sign(beta1 * m + (1 - beta1) * p.grad) + group["weight_decay"] * p))
                m.mul_(beta2).add_((1 - beta2) * p.grad)


OPTIMISERS = {
    "adam": lambda p: torch.optim.Adam(p, lr=1e-3),
    "adamw": lambda p: torch.optim.AdamW(p, lr=1e-3, weight_decay=0.01),
    "sgd": lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.9, nesterov=True, weight_decay=0.01),
    "lion": lambda p: Lion(p, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.1),
}


def train(dtype, name, seed, steps=100, samples=2, batches=5):
    """100 steps on a Cnn1: 5 fixed batches in turn; batch b has inputs and targets from streams 100 + 2 b and 101 + 2 b.
    Returns the net, its losses and how near to a kink it came."""
    net = cnn1(7, 3, 2, "valid")
    draw_parameters(net, seed)
    net.to(dtype)
    optimiser = OPTIMISERS[name](net.parameters())
    data = [(numbers(seed, 100 + 2 * b, (samples, 7, 3)).transpose(1, 2).contiguous().to(dtype),
             numbers(seed, 101 + 2 * b, (samples, 2)).to(dtype)) for b in range(batches)]
    losses, nearest = [], math.inf
    for i in range(steps):
        x, target = data[i % batches]
        nearest = min(nearest, nearest_kink(net, x))
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(net(x), target)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return net, torch.tensor(losses), nearest


def write_optimiser(file, name):
    # A ReLU that float and double see on different sides of its kink sends the two runs apart for good. Among the seeds
    # the one that keeps furthest away has the fixture.
    seed = max(range(1, 101), key=lambda seed: train(torch.float64, name, seed)[2])
    net, losses, nearest = train(torch.float64, name, seed)
    rounded = train(torch.float32, name, seed)[0]
    gap = max(((a - b.double()).abs().max() / a.abs().max()).item() for a, b in zip(net.parameters(), rounded.parameters()))
    print(f"{name}: seed {seed}, nearest kink {nearest:.1e}, loss {losses[0]:.4f} to {losses[-1]:.4f}; "
          f"PyTorch's own float run differs by {gap:.1e}")
    parameters = list(net.named_parameters())
    write_header(file, name, seed, (2, 7, 3), (2,), 1 + len(parameters))
    write_tensor(file, "losses", losses, 1)
    for key, p in parameters:
        write_tensor(file, key, p, step_of(p))


def main():
    os.makedirs(FIXTURES, exist_ok=True)

    def write(name, *writers):
        with open(os.path.join(FIXTURES, name + ".txt"), "w") as file:
            for writer in writers:
                writer(file)

    write("conv1d", *(lambda file, p=p: write_conv(file, p) for p in ("valid", "same", "causal")))
    write("grouped", *(lambda file, p=p: write_grouped(file, p) for p in ("valid", "same", "causal")))
    write("depthwise", *(lambda file, p=p: write_depthwise(file, p) for p in ("valid", "same", "causal")))
    write("layers", write_layers)
    write("activations", write_activations)
    write("pools", write_pools)
    write("norms", write_norms)
    write("batch_norm", write_batch_norm)
    write("gru", write_gru)
    write("models", write_models)
    write("bf16", write_bf16)
    write("optimisers", *[lambda file, name=name: write_optimiser(file, name) for name in OPTIMISERS])


if __name__ == "__main__":
    main()
