"""What a sweep costs and saves, beside the same runs one by one.

The overhead is what a sweep takes beyond its runs, each of which is what `fit` takes in a process
that is warm: reading every point first, what is kept of it, sheets and report. What is saved is
measured against `fit` in a process of its own.

Usage: python -m benchmarks.sweep_overhead [--quick] [--config quickstart] [--size 256]
"""

import argparse
import csv
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import yaml

from benchmarks.common import ROOT, Row, default_device, save, table
from stylelightning.__main__ import main as stylelightning


def seconds(command: Sequence[str]) -> float:
    """Return how long a command of the program takes, in a process of its own."""
    began = perf_counter()
    program = [sys.executable, "-m", "stylelightning", *command]
    subprocess.run(program, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - began


def in_this_process(command: Sequence[str]) -> float:
    """Return how long a command takes in this process."""
    began = perf_counter()
    if stylelightning([*command]) != 0:
        raise RuntimeError("The run failed.")
    return perf_counter() - began


def sweep(folder: Path, options: Sequence[str], config: str, points: int) -> tuple[float, float]:
    """Return how long a sweep over some seeds takes in this process, and its runs together."""
    file = folder / "sweep.yaml"
    axes = {"seed_everything": list(range(points))}
    file.write_text(yaml.safe_dump({"name": "sweep", "base": config, "axes": axes}))
    whole = in_this_process(["sweep", "--config", str(file), "--root", str(folder), *options])
    with (folder / "sweep" / "results.csv").open(newline="") as table:
        return whole, sum(float(row["seconds"]) for row in csv.DictReader(table))


def measure(config: str, size: int, points: int) -> Row:
    """Return the row of a config."""
    path = str(ROOT / "configs" / f"{config}.yaml")
    options = [f"--data.size={size}"]
    with tempfile.TemporaryDirectory() as name:
        fit = ["fit", "--config", path, *options, "--trainer.default_root_dir", name]
        in_this_process(fit)  # first uses are not of the steady state
        whole, runs = sweep(Path(name), options, path, points)
        alone = statistics.fmean(
            seconds([*fit, f"--seed_everything={number}"]) for number in range(points)
        )
    return {
        "config": config,
        "size": size,
        "runs": points,
        "s per run in a sweep": whole / points,
        "of it the run": runs / points,
        "overhead": whole / runs - 1,
        "fit in its own process": alone,
        "saved s per run": alone - whole / points,
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="quickstart")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--quick", action="store_true", help="tiny pictures: about 60 s")
    options = parser.parse_args()
    size, points = (64, 2) if options.quick else (options.size, 4)
    rows = [measure(options.config, size, points)]
    print(table(rows))
    if not options.quick:
        print(save("sweep_overhead", default_device(), rows))


if __name__ == "__main__":
    main()
