"""What a sweep costs and saves, beside the same runs one by one.

The time of a run in a sweep is the difference of two sweeps, one of them with some points more. It
is compared with `fit` called again and again in one process, which is the overhead, and with `fit`
in a process of its own, which is what is saved.

Usage: python -m benchmarks.sweep_overhead [--quick] [--config quickstart] [--size 256]
"""

import argparse
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


def sweep(folder: Path, options: Sequence[str], config: str, points: int) -> float:
    """Return how long a sweep over some seeds takes."""
    file = folder / f"sweep-{points}.yaml"
    axes = {"seed_everything": list(range(points))}
    file.write_text(yaml.safe_dump({"name": f"of-{points}", "base": config, "axes": axes}))
    return seconds(["sweep", "--config", str(file), "--root", str(folder), *options])


def measure(config: str, size: int, points: int) -> Row:
    """Return the row of a config."""
    path = str(ROOT / "configs" / f"{config}.yaml")
    options = [f"--data.size={size}"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fit = ["fit", "--config", path, *options, "--trainer.default_root_dir", name]
        in_this_process(fit)  # imports and first uses are not of the steady state
        again, apart, sweeps = [], [], []
        for number in range(points):  # in turn, since the machine may change its pace
            again.append(in_this_process([*fit, f"--seed_everything={number}"]))
            apart.append(seconds([*fit, f"--seed_everything={number}"]))
        sweeps = [sweep(folder, options, path, count) for count in (1, 1 + points)]
    run = (sweeps[1] - sweeps[0]) / points
    one, alone = statistics.fmean(again), statistics.fmean(apart)
    return {
        "config": config,
        "size": size,
        "runs": points,
        "s per run in a sweep": run,
        "fit again in a process": one,
        "overhead": run / one - 1,
        "fit in its own process": alone,
        "saved s per run": alone - run,
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="quickstart")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--quick", action="store_true", help="tiny pictures: about 60 s")
    options = parser.parse_args()
    size, points = (64, 2) if options.quick else (options.size, 5)
    rows = [measure(options.config, size, points)]
    print(table(rows))
    if not options.quick:
        print(save("sweep_overhead", default_device(), rows))


if __name__ == "__main__":
    main()
