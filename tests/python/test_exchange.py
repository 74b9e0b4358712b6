#!/usr/bin/python3
"""test_exchange.py PROGRAM: networks go from PyTorch to idm and back through the programs of examples/python.

PROGRAM is that of exchange.cpp. Ends with status 77, which ctest counts as skipped, where torch or numpy are missing.
"""

import copy
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
    import torch
except ImportError as error:
    print(f"skipped: {error}; Debian has it in python3-torch and python3-numpy (cmake/bootstrap.sh python)")
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = os.path.join(HERE, "..", "..", "examples", "python")
sys.dont_write_bytecode = True
sys.path.insert(0, EXAMPLES)

import idm_file
import layers
import models
import tensor_file
from tensor_file import FileError

torch.set_num_threads(1)
PROGRAM = ""
TOLERANCE = 1e-5  # relative to the largest output
CASES = [("baseline", "valid"), ("cnn1", "valid"), ("cnn1", "causal"), ("cnn1", "same"), ("cnn2", "valid")]
DTYPES = {"float": torch.float32, "double": torch.float64}


def type_of(model, padding):
    return model if padding == "valid" else f"{model}_{padding}"


def example_info(window):
    info = idm_file.template()
    info["recipe"].update(window=window, use_sin=True, use_accelerations=True)
    info["input_names"] = [f"x{i}" for i in range(8)]
    info["normaliser"].update(input_mean=[0.1] * 8, input_scale=[1 / 3] * 8, constant_inputs=["x7"])
    info["target_names"] = info["recipe"]["targets"]["columns"] = ["tau \"1\" é", "\u2206"]
    return info


class Own(models.Network):
    """The twin of exchange.cpp's."""

    type = "own"

    def __init__(self, window, inputs, outputs):
        nn = torch.nn
        steps = (window - 2 - 2) // 2 + 1
        super().__init__(
            models.conv(inputs, 12, 3, "causal", 2), nn.BatchNorm1d(12, eps=1e-3, momentum=0.2), nn.LeakyReLU(0.2),
            nn.Conv1d(12, 12, 3, groups=12), nn.ELU(0.5), nn.Conv1d(12, 8, 2, stride=2, groups=4), nn.GELU(), nn.Dropout(0.25),
            models.Residual(models.conv(8, 8, 3, "same"), nn.Tanh()), nn.MaxPool1d(2, 1), nn.Flatten(),
            nn.Linear(8 * (steps - 1), 16), nn.LayerNorm(16, eps=1e-4), nn.SiLU(), nn.Linear(16, outputs))


models.register(Own)


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_program(self, *arguments, fails=False):
        done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        self.assertEqual(done.returncode != 0, fails, done.stderr)
        return done.stderr if fails else done.stdout

    def script(self, name, *arguments, fails=False):
        return self.run_program(sys.executable, "-B", os.path.join(EXAMPLES, name), *arguments, fails=fails)

    def predict(self, kind, scalar, file, x, outputs):
        x.astype("<f8").tofile(self.path("x"))
        self.run_program(PROGRAM, "predict", kind, scalar, file, str(x.shape[1]), str(x.shape[2]), str(outputs),
                         self.path("x"), self.path("y"))
        return np.fromfile(self.path("y"), "<f8").reshape(len(x), outputs)

    def assert_same_outputs(self, net, kind, scalar, file, inputs, outputs, window):
        x = np.random.RandomState(4).uniform(-2, 2, (7, window, inputs)).astype(np.float32)
        with torch.no_grad():
            expected = net.double()(torch.from_numpy(x.astype(np.float64))).numpy()
        got = self.predict(kind, scalar, file, x, outputs)
        self.assertGreater(np.abs(expected).max(), 1e-2)
        self.assertLess(np.abs(got - expected).max() / np.abs(expected).max(), TOLERANCE)


class Exchange(WithFolder):
    def test_networks_of_pytorch_run_in_idm(self):
        for window in (9, 33):
            for model, padding in CASES:
                for scalar, dtype in DTYPES.items():
                    with self.subTest(model=model, padding=padding, scalar=scalar, window=window):
                        torch.manual_seed(window)
                        net = models.make(model, window, 8, 2, padding).to(dtype)
                        torch.save(net.state_dict(), self.path("net.pt"))
                        with open(self.path("info.json"), "w", encoding="utf-8") as file:
                            json.dump(example_info(window), file)
                        self.script("to_idm.py", "--type", model, "--padding", padding, self.path("net.pt"),
                                    self.path("info.json"), self.path("net.idm"))
                        self.assert_same_outputs(net, type_of(model, padding), scalar, self.path("net.idm"), 8, 2,
                                                 window)

    def test_networks_of_idm_run_in_pytorch_and_come_back(self):
        for model, padding in CASES:
            for scalar, dtype in DTYPES.items():
                with self.subTest(model=model, padding=padding, scalar=scalar):
                    kind, file = type_of(model, padding), self.path("of_idm")
                    self.run_program(PROGRAM, "write", kind, scalar, file)
                    self.script("from_idm.py", file, self.path("net.pt"), "--info", self.path("info.json"))
                    net = models.make(model, 8, 2, 1, padding).to(dtype)
                    net.load_state_dict(torch.load(self.path("net.pt")), strict=True)
                    for info in (file, self.path("info.json")):
                        self.script("to_idm.py", "--type", model, "--padding", padding, self.path("net.pt"), info,
                                    self.path("back"))
                        first, second = idm_file.read_weights(file), idm_file.read_weights(self.path("back"))
                        self.assertEqual((first.model, first.info), (second.model, second.info))
                        self.assertEqual(set(first.tensors), set(second.tensors))
                        for name, tensor in first.tensors.items():
                            self.assertEqual(tensor.tobytes(), second.tensors[name].tobytes())
                        self.predict(kind, scalar, self.path("back"), np.zeros((1, 8, 2)), 1)
                    self.assert_same_outputs(net, kind, scalar, file, 2, 1, 8)

    def test_a_network_of_ones_own_goes_there_and_comes_back(self):
        for window in (9, 12):
            torch.manual_seed(window)
            net = models.make("own", window, 8, 2).double()
            net(torch.randn(16, window, 8, dtype=torch.float64))  # moves the running statistics
            net.eval()
            file = self.path("own")
            idm_file.write_weights(file, models.make_weights(net.state_dict(), "own", example_info(window)))
            self.assert_same_outputs(net, "own", "double", file, 8, 2, window)
        self.run_program(PROGRAM, "write", "own", "double", self.path("of_idm"))
        net, weights = models.load(self.path("of_idm"))
        self.assertEqual(weights.model["type"], "own")
        self.assert_same_outputs(net, "own", "double", self.path("of_idm"), 2, 1, 8)

    def test_files_of_every_format_version_are_read(self):
        for version in (1, 2):
            fixtures = os.path.join(HERE, "..", "unit", "io", "fixtures")
            net, weights = models.load(os.path.join(fixtures, f"weights_v{version}.safetensors"))
            self.assertEqual(weights.model["type"], "baseline")
            np.testing.assert_allclose(models.run_window(net, weights.test_input), weights.test_output, rtol=TOLERANCE)

    def test_chunks_of_actions(self):
        info = idm_file.template()
        info["recipe"].update(horizon=3, target_quantity="action", target_unit="rad")
        info["target_names"] = [f"y{i}" for i in range(6)]
        info["normaliser"].update(target_mean=[0] * 6, target_scale=[1] * 6)
        torch.manual_seed(2)
        net = models.Cnn2(16, 4, 6)
        idm_file.write_weights(self.path("out"), models.make_weights(net.state_dict(), "cnn2", info))
        self.assert_same_outputs(net, "cnn2", "float", self.path("out"), 4, 6, 16)

    def test_the_template_is_one(self):
        info = json.loads(self.script("to_idm.py", "--template"))
        net = models.Cnn2(16, 4, 2)
        weights = models.make_weights(net.state_dict(), "cnn2", info)
        models.build(idm_file.parse_weights(idm_file.serialise_weights(weights)))


class Refused(WithFolder):
    """What must not be read or written, and the words that say why."""

    def setUp(self):
        super().setUp()
        torch.manual_seed(1)
        self.info = example_info(9)
        self.state = models.Cnn1(9, 8, 2).state_dict()
        self.weights = models.make_weights(self.state, "cnn1", self.info)
        self.content = idm_file.serialise_weights(self.weights)

    def refuses(self, words, function, *arguments):
        with self.assertRaises(FileError) as caught:
            function(*arguments)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def test_state_dicts(self):
        def changed(change):
            state = dict(self.state)
            change(state)
            return state

        cases = [
            (lambda s: s.pop("2.bias"), ["'2.bias'", "shape [64]", "got none"]),
            (lambda s: s.update(more=torch.zeros(1)), ["'more'", "none of this model's"]),
            (lambda s: s.update({"0.weight": torch.zeros(64, 8, 3)}), ["'0.weight'", "[64, 8, 5]", "[64, 8, 3]"]),
            (lambda s: s.update({"0.weight": torch.zeros(64, 7, 5)}), ["'0.weight'", "[64, 8, 5]", "[64, 7, 5]"]),
            (lambda s: s.update({"7.bias": torch.zeros(2, dtype=torch.int64)}), ["'7.bias'", "float32", "int64"]),
            (lambda s: s.update({"7.bias": torch.zeros(2).double()}), ["'7.bias'", "float32 as in '0.weight'", "float64"]),
            (lambda s: s.update({"7.bias": torch.tensor([1, float("nan")])}), ["'7.bias'", "NaN"]),
            (lambda s: s.update({"7.bias": [1, 2]}), ["'7.bias'", "a tensor", "list"]),
        ]
        for change, words in cases:
            self.refuses(words, models.make_weights, changed(change), "cnn1", self.info)
        self.refuses(["'5.weight'", "[128, 576]", "[128, 192]"], models.make_weights, self.state, "cnn1", self.info, "same")
        self.refuses(["'0.weight'", "[64, 8, 1]", "[64, 8, 5]"], models.make_weights, self.state, "cnn2", self.info)

    def test_info(self):
        cases = [
            (lambda i: i.pop("normaliser"), ["normaliser", "to be there"]),
            (lambda i: i.update(other=1), ["idm.other", "expected only"]),
            (lambda i: i["recipe"].update(window=9.0), ["recipe.window", "a whole number", "9.0"]),
            (lambda i: i["recipe"].update(window=True), ["recipe.window", "a whole number", "true"]),
            (lambda i: i["recipe"].update(use_cos=1), ["recipe.use_cos", "true or false"]),
            (lambda i: i["recipe"]["positions"].update(unit="grad"), ["recipe.positions.unit", "grad"]),
            (lambda i: i["recipe"]["positions"].update(scale=[1]), ["recipe.positions.scale", "2", "got 1"]),
            (lambda i: i["recipe"]["filter"].update(length=4), ["recipe.filter", "odd", "4"]),
            (lambda i: i["recipe"]["filter"].update(order=0), ["recipe.filter", "order of at least 1", "got 0"]),
            (lambda i: i["recipe"].update(horizon=2), ["target_names", "4", "got 2"]),
            (lambda i: i["recipe"].update(version=1), ["recipe.version", "expected 2", "got 1"]),
            (lambda i: i["recipe"].update(use_cos=True), ["input_names", "10", "got 8"]),
            (lambda i: i["normaliser"]["input_scale"].__setitem__(1, 0), ["normaliser.input_scale", "above 0"]),
            (lambda i: i["normaliser"]["input_mean"].__setitem__(1, float("inf")), ["input_mean[1]", "finite"]),
            (lambda i: i["normaliser"].update(input_low=[0.0]), ["input_low", "8 ranges"]),
            (lambda i: i["normaliser"].update(constant_inputs=["y"]), ["constant_inputs", "'y'"]),
            (lambda i: i["training"].update(seed=-1), ["training.seed", "-1"]),
        ]
        for change, words in cases:
            info = copy.deepcopy(self.info)
            change(info)
            self.refuses(words, models.make_weights, self.state, "cnn1", info)

    def test_layers(self):
        nn, shape = torch.nn, layers.LayerShape(9, 4)
        flat = layers.LayerShape(1, 4, True)
        for layer, at, words in [
                (nn.LSTM(4, 4), shape, ["LSTM", "there is Conv1d", "idm_row"]),
                (nn.Conv1d(4, 4, 3, padding=1), shape, ["padding 0, 'same'", "(1,)"]),
                (nn.Conv1d(4, 4, 3, padding="same", padding_mode="circular"), shape, ["with zeros", "circular"]),
                (nn.Conv1d(4, 4, 3, bias=False), shape, ["bias"]),
                (nn.Linear(4, 4), shape, ["behind Flatten or LastStep"]),
                (nn.Linear(4, 4, bias=False), flat, ["bias"]),
                (nn.LayerNorm(9), shape, ["behind Flatten or LastStep"]),
                (nn.BatchNorm1d(4, momentum=None), shape, ["momentum"]),
                (nn.BatchNorm1d(4, affine=False), shape, ["weight, bias"]),
                (nn.AvgPool1d(3, ceil_mode=True), shape, ["ceil_mode"]),
                (nn.MaxPool1d(3, padding=1), shape, ["no padding"]),
                (nn.GELU("tanh"), shape, ["approximation"]),
                (nn.Softplus(beta=2), shape, ["beta 1"])]:
            self.refuses(words, layers.name_and_shape, layer, at)

        class Sine(nn.Module):
            def idm_row(self, shape):
                return "Sine", shape

        self.assertEqual(layers.name_and_shape(Sine(), shape), ("Sine", shape))
        self.assertEqual(layers.name_and_shape(nn.AvgPool1d(3), shape), ("AveragePool(k3, stride 3)", layers.LayerShape(3, 4)))
        texts = {0.2: "0.2", 1: "1", 1e-5: "1e-05", 1e-4: "1e-04", 0.001: "0.001", 12.5: "12.5", 1.5e-7: "1.5e-07", 0: "0"}
        self.assertEqual({value: layers.exact_text(value) for value in texts}, texts)
        self.refuses(["got 'mine'", "models.register"], models.make, "mine", 9, 8, 2)
        self.refuses(["'own' is Own already"], models.register, type("Other", (models.Network,), {"type": "own"}))
        self.refuses(["models.Network"], models.register, nn.Linear)

    def test_files(self):
        metadata, tensors, _ = tensor_file.parse(self.content)

        def forged(change):
            """Another content under a right checksum."""
            content, others = json.loads(metadata["idm"]), dict(tensors)
            change(content, others)
            text = json.dumps(content)
            crc = idm_file.checksum(text, tensor_file.data_section(others))
            return tensor_file.serialise({"idm": text, "idm_crc32": crc}, others)

        def read(content):
            return models.build(idm_file.parse_weights(content))

        flipped = bytearray(self.content)
        flipped[-5] ^= 1
        huge = struct.pack("<Q", 1 << 60) + self.content[8:]
        twice = b'{"a": 1, "a": 2}'
        cases = [
            (b"", ["8 bytes"]), (self.content[:100], ["truncated"]), (self.content[:-4], ["'7.weight'", "truncated"]),
            (self.content + b"0000", ["over all"]), (bytes(flipped), ["checksum"]), (huge, [str(1 << 60)]),
            (struct.pack("<Q", len(twice)) + twice, ["'a' twice"]),
            (tensor_file.serialise({}, tensors), ["none of idm"]),
            (forged(lambda c, t: c.update(format_version=3)), ["format version", "got 3"]),
            (forged(lambda c, t: c["model"].update(window=10)), ["window 9", "window 10"]),
            (forged(lambda c, t: c["model"].update(type="gru")), ["gru"]),
            (forged(lambda c, t: c["model"]["layers"].pop()), ["expected the layers"]),
            (forged(lambda c, t: t.pop("0.bias")), ["'0.bias'", "got none"]),
            (forged(lambda c, t: t.update({"9.bias": np.zeros(1, "<f4")})), ["'9.bias'", "none of"]),
            (forged(lambda c, t: t.update({"0.bias": np.full(64, np.nan, "<f4")})), ["'0.bias'", "NaN"]),
            (forged(lambda c, t: t.update({"0.bias": t["0.bias"] + 3})), ["test vector, output 0"]),
            (forged(lambda c, t: c["test_vector"].update(input="AAAA")), ["test_vector.input", "72 fp32"]),
            (forged(lambda c, t: c["test_vector"].update(tolerance=1e300)), ["test_vector.tolerance", "0 to 0.001"]),
            (forged(lambda c, t: c["test_vector"].update(tolerance=-1e-6)), ["test_vector.tolerance", "0 to 0.001"]),
        ]
        for content, words in cases:
            self.refuses(words, read, content)
        overlap = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                              "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}).encode()
        self.refuses(["overlap"], tensor_file.parse, struct.pack("<Q", len(overlap)) + overlap + bytes(12))

    def test_programs(self):
        with open(self.path("good"), "wb") as file:
            file.write(self.content)
        with open(self.path("bad"), "wb") as file:
            file.write(self.content[:-4])
        torch.save(models.Cnn1(9, 7, 2).state_dict(), self.path("net.pt"))
        message = self.script("from_idm.py", self.path("bad"), self.path("net.pt"), fails=True)
        self.assertIn(self.path("bad"), message)
        message = self.script("to_idm.py", "--type", "cnn1", self.path("net.pt"), self.path("good"), self.path("good"),
                              fails=True)
        self.assertIn("'0.weight': expected shape [64, 8, 5], got [64, 7, 5]", message)
        message = self.script("to_idm.py", "--type", "cnn1", self.path("good"), self.path("good"), self.path("good"),
                              fails=True)
        self.assertIn("state dict", message)
        with open(self.path("latin"), "wb") as file:
            file.write(b'{"recipe": "\xe9"}')
        latin = self.script("to_idm.py", "--type", "cnn1", self.path("net.pt"), self.path("latin"), self.path("out"), fails=True)
        self.assertIn("latin': expected UTF-8", latin)
        nowhere = self.script("from_idm.py", self.path("good"), self.path("nowhere/net.pt"), fails=True)
        self.assertIn("nowhere", nowhere)
        for text in (message, latin, nowhere,
                     self.script("from_idm.py", self.path("none"), self.path("net.pt"), fails=True)):
            self.assertNotIn("Traceback", text)
        self.assertIn("to_idm: ", message)
        with open(self.path("good"), "rb") as file:
            self.assertEqual(file.read(), self.content)
        self.assertEqual(sorted(os.listdir(self.folder)), ["bad", "good", "latin", "net.pt"])


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
