#!/usr/bin/env python3
"""Draws what `benchmarks/run.sh scaling` measured: benchmarks/charts.py [results/scaling.json [docs/images/scaling.svg]]"""

import json
import math
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
COLOURS = {"idm": "#0969da", "onednn": "#cf222e", "libtorch": "#6e7781"}
INK, GREY = "#24292f", "#d0d7de"
WIDTH, HEIGHT, LEFT, TOP, GAP_X, GAP_Y = 300, 180, 60, 70, 80, 90


def panel(parts, column, row, title, curves, percent):
    """One chart: logarithmic across, linear up."""
    left, top = LEFT + column * (WIDTH + GAP_X), TOP + row * (HEIGHT + GAP_Y)
    sizes = sorted({x for points in curves.values() for x, _ in points})
    most = 100 if percent else max([*sizes, *(y for points in curves.values() for _, y in points)])
    low, high = math.log(sizes[0]), math.log(sizes[-1])

    def place(x, y):
        return left + WIDTH * (math.log(x) - low) / (high - low), top + HEIGHT * (1 - y / most)

    parts.append(f'<text x="{left + WIDTH / 2}" y="{top - 12}" text-anchor="middle" font-weight="bold">{title}</text>')
    for step in range(5):
        value = most * step / 4
        y = place(sizes[0], value)[1]
        parts.append(f'<path d="M{left} {y:.1f}h{WIDTH}" stroke="{GREY}"/>'
                     f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    last = -math.inf
    for x in sizes:
        at = place(x, 0)[0]
        if at - last >= 22:  # room for three digits
            parts.append(f'<text x="{at:.1f}" y="{top + HEIGHT + 16}" text-anchor="middle">{x}</text>')
            last = at
    for name, points in curves.items():
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in (place(x, y) for x, y in sorted(points)))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')


def main():
    source = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "results", "scaling.json")
    target = sys.argv[2] if len(sys.argv) > 2 else os.path.join(HERE, "..", "docs", "images", "scaling.svg")
    with open(source, encoding="utf-8") as file:
        records = [r for r in json.load(file)["records"] if r["implementation"] in COLOURS and r["pass"] == "forward"]

    def curves(extent, point):
        found = {}
        for r in records:
            if r["workload"].startswith(extent):
                found.setdefault(r["implementation"], []).append(point(r))
        return found

    def share(r):
        return int(r["workload"].split("_")[1]), r["percent_of_peak"]

    alone = {r["implementation"]: r["time_us"] for r in records if r["workload"] == "threads" and r["threads"] == 1}
    panels = [("% of peak over the batch", curves("batch_", share), True),
              ("% of peak over the length", curves("length_", share), True),
              ("% of peak over the channels", curves("channels_", share), True),
              ("times one thread over the threads",
               curves("threads", lambda r: (r["threads"], alone[r["implementation"]] / r["time_us"])), False)]
    panels = [p for p in panels if len({x for points in p[1].values() for x, _ in points}) > 1]
    parts = []
    for i, (title, lines, percent) in enumerate(panels):
        panel(parts, i % 2, i // 2, title, lines, percent)
    for i, (name, colour) in enumerate(COLOURS.items()):
        parts.append(f'<path d="M{LEFT + 120 * i} 24h24" stroke="{colour}" stroke-width="2"/>'
                     f'<text x="{LEFT + 120 * i + 30}" y="28">{name}</text>')
    width, height = LEFT + 2 * (WIDTH + GAP_X), TOP + (len(panels) + 1) // 2 * (HEIGHT + GAP_Y) - 40
    with open(target, "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
                   f'height="{height}" font-family="sans-serif" font-size="12" fill="{INK}">\n'
                   f'<rect width="{width}" height="{height}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")


if __name__ == "__main__":
    main()
