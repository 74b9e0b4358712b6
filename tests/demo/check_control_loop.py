#!/usr/bin/env python3
"""Checks the figures of examples/control_loop.sh --json FILE: check_control_loop.py FILE."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    figures = json.load(file)
rms = figures["rms_error_rad"]
assert list(rms) == ["pd", "pd_gravity", "pd_rigid_body", "pd_learned", "pd_rigid_body_residual"], rms
assert all(0 < value < 0.1 for value in rms.values()), rms
assert 5 * rms["pd_learned"] <= rms["pd"], f"expected pd_learned at most a fifth of pd, got {rms}"
assert 2 * rms["pd_learned"] <= rms["pd_gravity"], f"expected pd_learned at most half of pd_gravity, got {rms}"
assert rms["pd_rigid_body_residual"] < rms["pd_rigid_body"], f"expected the residual to improve the rigid body, got {rms}"
assert 0 < figures["tick_p50_us"] <= figures["tick_p99_us"], figures
