#!/usr/bin/python3
"""Writes tests/python/fixtures: what examples/python makes of PyTorch's networks, for test_files_of_python.cpp.

Each *.head is a weights file without its data section, whose numbers both sides draw by the rule of
tests/parity/make_fixtures.py; outputs.txt, in that script's format, holds what PyTorch computes from these weights in
double. Run it with a Python that has torch (written with Debian 12's python3-torch 1.13.0) and numpy.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "parity"), os.path.join(HERE, "..", "..", "examples", "python")]

import torch

import idm_file
import make_fixtures as parity
import models
from tensor_file import data_section

WINDOW, SAMPLES, SEED = 9, 3, 5


def example_info():
    info = idm_file.template()
    info["recipe"]["window"] = WINDOW
    info["recipe"]["positions"].update(unit="deg", scale=[-0.5, 2])
    info["recipe"]["targets"]["columns"] = info["target_names"] = ["tau1", "tau \"2\" é"]
    info["normaliser"].update(input_mean=[0.1, -2, 3, 1e-3], constant_inputs=["qd(qd2)"])
    info["training"]["seed"] = (1 << 64) - 1
    return info


def main():
    folder = os.path.join(HERE, "fixtures")
    os.makedirs(folder, exist_ok=True)
    info = example_info()
    inputs, outputs = idm_file.input_count(info["recipe"]), len(info["target_names"])
    with open(os.path.join(folder, "outputs.txt"), "w", encoding="ascii") as file:
        for model, padding in [("baseline", "valid"), ("cnn1", "valid"), ("cnn1", "causal"), ("cnn1", "same"),
                               ("cnn2", "valid")]:
            name = f"{model}_{padding}" if model == "cnn1" else model
            net = models.make(model, WINDOW, inputs, outputs, padding).double()
            parity.draw_parameters(net, SEED)
            size = (SAMPLES, WINDOW, inputs)
            with torch.no_grad():
                y = net(parity.numbers(SEED, 0, size))
            parity.write_header(file, name, SEED, size, (outputs,), 1)
            parity.write_tensor(file, "y", y, 1)
            for dtype, suffix in ((torch.float32, "f32"), (torch.float64, "f64")):
                state = {key: value.to(dtype) for key, value in net.state_dict().items()}
                weights = models.make_weights(state, model, info, padding)
                content = idm_file.serialise_weights(weights)
                with open(os.path.join(folder, f"{name}.{suffix}.head"), "wb") as head:
                    head.write(content[:len(content) - len(data_section(weights.tensors))])


if __name__ == "__main__":
    main()
