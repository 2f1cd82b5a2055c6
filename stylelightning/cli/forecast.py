"""What a run will take on this machine: measured at small sizes, then computed."""

import logging
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
from stylelightning.data import GivenPictures, StyleTransferData
from stylelightning.execution.allocator import give_back_freed_memory
from stylelightning.execution.memory import PeakMemory, free_megabytes, held_megabytes
from stylelightning.execution.tiling import Tiling, tile_size
from stylelightning.images import RunPictures
from stylelightning.module import StyleTransfer
from stylelightning.optimizers import HostLBFGS
from stylelightning.run import checks
from stylelightning.run.step_costs import cost_at
from stylelightning.schedule import Schedule

log = logging.getLogger(__name__)

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
    """

    pixels: int
    seconds: float
    megabytes: float
    held: float = 0.0


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
    period = _period(module)
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
    history = _missing_history(optimizer, steps, device)
    held = held_megabytes(device, short.canvas, short.objective.losses, optimizer.state)
    return Probe(height * width, clock.seconds, peak.megabytes + history, held + history)


def _period(module: StyleTransfer) -> int:
    """Return after how many steps the losses have done all that they do, 20 at most."""
    return min(20, max(loss.renew_every_n_steps or 1 for loss in module.objective.losses.values()))


def _missing_history(optimizer: object, steps: int, device: torch.device) -> float:
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
        what: ``seconds`` or ``megabytes``.
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
    steps = 1 + max(FEWEST, _period(module))
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
        timed.append((work_at(module, pictures.picture_size(size), size), whole[-1].seconds))

    def cut(size: int, tile: int, steps: int | None = None) -> tuple[Work, Probe]:
        work = work_at(module, pictures.picture_size(size), tile)
        return work, probe(module, pictures, new_trainer, size, Tiling(tile), steps)

    work, found = cut(*TIMED)
    timed.append((work, found.seconds))
    weighed = [cut(*each, steps=2) for each in WEIGHED]  # the second has the optimizer's memory
    return whole, TiledForecast(
        timed, [Weighed(work, each.megabytes, each.held) for work, each in weighed]
    )


def report(
    module: StyleTransfer, data: StyleTransferData, new_trainer: NewTrainer, max_steps: int
) -> str:
    """Return what the run will take, as text.

    Args:
        module: The run's module.
        data: The run's pictures.
        new_trainer: What makes the trainers.
        max_steps: Most steps of the run; -1 for all of its schedule.

    Raises:
        ValueError: If the run can't work.
    """
    began = time.perf_counter()
    data.setup("fit")
    pictures = data.pictures
    checks.check_images(module.objective.losses, pictures)
    least = checks.smallest_side(module.objective.losses, module.backbone)
    plan = checks.plan_scales(module.schedule, pictures, least)
    trainer = new_trainer([])
    device = trainer.strategy.root_device
    final = pictures.picture_size(pictures.size)
    tile = tile_size(module.tiling, module.backbone, module.objective.layers, final, trainer)
    tiled: TiledForecast | None = None
    if tile is not None and tile < pictures.size and pictures.size > WEIGHED[-1][0]:
        probes, tiled = measure_in_tiles(module, pictures, new_trainer, least)
    else:
        probes = measure(module, pictures, new_trainer, least, device)
    total, left, lines = 0.0, max_steps if max_steps >= 0 else plan.total_steps, []
    for scale in plan.scales:
        steps = min(scale.steps, left)
        left -= steps
        height, width = pictures.picture_size(scale.size)
        work = None if tiled is None or tile is None else work_at(module, (height, width), tile)
        if tiled is None or work is None or work.tiles == 1:
            seconds, tiles = predicted(height * width, probes, "seconds"), ""
        else:
            seconds, tiles = tiled.seconds(work), f"{work.tiles:5d} tiles"
        total += steps * seconds
        lines.append(
            f"{width}x{height} px".rjust(16)
            + f"{steps:8d} steps{1e3 * seconds:10.0f} ms/step"
            + _duration(steps * seconds).rjust(14)
            + tiles
        )
    free = free_megabytes(device) + probes[-1].megabytes
    lines.append(f"{'together':>16}{_duration(total):>47}")
    if tiled is not None and tile is not None:
        lines += tiled.lines(module, final, tile, free, CAREFUL)
    else:
        lines += _memory_lines(probes, pictures.size, final[0] * final[1], free)
    measured = any(each.pixels == final[0] * final[1] for each in probes)
    how = "measured at that size" if measured else "computed from smaller sizes"
    took = _duration(time.perf_counter() - began)
    if in_disorder(probes):
        log.warning(
            "A smaller picture took longer a step than a larger one: the machine is busy with "
            "something else, and these times mean little. Try again when it is not."
        )
    lines.append(f"{'':16}  {how}, in {took}; pictures and logs apart")
    return "\n".join(lines)


def _memory_lines(probes: Sequence[Probe], size: int, pixels: int, free: float) -> list[str]:
    """Return what is said of the memory of a run whose pictures are looked at at once."""
    peak = predicted(pixels, probes, "megabytes")
    lines = [f"{'peak memory':>16}  {peak:.0f} MB; {free:.0f} MB are there"]
    if len(probes) > 1:
        factor = math.sqrt(largest_pixels(probes, CAREFUL * free) / pixels)
        if math.isfinite(factor):
            largest = int(size * factor)
            lines.append(f"{'largest size':>16}  {largest} px, in {CAREFUL:.0%} of that")
    return lines


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
