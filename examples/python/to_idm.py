#!/usr/bin/python3
"""Writes PyTorch's state dict of a Baseline, Cnn1 or Cnn2 as a weights file of idm."""

import argparse
import json
import sys

import torch

import idm_file
import models
from tensor_file import FileError, parse_json, require


def read_info(path):
    """Recipe, names, normaliser and training summary from a JSON text or from a weights file."""
    with open(path, "rb") as file:
        begin = file.read(1)
    if begin != b"{":
        return idm_file.read_weights(path).info
    try:
        with open(path, encoding="utf-8") as file:
            return parse_json(file.read(), f"'{path}'")
    except UnicodeDecodeError as error:
        raise FileError(f"'{path}': expected UTF-8, got an error: {error}") from None


def read_state(path):
    """A state dict that torch.save wrote; from version 1.13 on torch can refuse everything else that a pickle may hold."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # torch raises what its pickle raises
        raise FileError(f"'{path}': expected a state dict, as torch.save(net.state_dict(), ...) writes it, got: "
                        f"{str(error).splitlines()[0] if str(error) else type(error).__name__}") from None
    require(isinstance(state, dict), "'", path, "': expected a state dict, got ", type(state).__name__)
    return state


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--template", action="store_true", help="print an example of INFO and stop")
    parser.add_argument("--type", choices=list(models.TYPES), help="the network that the state dict belongs to")
    parser.add_argument("--padding", choices=models.PADDINGS, default="valid", help="of cnn1 (default: valid)")
    parser.add_argument("state", metavar="STATE.pt", nargs="?", help="written by torch.save(net.state_dict(), ...)")
    parser.add_argument("info", metavar="INFO", nargs="?",
                        help="recipe, names and normaliser: JSON as --template prints it, or a weights file of idm")
    parser.add_argument("out", metavar="OUT", nargs="?", help="the weights file to write")
    arguments = parser.parse_args()
    if arguments.template:
        print(json.dumps(idm_file.template(), indent=2))
        return
    if not arguments.type or not arguments.out:
        parser.error("expected --type and STATE.pt INFO OUT")
    weights = models.make_weights(read_state(arguments.state), arguments.type, read_info(arguments.info),
                                  arguments.padding)
    idm_file.write_weights(arguments.out, weights)


if __name__ == "__main__":
    try:
        main()
    except (FileError, OSError) as error:
        sys.exit(f"to_idm: {error}")
