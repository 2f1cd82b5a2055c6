"""How long the commands take before they do something.

Each is a process of its own, on a disk that has just been read. `fit` is timed to its first step.

Usage: python -m benchmarks.startup [--quick]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from time import perf_counter

from benchmarks.common import ROOT, Row, save, table

COMMANDS = {
    "--version": ["--version"],
    "--help": ["--help"],
    "list losses": ["list", "losses"],
    "list optimizers": ["list", "optimizers"],
    "list networks": ["list", "networks"],
    "fit --help": ["fit", "--help"],
}


def seconds(args: list[str]) -> float:
    """Return how long a command takes."""
    began = perf_counter()
    command = [sys.executable, "-m", "stylelightning", *args]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - began


def first_step() -> float:
    """Return how long `fit` takes until its first step has been logged."""
    with tempfile.TemporaryDirectory() as folder:
        args = ["fit", "--config", "configs/quickstart.yaml", "--trainer.max_steps=1"]
        args += ["--trainer.default_root_dir", folder, "--data.size=96"]
        began = perf_counter()
        command = [sys.executable, "-m", "stylelightning", *args]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if "step" in line and "ms/step" in line:
                took = perf_counter() - began
                process.communicate()
                return took
    raise RuntimeError("The run logged no step.")


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="once each: under 60 s")
    options = parser.parse_args()
    repeats = 1 if options.quick else 5
    rows: list[Row] = []
    for name, args in COMMANDS.items():
        seconds(args)
        rows.append(
            {"command": name, "seconds": statistics.median(seconds(args) for _ in range(repeats))}
        )
    first_step()
    rows.append(
        {
            "command": "fit, first step",
            "seconds": statistics.median(first_step() for _ in range(repeats)),
        }
    )
    print(table(rows))
    if not options.quick:
        print(save("startup", "cpu", rows))


if __name__ == "__main__":
    main()
