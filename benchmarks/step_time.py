"""How long a step takes, beside the bare network and beside the step of most programs.

The step is that of a whole run with the default callbacks, and its time is the mean over a period
of all of them. The floor is a bare forward and backward of the same network, cut at the same layer,
weights frozen and cast once, channels-last, with the gradient of the picture and nothing else
(`floor.py`). The usual step is in float32, as most programs write it (`usual.py`). Both are
measured in the run, after every tenth step. Peak memory is that of a short run without them.

Usage: python -m benchmarks.step_time [--quick] [--device cpu|cuda] [--sizes 256 512]
    [--losses gram w2] [--optimizers LBFGS Adam] [--precisions 32-true bf16-mixed]
    [--variants eager] [--steps 50]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.clock import StepClock
from benchmarks.common import ROOT, Row, default_device, median_ms, save, table
from benchmarks.floor import floor, matmul_peak
from benchmarks.usual import Losses, usual_step
from stylelightning.__main__ import main as stylelightning
from stylelightning.backbones import VGG19
from stylelightning.execution.allocator import keep_freed_memory
from stylelightning.execution.engine import FastBackbone, MatmulPrecision
from stylelightning.execution.memory import PeakMemory

PERIOD = 50
"""Steps after which all default callbacks have worked."""
WARMUP = 3  # steps that are not counted
MEMORY_STEPS = 2  # after which the peak has been reached
LOSSES = {
    "gram": [],
    "w2": [
        "--model.losses.style=GaussianWassersteinLoss",
        "--model.losses.style.layers=[relu1_1, relu2_1, relu3_1, relu4_1, relu5_1]",
    ],
}
VARIANTS = {
    "eager": [],
    "direct": ["--model.winograd=false"],
    "winograd": ["--model.winograd=true"],
    "compile": ["--model.compile=default"],
    "graphs": ["--model.compile=reduce-overhead"],
    "plain": ["--model.compile=false"],
    "benchmark": ["--trainer.benchmark=true"],
}
"""Ways to run a step; `eager` is what a run does by itself, on a GPU a recorded step."""


@dataclass(frozen=True)
class Precision:
    """A row of the table of precisions.

    Args:
        trainer: Lightning's name.
        matmul: `model.matmul_precision`.
        dtype: What the bare network computes in.
    """

    trainer: str
    matmul: MatmulPrecision | None
    dtype: torch.dtype


PRECISIONS = {
    "32-true": Precision("32-true", "highest", torch.float32),
    "tf32": Precision("32-true", "high", torch.float32),
    "bf16-mixed": Precision("bf16-mixed", None, torch.bfloat16),
    "16-mixed": Precision("16-mixed", None, torch.float16),
}


@dataclass(frozen=True)
class Case:
    """A combination that is measured.

    Args:
        size: Side of the pictures in pixels.
        losses: One of `LOSSES`.
        optimizer: Its class.
        precision: One of `PRECISIONS`.
        variant: One of `VARIANTS`.
    """

    size: int
    losses: Losses
    optimizer: str
    precision: str
    variant: str


def square_pictures(folder: Path, size: int) -> list[str]:
    """Write two pictures of noise, and return the options that name them."""
    from stylelightning.images import write_picture

    options = []
    for seed, name in enumerate(("content", "style")):
        generator = torch.Generator().manual_seed(seed)
        write_picture(folder / f"{name}.png", torch.rand(1, 3, size, size, generator=generator))
        options += [f"--data.{name}", str(folder / f"{name}.png")]
    return options


def step(
    case: Case, device: str, steps: int, between: dict[str, Callable[[], float]]
) -> tuple[list[float], dict[str, list[float]]]:
    """Return the milliseconds of each step of a run, the callbacks' work included, and the others.

    Args:
        case: What is run.
        device: Where.
        steps: Number of steps that are counted.
        between: What is measured between steps, by name, in milliseconds.
    """
    StepClock.between = between
    precision = PRECISIONS[case.precision]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "times.json"
        args = ["fit", "--config", str(ROOT / "configs" / "gatys2016.yaml")]
        args += square_pictures(Path(name), case.size)
        args += ["--model.backbone.weights=null", f"--data.size={case.size}"]
        args += [f"--model.schedule.steps={steps + WARMUP + 1}"]
        args += [f"--trainer.precision={precision.trainer}"]
        args += [f"--model.matmul_precision={precision.matmul or 'null'}"]
        args += [*VARIANTS[case.variant], *LOSSES[case.losses]]
        args += [f"--trainer.accelerator={'gpu' if device == 'cuda' else 'cpu'}"]
        args += ["--trainer.default_root_dir", name, "--callbacks.divergence.factor=1e12"]
        args += ["--callbacks.clock=benchmarks.clock.StepClock", f"--callbacks.clock.path={path}"]
        if case.optimizer != "LBFGS":
            args += [f"--model.optimizer={case.optimizer}", "--model.optimizer.lr=0.02"]
        if stylelightning(args) != 0:
            raise RuntimeError("The run failed.")
        times = json.loads(path.read_text())
    return times["steps"][WARMUP:], times["others"]


def measure(case: Case, device: str, steps: int) -> Row:
    """Return the row of a case; floor and usual step are measured between its steps."""
    keep_freed_memory()
    with PeakMemory(torch.device(device)) as peak:
        step(case, device, MEMORY_STEPS, {})
    precision = PRECISIONS[case.precision]
    engine = FastBackbone(VGG19(weights=None), precision.matmul)
    engine.start(torch.device(device), "32-true")  # torch's settings, as the run has them
    peak_gflops = matmul_peak(precision.dtype, device)
    work = floor(case.size, precision.dtype, device)
    with FlopCounterMode(display=False) as counter:
        work()
    engine.stop()
    usual = usual_step(case.size, device, case.losses, case.optimizer)
    durations, others = step(
        case,
        device,
        steps,
        {
            "floor": lambda: median_ms(work, device, repeats=1, warmup=1),
            "usual": lambda: median_ms(usual, device, repeats=1, warmup=1),
        },
    )
    bare, usual_ms = (statistics.fmean(others[name]) for name in ("floor", "usual"))
    mean = statistics.fmean(durations)
    return {
        **asdict(case),
        "device": device,
        "ms per step": mean,
        "median": statistics.median(durations),
        "floor ms": bare,
        "ratio": mean / bare,
        "usual step ms": usual_ms,
        "times faster": usual_ms / mean,
        "GFLOP/s": counter.get_total_flops() / mean / 1e6,
        "matmul GFLOP/s": peak_gflops,
        "peak MB": peak.megabytes,
    }


def in_a_process_of_its_own(case: Case, steps: int) -> Row:
    """Return the row of one case on a CPU, where peak memory is the process's."""
    command = [sys.executable, "-m", "benchmarks.step_time", "--device", "cpu"]
    command += ["--steps", str(steps), "--row", json.dumps(asdict(case))]
    output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    line = next(line for line in output.splitlines() if line.startswith("ROW "))
    row: Row = json.loads(line.removeprefix("ROW "))
    return row


def main() -> None:
    """Measure every combination."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default=default_device(), choices=["cpu", "cuda"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512])
    parser.add_argument("--losses", nargs="+", default=["gram"], choices=LOSSES)
    parser.add_argument("--optimizers", nargs="+", default=["LBFGS", "Adam"])
    parser.add_argument(
        "--precisions", nargs="+", default=["32-true", "bf16-mixed"], choices=PRECISIONS
    )
    parser.add_argument("--variants", nargs="+", default=["eager"], choices=VARIANTS)
    parser.add_argument("--steps", type=int, default=PERIOD, help="steps that are counted")
    parser.add_argument("--suite", default="step_time", help="name of the file of results")
    parser.add_argument("--quick", action="store_true", help="one size, few steps: under 60 s")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    options = parser.parse_args()
    steps = 6 if options.quick else options.steps
    if options.row:
        row = measure(Case(**json.loads(options.row)), options.device, steps)
        print("ROW " + json.dumps(row))
        return
    sizes = [128] if options.quick else options.sizes
    optimizers = options.optimizers[:1] if options.quick else options.optimizers
    rows = []
    axes = (sizes, options.losses, optimizers, options.precisions, options.variants)
    for each in product(*axes):
        case = Case(*each)
        if case.optimizer == "LBFGS" and case.precision == "16-mixed":
            continue  # refused by the program
        if options.device == "cuda":  # peak memory is counted anew, and nothing is started again
            rows.append(measure(case, "cuda", steps))
            print(table(rows[-1:]), flush=True)
        else:
            rows.append(in_a_process_of_its_own(case, steps))
    print(table(rows))
    if not options.quick:
        print(save(options.suite, options.device, rows))


if __name__ == "__main__":
    main()
