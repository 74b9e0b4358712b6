"""Reads and writes idm's weights files; docs/file_format.md says what they hold. Needs numpy alone.

What a file says is checked as include/idm/io/weights.hpp does it: nothing missing, nothing left over, every kind of value,
all extents, the checksum. Whether the weights belong to the network is for models.py, which replays the test vector.
"""

import base64
import dataclasses
import json
import math
import os
import tempfile
import zlib

import numpy as np

from tensor_file import FileError, data_section, is_integer, parse, parse_json, require, serialise

FORMAT_VERSION = 2
LARGEST_TOLERANCE = 1e-3  # of the test vector's outputs
RECIPE_VERSION = 2
LIBRARY_VERSION = "0.1.0"
GROUPS = ("positions", "velocities", "accelerations", "extras", "targets", "target_origins")
SCHEMA_OF_A_GROUP = {"columns": [str], "unit": str, "scale": [float]}
# The members of each object and what they hold: int, float (any number), str, bool, a list of one of them, or an object.
SCHEMA = {
    "recipe": {
        "version": int, **{group: SCHEMA_OF_A_GROUP for group in GROUPS}, "target_quantity": str,
        "target_unit": str, "use_positions": bool, "use_velocities": bool, "use_accelerations": bool,
        "use_sin": bool, "use_cos": bool, "sign_velocity": float,
        "filter": {"length": int, "order": int, "alignment": str}, "window": int, "ahead": int,
        "horizon": int, "sample_period": float},
    "input_names": [str], "target_names": [str],
    "normaliser": {"input_mean": [float], "input_scale": [float], "target_mean": [float], "target_scale": [float],
                   "input_low": [float], "input_high": [float], "constant_inputs": [str]},
    "training": {"data": str, "seed": int, "epochs": int, "train_seconds": float, "validation_nmse": float},
}
SCHEMA_OF_A_FILE = {
    "format_version": int, "library_version": str,
    "model": {"type": str, "window": int, "inputs": int, "outputs": int, "layers": [str]},
    **SCHEMA, "test_vector": {"input": str, "output": str, "tolerance": float}}


@dataclasses.dataclass
class WeightsFile:
    """What a file holds. `info` has the members of SCHEMA, `model` type, window, inputs, outputs and layers."""

    model: dict
    info: dict
    tensors: dict  # name: array in PyTorch's shape
    test_input: np.ndarray  # [window, inputs], normalised
    test_output: np.ndarray  # [outputs], normalised
    tolerance: float = LARGEST_TOLERANCE


def check_schema(value, schema, where):
    """*Errors*: FileError for a member that is missing, left over or of another kind."""
    if isinstance(schema, dict):
        require(isinstance(value, dict), where, ": expected a JSON object, got ", json.dumps(value)[:60])
        for key in schema:
            require(key in value, where, ".", key, ": expected it to be there")
        for key in value:
            require(key in schema, where, ".", key, ": expected only ", ", ".join(schema))
            check_schema(value[key], schema[key], f"{where}.{key}")
    elif isinstance(schema, list):
        require(isinstance(value, list), where, ": expected a list, got ", json.dumps(value)[:60])
        for i, item in enumerate(value):
            check_schema(item, schema[0], f"{where}[{i}]")
    else:
        kinds = {int: "a whole number", float: "a finite number", str: "a string", bool: "true or false"}
        good = isinstance(value, schema) if schema in (str, bool) else is_integer(value)
        if schema is float:
            good = good or (isinstance(value, float) and math.isfinite(value))
        require(good, where, ": expected ", kinds[schema], ", got ", json.dumps(value)[:60])


def input_count(recipe):
    """Inputs that the recipe makes, as idm::detail::input_count."""
    q, qd, qdd, extras = (len(recipe[group]["columns"]) for group in GROUPS[:4])
    rates = qd or q
    return (q * (recipe["use_positions"] + recipe["use_sin"] + recipe["use_cos"])
            + rates * (recipe["use_velocities"] + (recipe["sign_velocity"] > 0))
            + (qdd or rates) * recipe["use_accelerations"] + extras)


def filter_derivative(recipe):
    """The highest derivative that the recipe's filter takes, as idm::filter_derivative."""
    q, qd, qdd = (len(recipe[group]["columns"]) for group in GROUPS[:3])
    acceleration = recipe["use_accelerations"] and qdd == 0
    if qd > 0:
        return 1 if acceleration else 0
    return 0 if q == 0 else 2 if acceleration else int(recipe["use_velocities"] or recipe["sign_velocity"] > 0)


def check_recipe(recipe):
    require(recipe["version"] == RECIPE_VERSION, "recipe.version: expected ", RECIPE_VERSION, ", got ", recipe["version"])
    for name in GROUPS:
        group = recipe[name]
        require(group["unit"] in ("rad", "deg"), "recipe.", name, ".unit: expected rad or deg, got '", group["unit"], "'")
        require(len(group["scale"]) in (0, len(group["columns"])), "recipe.", name, ".scale: expected none or ",
                len(group["columns"]), ", one per column, got ", len(group["scale"]))
    length, order, alignment = (recipe["filter"][key] for key in ("length", "order", "alignment"))
    require(alignment in ("centred", "causal") and 0 <= order < length and 2 <= length <= 1000
            and (alignment == "causal" or length % 2 == 1),
            "recipe.filter: expected a length from 2 to 1000, odd if centred, and an order below it, got ", length,
            " and ", order, ", ", alignment)
    derivative = filter_derivative(recipe)
    require(order >= derivative, "recipe.filter: expected an order of at least ", derivative,
            ", for the derivatives that the recipe takes, got ", order)
    for key in ("ahead", "sign_velocity", "sample_period"):
        require(recipe[key] >= 0, "recipe.", key, ": expected at least 0, got ", recipe[key])
    for key in ("window", "horizon"):
        require(recipe[key] >= 1, "recipe.", key, ": expected at least 1, got ", recipe[key])
    origins, targets = (len(recipe[group]["columns"]) for group in ("target_origins", "targets"))
    require(origins in (0, targets), "recipe.target_origins: expected none or ", targets, ", one per target, got ", origins)


def check_info(info):
    """What the members of SCHEMA must fulfil among themselves. *Errors*: FileError."""
    check_schema(info, SCHEMA, "idm")
    recipe, normaliser = info["recipe"], info["normaliser"]
    check_recipe(recipe)
    inputs, outputs = input_count(recipe), len(recipe["targets"]["columns"]) * recipe["horizon"]
    require(inputs > 0 and outputs > 0, "recipe: expected columns for inputs and targets, got ", inputs, " and ", outputs)
    for key, count in (("input", inputs), ("target", outputs)):
        require(len(info[key + "_names"]) == count, key, "_names: expected ", count, ", as many as the recipe makes, got ",
                len(info[key + "_names"]))
        for part in ("mean", "scale"):
            values = normaliser[f"{key}_{part}"]
            require(len(values) == count and (part == "mean" or all(value > 0 for value in values)), "normaliser.", key,
                    "_", part, ": expected ", count, " numbers", "" if part == "mean" else " above 0", ", got ", values)
    low, high = normaliser["input_low"], normaliser["input_high"]
    require(len(low) == len(high) and len(low) in (0, inputs) and all(a <= b for a, b in zip(low, high)),
            "normaliser.input_low and input_high: expected ", inputs, " ranges, or none, got ", low, " and ", high)
    for name in normaliser["constant_inputs"]:
        require(name in info["input_names"], "normaliser.constant_inputs: expected names of inputs, got '", name, "'")
    require(0 <= info["training"]["seed"] < 1 << 64, "training.seed: expected 0 to 2^64 - 1, got ",
            info["training"]["seed"])


def template():
    """An example of what goes with weights: two joints, positions and velocities measured."""
    def group(*columns):
        return {"columns": list(columns), "unit": "rad", "scale": []}

    empty = group()
    recipe = {"version": RECIPE_VERSION, "positions": group("q1", "q2"), "velocities": group("qd1", "qd2"),
              "accelerations": empty, "extras": empty, "targets": group("tau1", "tau2"), "target_origins": empty,
              "target_quantity": "torque", "target_unit": "N m", "use_positions": True, "use_velocities": True,
              "use_accelerations": False, "use_sin": False, "use_cos": False, "sign_velocity": 0.0,
              "filter": {"length": 5, "order": 2, "alignment": "centred"}, "window": 16, "ahead": 0, "horizon": 1,
              "sample_period": 0.01}
    return {"recipe": recipe, "input_names": ["q(q1)", "q(q2)", "qd(qd1)", "qd(qd2)"], "target_names": ["tau1", "tau2"],
            "normaliser": {"input_mean": [0.0] * 4, "input_scale": [1.0] * 4, "target_mean": [0.0] * 2,
                           "target_scale": [1.0] * 2, "input_low": [], "input_high": [], "constant_inputs": []},
            "training": {"data": "", "seed": 0, "epochs": 0, "train_seconds": 0.0, "validation_nmse": 0.0}}


def checksum(text, data):
    return f"{zlib.crc32(data, zlib.crc32(text.encode('utf-8'))):08x}"


def decode(text, shape, where):
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        content = b""
    require(len(content) == 4 * math.prod(shape) and base64.b64encode(content).decode() == text, where, ": expected ",
            math.prod(shape), " fp32 numbers in base64")
    return np.frombuffer(content, "<f4").reshape(shape)


def encode(values):
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()


def parse_weights(content):
    """A WeightsFile from a file's bytes. *Errors*: FileError."""
    metadata, tensors, data = parse(content)
    require(set(metadata) == {"idm", "idm_crc32"},
            "expected metadata 'idm' and 'idm_crc32'; it is a safetensors file, but none of idm")
    require(metadata["idm_crc32"] == checksum(metadata["idm"], data),
            "the checksum does not fit the content; the file is damaged")
    content = parse_json(metadata["idm"], "metadata 'idm'")
    require(isinstance(content, dict) and is_integer(content.get("format_version")),
            "idm.format_version: expected a whole number")
    version = content["format_version"]
    require(1 <= version <= FORMAT_VERSION, "expected format version 1 to ", FORMAT_VERSION, ", got ", version,
            "; read it with the version of the library that wrote it")
    if version == 1 and isinstance(content.get("normaliser"), dict):
        content["normaliser"] = {"input_low": [], "input_high": [], "constant_inputs": [], **content["normaliser"]}
    if isinstance(content.get("recipe"), dict) and content["recipe"].get("version") == 1:
        content["recipe"] = {"target_quantity": "torque", "horizon": 1, **content["recipe"], "version": RECIPE_VERSION}
    check_schema(content, SCHEMA_OF_A_FILE, "idm")
    info = {key: content[key] for key in SCHEMA}
    check_info(info)
    check_extents(content["model"], info)
    for name, tensor in tensors.items():
        require(np.isfinite(tensor).all(), "tensor '", name, "' holds NaN or Inf")
    model, vector = content["model"], content["test_vector"]
    require(0 <= vector["tolerance"] <= LARGEST_TOLERANCE, "test_vector.tolerance: expected 0 to ", LARGEST_TOLERANCE,
            ", got ", vector["tolerance"])
    return WeightsFile(model, info, tensors,
                       decode(vector["input"], (model["window"], model["inputs"]), "test_vector.input"),
                       decode(vector["output"], (model["outputs"],), "test_vector.output"), vector["tolerance"])


def check_extents(model, info):
    expected = (info["recipe"]["window"], input_count(info["recipe"]), len(info["target_names"]))
    got = tuple(model[key] for key in ("window", "inputs", "outputs"))
    require(got == expected, "expected a model of window {}, {} inputs and {} outputs, as the recipe says".format(*expected),
            ", got window {}, {} inputs and {} outputs".format(*got))


def read_weights(path):
    """*Errors*: FileError, with the file's name."""
    try:
        with open(path, "rb") as file:
            return parse_weights(file.read())
    except OSError as error:
        raise FileError(f"weights file '{path}': {error.strerror}") from None
    except FileError as error:
        raise FileError(f"weights file '{path}': {error}") from None


def serialise_weights(weights):
    """A file's bytes, checked as if they had been read. *Errors*: FileError."""
    content = {"format_version": FORMAT_VERSION, "library_version": LIBRARY_VERSION, "model": weights.model,
               **weights.info,
               "test_vector": {"input": encode(weights.test_input), "output": encode(weights.test_output),
                               "tolerance": weights.tolerance}}
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2)
    data = data_section(weights.tensors)
    content = serialise({"idm": text, "idm_crc32": checksum(text, data)}, weights.tensors)
    parse_weights(content)
    return content


def write_weights(path, weights):
    """*Errors*: FileError for what could not be read again; those of write_file."""
    write_file(path, serialise_weights(weights))


def write_file(path, content):
    """An earlier file stays until the new one is complete. *Errors*: OSError."""
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=os.path.basename(path) + ".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
