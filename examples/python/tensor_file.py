"""Reads and writes safetensors files with F32 and F64 tensors; of foreign packages it needs numpy alone.

Source of the format: https://github.com/huggingface/safetensors, section "Format". As strict as
include/idm/io/safetensors.hpp: the header is at most 1 MiB and has no key twice, and the tensors cover the data without
gap or overlap.
"""

import json
import math
import struct

import numpy as np

HEADER_LIMIT = 1 << 20
DTYPES = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8")}


class FileError(Exception):
    """Says what was expected, what came, and where."""


def require(condition, *parts):
    if not condition:
        raise FileError("".join(map(str, parts)))


def parse_json(text, where):
    """Strict JSON: no key twice, no NaN or Infinity."""

    def unique(pairs):
        keys = [key for key, _ in pairs]
        for key in keys:
            require(keys.count(key) == 1, where, ": expected every key once, got '", key, "' twice")
        return dict(pairs)

    def refuse(constant):
        raise FileError(f"{where}: expected finite numbers, got {constant}")

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except (json.JSONDecodeError, RecursionError) as error:
        raise FileError(f"{where}: expected JSON, got an error: {error}") from None


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def read_tensor(name, entry, data):
    """Returns the tensor and its place in `data`."""
    require(isinstance(entry, dict) and set(entry) == {"dtype", "shape", "data_offsets"}, "tensor '", name,
            "': expected dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    require(isinstance(dtype, str) and dtype in DTYPES, "tensor '", name, "': expected dtype F32 or F64, got ", dtype)
    for numbers in (shape, offsets):
        require(isinstance(numbers, list) and all(is_integer(n) and n >= 0 for n in numbers), "tensor '", name,
                "': expected a shape and data_offsets of whole numbers, got ", shape, " and ", offsets)
    size = math.prod(shape) * DTYPES[dtype].itemsize
    require(len(offsets) == 2 and offsets[1] - offsets[0] == size and offsets[1] <= len(data), "tensor '", name,
            "': expected data_offsets of ", size, " bytes inside the file's ", len(data), ", got ", offsets,
            "; the file is truncated or damaged")
    return np.frombuffer(data[offsets[0]:offsets[1]], DTYPES[dtype]).reshape(shape), offsets


def parse(content):
    """Returns metadata, {name: array} and the data section of a file's bytes."""
    require(len(content) >= 8, "expected at least 8 bytes, got ", len(content))
    length = struct.unpack("<Q", content[:8])[0]
    require(length <= HEADER_LIMIT, "expected a header of at most ", HEADER_LIMIT, " bytes, got one of ", length,
            "; this is no weights file, or it is damaged")
    require(length <= len(content) - 8, "expected a header of ", length, " bytes, got ", len(content) - 8,
            "; the file is truncated")
    try:
        text = content[8:8 + length].decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"header: expected UTF-8, got an error: {error}") from None
    header = parse_json(text, "header")
    require(isinstance(header, dict) and text[0] == "{", "header: expected a JSON object")
    data = content[8 + length:]
    metadata = header.pop("__metadata__", {})
    require(isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values()),
            "header: expected metadata of strings")
    tensors, places = {}, []
    for name, entry in header.items():
        tensors[name], place = read_tensor(name, entry, data)
        if place[0] < place[1]:
            places.append(place)
    covered = 0
    for begin, end in sorted(places):
        require(begin == covered, "tensors overlap or leave a gap at data byte ", covered)
        covered = end
    require(covered == len(data), "expected tensors over all ", len(data), " bytes of data, got ", covered)
    return metadata, tensors, data


def data_section(tensors):
    """The tensors' numbers as they lie in a file: in the order of the names' UTF-8 bytes."""
    return b"".join(np.ascontiguousarray(tensors[name]).tobytes() for name in ordered(tensors))


def ordered(tensors):
    return sorted(tensors, key=lambda name: name.encode("utf-8"))


def serialise(metadata, tensors):
    """A file's bytes; the header is padded so that the data begins at a multiple of 8."""
    names = {dtype: name for name, dtype in DTYPES.items()}
    header, begin = {"__metadata__": metadata}, 0
    for name in ordered(tensors):
        tensor = tensors[name]
        require(tensor.dtype in names, "tensor '", name, "': expected float32 or float64, got ", tensor.dtype)
        end = begin + tensor.nbytes
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(header, ensure_ascii=False, allow_nan=False).encode("utf-8")
    text += b" " * (-len(text) % 8)
    require(len(text) <= HEADER_LIMIT, "expected a header of at most ", HEADER_LIMIT, " bytes, got one of ", len(text))
    return struct.pack("<Q", len(text)) + text + data_section(tensors)
