"""What the Trainer and the default callbacks cost, beside a bare loop of the same steps.

Both optimise the same picture with the same losses and optimizer. The overhead is the difference
of the mean step times, in milliseconds, and as a part of a step of the quickstart's losses. The
process's CPU time, the writer's thread included, is given too: on a CPU that others use it says
more than the clock.

Usage: python -m benchmarks.loop_overhead [--quick] [--device cpu|cuda] [--threads 2]
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from numpy.typing import NDArray

from benchmarks.common import Row, default_device, save, synchronize, table
from benchmarks.step_time import square_pictures
from stylelightning import Schedule, StyleTransfer, StyleTransferData
from stylelightning.backbones import Backbone, Pixels, RandomMultiscale
from stylelightning.callbacks import (
    GramMatrixVisualizer,
    ImageSnapshot,
    LastCheckpoint,
    LossLog,
    StepEndStop,
    StepProgressBar,
    StopOnDivergence,
)
from stylelightning.execution.allocator import keep_freed_memory
from stylelightning.losses import GramLoss, TotalVariationLoss

BACKBONES: dict[str, tuple[Callable[[], Backbone], list[str]]] = {
    "Pixels": (Pixels, ["image"]),
    "RandomMultiscale": (lambda: RandomMultiscale(levels=4, sizes=[3, 7]), ["level1", "level2"]),
}


def new_module(backbone: Backbone, layers: list[str], steps: int) -> StyleTransfer:
    """Return a module with a Gram term and total variation."""
    return StyleTransfer(
        backbone,
        {"style": GramLoss(100.0, layers, "hw"), "tv": TotalVariationLoss(1.0)},
        optimizer=lambda p: torch.optim.Adam(p, lr=0.02),
        schedule=Schedule(steps),
        init="noise",
    )


def now() -> NDArray[np.float64]:
    """Return milliseconds on the clock and of the process on any core."""
    return 1e3 * np.array([perf_counter(), process_time()])


def with_trainer(
    module: StyleTransfer, data: StyleTransferData, folder: str, device: str
) -> NDArray[np.float64]:
    """Return milliseconds of a run with the default callbacks, on the clock and of the CPU."""
    trainer = Trainer(
        default_root_dir=folder,
        max_epochs=-1,
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=1,
        logger=TensorBoardLogger(folder, name="", version=""),
        enable_model_summary=False,
        callbacks=[
            StopOnDivergence(),
            StepProgressBar(),
            LossLog(every_n_steps=25),
            ImageSnapshot(every_n_steps=50),
            GramMatrixVisualizer(every_n_steps=100),
            LastCheckpoint(every_n_steps=50),
            StepEndStop(),
        ],
    )
    began = now()
    trainer.fit(module, data)
    synchronize(device)
    elapsed: NDArray[np.float64] = now() - began
    return elapsed


def bare(module: StyleTransfer, steps: int, device: str) -> NDArray[np.float64]:
    """Return milliseconds of a plain loop over the module's own losses."""
    module.to(device)
    image = module.canvas.decode()
    optimizer = torch.optim.Adam([image], lr=0.02)
    synchronize(device)
    began = now()
    for _ in range(steps):
        optimizer.zero_grad()
        features = module(image)
        torch.autograd.backward(module.objective.terms(features).total)
        optimizer.step()
        with torch.no_grad():
            image.clamp_(0, 1)
    synchronize(device)
    elapsed: NDArray[np.float64] = now() - began
    return elapsed


def measure(name: str, size: int, device: str, steps: int, rounds: int) -> Row:
    """Return one row; runs of two lengths take start and end of a run out of the account."""
    make, layers = BACKBONES[name]
    rows = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            options = square_pictures(Path(folder), size)
            data = StyleTransferData(style=options[3], size=size)
            module = new_module(make(), layers, steps)
            short = with_trainer(module, data, folder + "/a", device)
            loop_short = bare(module, steps, device)
            module = new_module(make(), layers, 3 * steps)
            long = with_trainer(module, data, folder + "/b", device)
            loop_long = bare(module, 3 * steps, device)
            rows.append(((long - short) / (2 * steps), (loop_long - loop_short) / (2 * steps)))
    (run, run_cpu), (loop, loop_cpu) = np.median(np.array(rows), axis=0).tolist()
    return {
        "backbone": name,
        "size": size,
        "device": device,
        "ms per step": run,
        "bare loop ms": loop,
        "overhead ms": run - loop,
        "overhead": (run - loop) / loop,
        "overhead CPU ms": run_cpu - loop_cpu,
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default=default_device(), choices=["cpu", "cuda"])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--quick", action="store_true", help="few steps: under 60 s")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    steps, rounds = (20, 1) if options.quick else (100, 3)
    cases = [("Pixels", 64), ("Pixels", 256), ("RandomMultiscale", 256)]
    rows = [measure(name, size, options.device, steps, rounds) for name, size in cases]
    print(table(rows))
    if not options.quick:
        print(save("loop_overhead", options.device, rows))


if __name__ == "__main__":
    main()
