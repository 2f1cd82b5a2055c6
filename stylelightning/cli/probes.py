"""What a step takes on this machine, measured at small sizes."""

import math
import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import mean, median
from typing import Any, Literal

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch.optim import LBFGS

from stylelightning.cli.tiled_forecast import (
    TIMED,
    WEIGHED,
    TiledForecast,
    Weighed,
    Work,
    work_at,
)
from stylelightning.data import GivenPictures
from stylelightning.execution.allocator import give_back_freed_memory
from stylelightning.execution.memory import PeakMemory, free_megabytes, held_megabytes
from stylelightning.execution.tiling import Tiling
from stylelightning.images import RunPictures
from stylelightning.module import StyleTransfer
from stylelightning.optimizers import HostLBFGS
from stylelightning.run.step_costs import cost_at
from stylelightning.schedule import Schedule

PROBES = (144, 256)
"""Longer sides in pixels at which every run is measured, if it is larger."""
FEWEST = 4
"""Steps that are measured at a size, beside the first."""
PATIENCE = 60.0
"""Seconds that measuring the last size itself may take."""
CAREFUL = 0.8
"""Part of the free memory that a run is trusted with."""


NewTrainer = Callable[[list[Callback]], Trainer]
"""Makes a trainer that runs on the device of the run, with these callbacks, and writes nothing."""


@dataclass(frozen=True)
class Probe:
    """What was measured at one size.

    Args:
        pixels: Number of pixels of the picture.
        seconds: Time of a step.
        megabytes: Peak memory.
        held: What of it canvas, optimizer and losses hold from step to step.
        renewing: Part of the time in which losses do what they don't do at every step.
    """

    pixels: int
    seconds: float
    megabytes: float
    held: float = 0.0
    renewing: float = 0.0

    @property
    def plain(self) -> float:
        """Time of a step in which losses do no more than at every one."""
        return self.seconds * (1 - self.renewing)

    @property
    def renewal(self) -> float:
        """What the rest takes, spread over all steps."""
        return self.seconds * self.renewing


class StepClock(Callback):
    """Takes the time of the steps after the first, which prepares much.

    Args:
        periodic: Whether some steps do more than others, by their number.
    """

    def __init__(self, periodic: bool = False) -> None:
        super().__init__()
        self.periodic = periodic
        self.times: list[float] = []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Take the time."""
        if pl_module.device.type == "cuda":
            torch.cuda.synchronize(pl_module.device)
        self.times.append(time.perf_counter())

    @property
    def seconds(self) -> float:
        """Median time of a step; the mean with losses that do more at some steps.

        A machine that is busy for a moment makes a step or two slow.
        """
        steps = [after - before for before, after in pairwise(self.times)]
        return mean(steps) if self.periodic else median(steps)

    @property
    def renewing(self) -> float:
        """Part of the time that is beyond the median step's, with losses that renew something."""
        if not self.periodic:
            return 0.0
        steps = [after - before for before, after in pairwise(self.times)]
        return max(0.0, 1 - median(steps) / mean(steps))


def probe(
    module: StyleTransfer,
    pictures: RunPictures,
    new_trainer: NewTrainer,
    size: int,
    tiling: Tiling | Literal["auto"] | None = None,
    steps: int | None = None,
) -> Probe:
    """Run a few steps at one size.

    Args:
        module: The run's module; its losses and its canvas are those of the probe afterwards.
        pictures: The run's pictures.
        new_trainer: What makes the trainer.
        size: Longer side of the picture in pixels.
        tiling: How the picture is cut.
        steps: Number of steps, at least 2; None for as many as a time needs.
    """
    period = period_of(module)
    steps = steps or 1 + max(FEWEST, period)
    clock = StepClock(period > 1)
    short = copy(module)
    short.tiling = tiling
    short.schedule = Schedule(steps)
    short.calibration = None  # what a term weighs takes no time
    trainer = new_trainer([clock])
    give_back_freed_memory()  # what the probe before kept is not this one's
    device = trainer.strategy.root_device
    with PeakMemory(device) as peak:
        trainer.fit(short, GivenPictures(replace(pictures, size=size)))
    optimizer = trainer.optimizers[0]
    height, width = pictures.picture_size(size)
    history = missing_history(optimizer, steps, device)
    held = held_megabytes(device, short.canvas, short.objective.losses, optimizer.state)
    megabytes = peak.megabytes + history
    return Probe(height * width, clock.seconds, megabytes, held + history, clock.renewing)


def period_of(module: StyleTransfer) -> int:
    """Return after how many steps the losses have done all that they do, 20 at most."""
    return min(20, max(loss.renew_every_n_steps or 1 for loss in module.objective.losses.values()))


def missing_history(optimizer: object, steps: int, device: torch.device) -> float:
    """Return the megabytes that L-BFGS will still take: its parameters twice a step it knows."""
    elsewhere = isinstance(optimizer, HostLBFGS) and device.type != "cpu"
    if not isinstance(optimizer, LBFGS) or elsewhere:
        return 0.0
    group = optimizer.param_groups[0]
    missing = max(0, int(group["history_size"]) - steps)
    size: int = sum(each.numel() * each.element_size() for each in group["params"])
    return missing * 2 * size / 1e6


def predicted(pixels: int, probes: Sequence[Probe], what: str) -> float:
    """Return the value of a line through the two nearest probes.

    Args:
        pixels: Number of pixels of the picture.
        probes: At least one; one alone is taken in proportion to the pixels.
        what: ``plain``, ``renewal``, ``seconds`` or ``megabytes``.
    """
    return cost_at(pixels, [(each.pixels, float(getattr(each, what))) for each in probes])


def in_disorder(probes: Sequence[Probe]) -> bool:
    """Return whether a smaller picture took longer a step than a larger one.

    Times of less than a millisecond apart are alike.
    """
    ordered = sorted(probes, key=lambda each: each.pixels)
    return any(less.seconds > more.seconds + 1e-3 for less, more in pairwise(ordered))


def largest_pixels(probes: Sequence[Probe], megabytes: float) -> float:
    """Return the number of pixels of a picture that takes so much memory, by the largest probes."""
    first, last = sorted(probes, key=lambda each: each.pixels)[-2:]
    slope = (last.megabytes - first.megabytes) / (last.pixels - first.pixels)
    if not slope > 0:
        return math.inf
    return last.pixels + (megabytes - last.megabytes) / slope


def measure_run(
    module: StyleTransfer,
    pictures: RunPictures,
    new_trainer: NewTrainer,
    least: int,
    device: torch.device,
    tile: int | None,
) -> tuple[list[Probe], TiledForecast | None]:
    """Measure small sizes, in small tiles too if the run's last pictures are cut.

    Args:
        module: The run's module.
        pictures: The run's pictures.
        new_trainer: What makes the trainers.
        least: Smallest side in pixels that the losses of the run can read.
        device: Where the run is.
        tile: Most pixels along a side of a tile at the last scale; None if it is not cut.

    Returns:
        What was measured at once, and what predicts a step in tiles, if there are any.
    """
    if tile is not None and tile < pictures.size and pictures.size > WEIGHED[-1][0]:
        return measure_in_tiles(module, pictures, new_trainer, least)
    return measure(module, pictures, new_trainer, least, device), None


def measure(
    module: StyleTransfer,
    pictures: RunPictures,
    new_trainer: NewTrainer,
    least: int,
    device: torch.device,
) -> list[Probe]:
    """Measure small sizes, and the run's last size when that is quick and fits.

    Args:
        module: The run's module.
        pictures: The run's pictures.
        new_trainer: What makes the trainers.
        least: Smallest side in pixels that the losses of the run can read.
        device: Where the run is.
    """
    usable = _usable(PROBES, pictures, least)
    probes = [probe(module, pictures, new_trainer, size, module.tiling) for size in usable]
    height, width = pictures.picture_size(pictures.size)
    if len(probes) < 2:
        return [*probes, probe(module, pictures, new_trainer, pictures.size, module.tiling)]
    steps = 1 + max(FEWEST, period_of(module))
    free = free_megabytes(device) + probes[-1].megabytes
    fits = not predicted(height * width, probes, "megabytes") > CAREFUL * free
    if fits and steps * predicted(height * width, probes, "seconds") < PATIENCE:
        probes.append(probe(module, pictures, new_trainer, pictures.size, module.tiling))
    return probes


def _usable(sizes: Sequence[int], pictures: RunPictures, least: int) -> list[int]:
    """Return the sizes below the run's at which its losses can read all pictures."""
    return [
        size
        for size in sizes
        if size < pictures.size
        and min(min(pictures.picture_size(size)), *map(min, pictures.style_sizes(size))) >= least
    ]


def measure_in_tiles(
    module: StyleTransfer, pictures: RunPictures, new_trainer: NewTrainer, least: int
) -> tuple[list[Probe], TiledForecast]:
    """Measure small pictures, looked at at once and in small tiles.

    Args:
        module: The run's module.
        pictures: The run's pictures.
        new_trainer: What makes the trainers.
        least: Smallest side in pixels that the losses of the run can read.

    Returns:
        What was measured at once, and what predicts a step in tiles.
    """
    whole, timed = [], []
    for size in _usable(PROBES, pictures, least):
        whole.append(probe(module, pictures, new_trainer, size))
        timed.append((work_at(module, pictures.picture_size(size), size), whole[-1].plain))

    def cut(size: int, tile: int, steps: int | None = None) -> tuple[Work, Probe]:
        work = work_at(module, pictures.picture_size(size), tile)
        return work, probe(module, pictures, new_trainer, size, Tiling(tile), steps)

    work, found = cut(*TIMED)
    timed.append((work, found.plain))
    renewal = found.renewal / work.pixels
    weighed = [cut(*each, steps=2) for each in WEIGHED]  # the second has the optimizer's memory
    return whole, TiledForecast(
        timed,
        [Weighed(work, each.megabytes, each.held) for work, each in weighed],
        renewal,
    )
