#!/usr/bin/env python3
"""Draws what learning_runs.sh wrote: an SVG for each task, and a Markdown table on standard output.

usage: learning_curves.py RESULTS.csv FOLDER     (Debian's python3-matplotlib)

A curve is the median over seeds of the evaluations' mean returns, its band their extremes."""

import collections
import csv
import pathlib
import statistics
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "softac"  # equal results draw equal files
matplotlib.rcParams["svg.fonttype"] = "none"
from matplotlib import pyplot


def read(path):
    """task -> settings -> step -> mean returns, one of each seed."""
    curves = collections.defaultdict(lambda: collections.defaultdict(lambda: collections.defaultdict(list)))
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            curves[row["task"]][row["settings"]][int(row["step"])].append(float(row["mean_return"]))
    return curves


def complete(steps):
    """Evaluations that all seeds made: (step, sorted mean returns), by step."""
    seeds = max(map(len, steps.values()))
    return [(step, sorted(returns)) for step, returns in sorted(steps.items()) if len(returns) == seeds]


def draw(task, settings, folder):
    figure, axes = pyplot.subplots(figsize=(6, 3.2), layout="constrained")
    for name, steps in settings.items():
        points = complete(steps)
        x = [step for step, _ in points]
        seeds = len(points[0][1])
        axes.plot(x, [statistics.median(returns) for _, returns in points],
                  label=f"{name} ({seeds} seed{'s'[seeds == 1:]})")
        axes.fill_between(x, [r[0] for _, r in points], [r[-1] for _, r in points], alpha=0.2)
    axes.set(title=task, xlabel="environment steps", ylabel="mean return")
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    figure.savefig(folder / f"{task}.svg", metadata={"Date": None})
    pyplot.close(figure)


def table(curves):
    yield "| task | settings | seeds | after steps | median | lowest, highest |"
    yield "|---|---|---|---|---|---|"
    for task, settings in curves.items():
        for name, steps in settings.items():
            points = complete(steps)
            for step, returns in (points[len(points) // 2], points[-1]):
                extremes = f"{returns[0]:,.0f}, {returns[-1]:,.0f} " if len(returns) > 1 else ""
                yield (f"| {task} | `{name}` | {len(returns)} | {step:,} | {statistics.median(returns):,.0f} | "
                       f"{extremes}|")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    curves = read(sys.argv[1])
    for task, settings in curves.items():
        draw(task, settings, folder)
    print("\n".join(table(curves)))


if __name__ == "__main__":
    main()
