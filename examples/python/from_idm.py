#!/usr/bin/python3
"""Writes the tensors of a weights file of idm as PyTorch's state dict, after its test vector gave the stored outputs."""

import argparse
import io
import json
import sys

import torch

import idm_file
import models
from tensor_file import FileError


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--info", metavar="INFO.json", help="write recipe, names and normaliser too, as to_idm.py reads them")
    parser.add_argument("file", metavar="FILE", help="a weights file of idm")
    parser.add_argument("out", metavar="OUT.pt", help="the state dict to write")
    arguments = parser.parse_args()
    net, weights = models.load(arguments.file)
    state = io.BytesIO()
    torch.save(net.state_dict(), state)
    idm_file.write_file(arguments.out, state.getvalue())
    if arguments.info:
        idm_file.write_file(arguments.info, json.dumps(weights.info, ensure_ascii=False, indent=2).encode("utf-8"))
    model = weights.model
    print(f"{model['type']}: window {model['window']}, {model['inputs']} inputs, {model['outputs']} outputs")


if __name__ == "__main__":
    try:
        main()
    except (FileError, OSError) as error:
        sys.exit(f"from_idm: {error}")
