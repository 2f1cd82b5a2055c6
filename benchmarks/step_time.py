"""How long a step takes, beside the bare forward and backward of the same layers.

The floor is measured in the same process, before and after the run: the same network, cut at the
same layer, weights frozen and cast once, channels-last, with the gradient of the picture and
nothing else. The step is that of a whole run with the default callbacks, and its time is the mean
over a period of all of them.

Usage: python -m benchmarks.step_time [--quick] [--device cpu|cuda] [--sizes 256 512]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from itertools import pairwise, product
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.common import ROOT, Row, default_device, median_ms, save, table
from stylelightning.__main__ import main as stylelightning
from stylelightning.allocator import keep_freed_memory
from stylelightning.backbones import VGG19
from stylelightning.memory import PeakMemory

DEEPEST = "relu5_1"
PERIOD = 50  # steps after which all default callbacks have worked
WARMUP = 3  # steps that are not counted
DTYPES = {"32-true": torch.float32, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


def bare_network(dtype: torch.dtype, device: str) -> torch.nn.Module:
    """Return VGG-19 up to the deepest layer, as fast as torch has it."""
    layers = []
    for name, layer in VGG19(weights=None, pooling="avg").network.named_children():
        layers.append(layer)
        if name == DEEPEST:
            break
    network = torch.nn.Sequential(*layers).requires_grad_(False)
    return network.to(device, dtype).to(memory_format=torch.channels_last)


def floor(size: int, precision: str, device: str, repeats: int) -> tuple[float, float]:
    """Return milliseconds and GFLOP of a bare forward and backward."""
    network = bare_network(DTYPES[precision], device)
    image = torch.rand(1, 3, size, size, device=device, dtype=DTYPES[precision])
    image = image.contiguous(memory_format=torch.channels_last).requires_grad_()

    def work() -> None:
        image.grad = None
        features = network(image)
        features.backward(torch.ones_like(features))

    with FlopCounterMode(display=False) as counter:
        work()
    return median_ms(work, device, repeats), counter.get_total_flops() / 1e9


def matmul_peak(precision: str, device: str, side: int = 4096) -> float:
    """Return the machine's GFLOP/s in a large product of matrices."""
    matrix = torch.rand(side, side, device=device, dtype=DTYPES[precision])
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


def step(size: int, optimizer: str, precision: str, device: str, steps: int) -> list[float]:
    """Return the milliseconds of each step of a run, the callbacks' work included."""
    with tempfile.TemporaryDirectory() as name:
        times = Path(name) / "times.json"
        args = ["fit", "--config", str(ROOT / "configs" / "gatys2016.yaml")]
        args += square_pictures(Path(name), size)
        args += ["--model.backbone.weights=null", f"--data.size={size}"]
        args += [f"--model.schedule.steps={steps + WARMUP}", f"--trainer.precision={precision}"]
        args += [f"--trainer.accelerator={'gpu' if device == 'cuda' else 'cpu'}"]
        args += ["--trainer.default_root_dir", name, "--callbacks.divergence.factor=1e12"]
        args += ["--callbacks.clock=benchmarks.clock.StepClock", f"--callbacks.clock.path={times}"]
        if optimizer != "LBFGS":
            args += [f"--model.optimizer={optimizer}", "--model.optimizer.lr=0.02"]
        if stylelightning(args) != 0:
            raise RuntimeError("The run failed.")
        began = json.loads(times.read_text())[WARMUP:]
    return [1e3 * (after - before) for before, after in pairwise(began)]


def measure(size: int, optimizer: str, precision: str, device: str, quick: bool) -> Row:
    """Return the row of one combination."""
    keep_freed_memory()
    repeats, steps = (3, 6) if quick else (8, PERIOD)
    before, gflop = floor(size, precision, device, repeats)
    with PeakMemory(torch.device(device)) as peak:
        durations = step(size, optimizer, precision, device, steps)
    after, _ = floor(size, precision, device, repeats)
    bare, mean = (before + after) / 2, statistics.fmean(durations)
    return {
        "size": size,
        "optimizer": optimizer,
        "precision": precision,
        "device": device,
        "ms per step": mean,
        "median": statistics.median(durations),
        "floor ms": bare,
        "ratio": mean / bare,
        "GFLOP/s": gflop / mean * 1e3,
        "matmul GFLOP/s": matmul_peak(precision, device),
        "peak MB": peak.megabytes,
    }


def main() -> None:
    """Measure every combination, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default=default_device(), choices=["cpu", "cuda"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512])
    parser.add_argument("--optimizers", nargs="+", default=["LBFGS", "Adam"])
    parser.add_argument("--precisions", nargs="+", default=["32-true", "bf16-mixed"])
    parser.add_argument("--quick", action="store_true", help="one size, few steps: under 60 s")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row:
        size, optimizer, precision = options.row.split(",")
        row = measure(int(size), optimizer, precision, options.device, options.quick)
        print("ROW " + json.dumps(row))
        return
    sizes = [128] if options.quick else options.sizes
    optimizers = options.optimizers[:1] if options.quick else options.optimizers
    rows = []
    for size, optimizer, precision in product(sizes, optimizers, options.precisions):
        if optimizer == "LBFGS" and precision == "16-mixed":
            continue  # refused by the program
        command = [sys.executable, "-m", "benchmarks.step_time", "--device", options.device]
        command += ["--row", f"{size},{optimizer},{precision}"]
        command += ["--quick"] if options.quick else []
        output = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        line = next(line for line in output.splitlines() if line.startswith("ROW "))
        rows.append(json.loads(line.removeprefix("ROW ")))
    print(table(rows))
    if not options.quick:
        print(save("step_time", options.device, rows))


if __name__ == "__main__":
    main()
