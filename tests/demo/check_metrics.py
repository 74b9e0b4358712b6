#!/usr/bin/env python3
"""Checks the schema of a metrics.json: check_metrics.py FILE."""

import json
import math
import sys


def check_figures(figures):
    for part in ("validation", "test"):
        score = figures[part]
        assert set(score) >= {"nmse_mean", "nmse", "nmse_all_rows_mean", "rmse", "r2"}, score
        assert len(score["nmse"]) == 2 and all(math.isfinite(v) and v >= 0 for v in score["nmse"]), score
        assert abs(score["nmse_mean"] - sum(score["nmse"]) / 2) <= 1e-9 * score["nmse_mean"], score
        assert abs(score["r2"] + score["nmse_mean"] - 1) <= 1e-9 * max(1, score["nmse_mean"]), score


with open(sys.argv[1], encoding="utf-8") as file:
    metrics = json.load(file)
models = metrics["models"]
names = list(dict.fromkeys(m["name"] for m in models))  # each once, in their order
assert names == ["baseline", "cnn1", "cnn2"], names
for model in models:
    assert set(model) == {"name", "seed", "parameters", "window", "ahead", "epochs", "train_seconds", "before", "after"}, model
    assert (model["epochs"] == 0) == (model["name"] == "baseline"), model
    check_figures(model["before"])
    check_figures(model["after"])
