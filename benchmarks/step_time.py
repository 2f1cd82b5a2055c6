"""How long a step takes, beside the bare forward and backward of the same layers.

The floor is measured in the run, after every tenth step: the same network, cut at the same layer,
weights frozen and cast once, channels-last, with the gradient of the picture and nothing else. The
step is that of a whole run with the default callbacks, and its time is the mean over a period of
all of them. Peak memory is with the floor's network beside the run's.

On a CPU the usual step is measured too, in a process after it: the same layers and losses as most
programs write them, with maps and filters in torch's own layout and its own allocator, a Gram
matrix as a product of a map and its transpose, Adam, and nothing around it.

Usage: python -m benchmarks.step_time [--quick] [--device cpu|cuda] [--sizes 256 512]
    [--optimizers LBFGS Adam] [--precisions 32-true bf16-mixed] [--variants eager]
    [--steps 50]
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
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.clock import StepClock
from benchmarks.common import ROOT, Row, default_device, median_ms, save, table
from stylelightning.__main__ import main as stylelightning
from stylelightning.backbones import VGG19
from stylelightning.execution.allocator import keep_freed_memory
from stylelightning.execution.engine import FastBackbone, MatmulPrecision
from stylelightning.execution.memory import PeakMemory

DEEPEST = "relu5_1"
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT_LAYER = "relu4_2"
PERIOD = 50
"""Steps after which all default callbacks have worked."""
WARMUP = 3  # steps that are not counted
VARIANTS = {
    "eager": [],
    "direct": ["--model.winograd=false"],
    "winograd": ["--model.winograd=true"],
    "compile": ["--model.compile=default"],
    "graphs": ["--model.compile=reduce-overhead"],
}
"""Ways to run the network; `eager` is what a run does by itself."""


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
        optimizer: Its class.
        precision: One of `PRECISIONS`.
        variant: One of `VARIANTS`.
    """

    size: int
    optimizer: str
    precision: str
    variant: str


def bare_network(dtype: torch.dtype, device: str) -> torch.nn.Module:
    """Return VGG-19 up to the deepest layer, as fast as torch has it."""
    layers = []
    for name, layer in VGG19(weights=None, pooling="avg").network.named_children():
        layers.append(layer)
        if name == DEEPEST:
            break
    network = torch.nn.Sequential(*layers).requires_grad_(False)
    return network.to(device, dtype).to(memory_format=torch.channels_last)


def floor(size: int, dtype: torch.dtype, device: str) -> Callable[[], None]:
    """Return what does a bare forward and backward."""
    network = bare_network(dtype, device)
    image = torch.rand(1, 3, size, size, device=device, dtype=dtype)
    image = image.contiguous(memory_format=torch.channels_last).requires_grad_()

    def work() -> None:
        image.grad = None
        features = network(image)
        features.backward(torch.ones_like(features))

    return work


def usual_step(size: int, repeats: int) -> float:
    """Return milliseconds of a step as most programs write it, in float32 on a CPU."""
    network = bare_network(torch.float32, "cpu").to(memory_format=torch.contiguous_format)
    names = [name for name, _ in VGG19(weights=None).network.named_children()]

    def maps(image: torch.Tensor) -> dict[str, torch.Tensor]:
        found, x = {}, image
        for name, layer in zip(names, network.children(), strict=False):
            x = layer(x)
            if name in STYLE_LAYERS or name == CONTENT_LAYER:
                found[name] = x
        return found

    def gram(features: torch.Tensor) -> torch.Tensor:
        flat = features.flatten(2)[0]
        return flat @ flat.T / flat.numel()

    with torch.no_grad():
        other = maps(torch.rand(1, 3, size, size))
        targets = {name: gram(other[name]) for name in STYLE_LAYERS}
        content = other[CONTENT_LAYER]
    image = torch.rand(1, 3, size, size).requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.02)

    def work() -> None:
        optimizer.zero_grad()
        found = maps(image)
        terms = [torch.nn.functional.mse_loss(found[CONTENT_LAYER], content)]
        for name, target in targets.items():
            terms.append(1e3 * torch.nn.functional.mse_loss(gram(found[name]), target))
        torch.autograd.backward(torch.stack(terms).sum())
        optimizer.step()

    return median_ms(work, "cpu", repeats)


def matmul_peak(dtype: torch.dtype, device: str) -> float:
    """Return the machine's GFLOP/s in a large product of matrices."""
    side = 4096 if device == "cpu" else 8192
    matrix = torch.rand(side, side, device=device, dtype=dtype)
    return 2 * side**3 / 1e6 / median_ms(lambda: matrix @ matrix, device, 5)


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
    case: Case, device: str, steps: int, between: Callable[[], float]
) -> tuple[list[float], list[float]]:
    """Return the milliseconds of each step of a run, the callbacks' work included, and the others.

    Args:
        case: What is run.
        device: Where.
        steps: Number of steps that are counted.
        between: What is measured between steps, in seconds.
    """
    StepClock.between = (between,)
    precision = PRECISIONS[case.precision]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "times.json"
        args = ["fit", "--config", str(ROOT / "configs" / "gatys2016.yaml")]
        args += square_pictures(Path(name), case.size)
        args += ["--model.backbone.weights=null", f"--data.size={case.size}"]
        args += [f"--model.schedule.steps={steps + WARMUP + 1}"]
        args += [f"--trainer.precision={precision.trainer}"]
        args += [f"--model.matmul_precision={precision.matmul or 'null'}"]
        args += VARIANTS[case.variant]
        args += [f"--trainer.accelerator={'gpu' if device == 'cuda' else 'cpu'}"]
        args += ["--trainer.default_root_dir", name, "--callbacks.divergence.factor=1e12"]
        args += ["--callbacks.clock=benchmarks.clock.StepClock", f"--callbacks.clock.path={path}"]
        if case.optimizer != "LBFGS":
            args += [f"--model.optimizer={case.optimizer}", "--model.optimizer.lr=0.02"]
        if stylelightning(args) != 0:
            raise RuntimeError("The run failed.")
        times = json.loads(path.read_text())
    return [1e3 * each for each in times["steps"][WARMUP:]], [
        1e3 * each for each in times["others"]
    ]


def measure(case: Case, device: str, steps: int) -> Row:
    """Return the row of a case; the floor is measured between steps, in the run's precision."""
    keep_freed_memory()
    precision = PRECISIONS[case.precision]
    engine = FastBackbone(VGG19(weights=None), precision.matmul)
    engine.start(torch.device(device), "32-true")  # torch's settings, as the run has them
    peak_gflops = matmul_peak(precision.dtype, device)
    work = floor(case.size, precision.dtype, device)
    with FlopCounterMode(display=False) as counter:
        work()
    engine.stop()
    with PeakMemory(torch.device(device)) as peak:
        durations, floors = step(
            case, device, steps, lambda: median_ms(work, device, repeats=1, warmup=1) / 1e3
        )
    bare, mean = statistics.fmean(floors), statistics.fmean(durations)
    return {
        **asdict(case),
        "device": device,
        "ms per step": mean,
        "median": statistics.median(durations),
        "floor ms": bare,
        "ratio": mean / bare,
        "GFLOP/s": counter.get_total_flops() / mean / 1e6,
        "matmul GFLOP/s": peak_gflops,
        "peak MB": peak.megabytes,
    }


def in_a_process_of_its_own(case: Case, quick: bool, steps: int) -> Row:
    """Return the row of one case on a CPU, where peak memory is the process's."""
    command = [sys.executable, "-m", "benchmarks.step_time", "--device", "cpu"]
    command += ["--quick"] if quick else []
    row: Row = _answer([*command, "--steps", str(steps), "--row", json.dumps(asdict(case))])
    if case.precision == "32-true":
        usual = _answer([*command, "--usual", str(case.size)])
        row |= {"usual step ms": usual, "times faster": usual / row["ms per step"]}
    return row


def _answer(command: list[str]) -> Any:
    output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    line = next(line for line in output.splitlines() if line.startswith("ROW "))
    return json.loads(line.removeprefix("ROW "))


def main() -> None:
    """Measure every combination."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default=default_device(), choices=["cpu", "cuda"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512])
    parser.add_argument("--optimizers", nargs="+", default=["LBFGS", "Adam"])
    parser.add_argument(
        "--precisions", nargs="+", default=["32-true", "bf16-mixed"], choices=PRECISIONS
    )
    parser.add_argument("--variants", nargs="+", default=["eager"], choices=VARIANTS)
    parser.add_argument("--steps", type=int, default=PERIOD, help="steps that are counted")
    parser.add_argument("--suite", default="step_time", help="name of the file of results")
    parser.add_argument("--quick", action="store_true", help="one size, few steps: under 60 s")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    parser.add_argument("--usual", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    repeats, steps = (3, 6) if options.quick else (8, options.steps)
    if options.usual:
        print("ROW " + json.dumps(usual_step(options.usual, repeats)))
        return
    if options.row:
        row = measure(Case(**json.loads(options.row)), options.device, steps)
        print("ROW " + json.dumps(row))
        return
    sizes = [128] if options.quick else options.sizes
    optimizers = options.optimizers[:1] if options.quick else options.optimizers
    rows = []
    for each in product(sizes, optimizers, options.precisions, options.variants):
        case = Case(*each)
        if case.optimizer == "LBFGS" and case.precision == "16-mixed":
            continue  # refused by the program
        if options.device == "cuda":  # peak memory is counted anew, and nothing is started again
            rows.append(measure(case, "cuda", steps))
            print(table(rows[-1:]), flush=True)
        else:
            rows.append(in_a_process_of_its_own(case, options.quick, steps))
    print(table(rows))
    if not options.quick:
        print(save(options.suite, options.device, rows))


if __name__ == "__main__":
    main()
