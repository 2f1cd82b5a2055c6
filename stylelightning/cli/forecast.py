"""What a run will take on this machine, in words: computed from what was measured."""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from stylelightning.cli.probes import (
    CAREFUL,
    NewTrainer,
    Probe,
    in_disorder,
    largest_pixels,
    measure_run,
    period_of,
    predicted,
)
from stylelightning.cli.tiled_forecast import TiledForecast, work_at
from stylelightning.data import StyleTransferData
from stylelightning.execution.memory import free_megabytes
from stylelightning.execution.tiling import tile_size
from stylelightning.images import RunPictures
from stylelightning.module import StyleTransfer
from stylelightning.run import checks
from stylelightning.schedule import Plan

log = logging.getLogger(__name__)


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
    probes, tiled = measure_run(module, pictures, new_trainer, least, device, tile)
    steps = max_steps if max_steps >= 0 else plan.total_steps
    lines = _time_lines(plan, steps, pictures, _Costs(module, probes, tiled, tile))
    free = free_megabytes(device) + probes[-1].megabytes
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


@dataclass(frozen=True)
class _Costs:
    """What says how long a step will take.

    Args:
        module: The run's module.
        probes: What was measured of pictures that are looked at at once.
        tiled: What predicts a step in tiles; None if no picture is cut.
        tile: Most pixels along a side of a tile; None likewise.
    """

    module: StyleTransfer
    probes: Sequence[Probe]
    tiled: TiledForecast | None
    tile: int | None

    def at(self, size: tuple[int, int], steps: int) -> tuple[float, int]:
        """Return the seconds of a scale's step, in the mean, and the number of its tiles.

        Args:
            size: Height and width of the picture.
            steps: Steps of the scale.
        """
        if self.tiled is not None and self.tile is not None:
            work = work_at(self.module, size, self.tile)
            if work.tiles > 1:
                renewal = self.tiled.renewal(work)
                return self.tiled.plain(work) + self._renewals(steps) * renewal, work.tiles
        pixels = size[0] * size[1]
        renewal = predicted(pixels, self.probes, "renewal")
        return predicted(pixels, self.probes, "plain") + self._renewals(steps) * renewal, 1

    def _renewals(self, steps: int) -> float:
        """Return how often losses do what they don't do at every step, beside whole periods.

        What they do every twentieth step, such as a search for patches, they do at the first of
        a scale: a scale of eight steps has all of it.

        Args:
            steps: Steps of the scale.
        """
        period = period_of(self.module)
        return math.ceil(steps / period) * period / steps if steps else 0.0


def _time_lines(plan: Plan, steps: int, pictures: RunPictures, costs: _Costs) -> list[str]:
    """Return what is said of the time of each scale, and of all together.

    Args:
        plan: The run's scales.
        steps: Steps of the run.
        pictures: The run's pictures.
        costs: What says how long a step will take.
    """
    total, left, lines = 0.0, steps, []
    for scale in plan.scales:
        steps = min(scale.steps, left)
        left -= steps
        height, width = pictures.picture_size(scale.size)
        seconds, tiles = costs.at((height, width), steps)
        total += steps * seconds
        lines.append(
            f"{width}x{height} px".rjust(16)
            + f"{steps:8d} steps{1e3 * seconds:10.0f} ms/step"
            + _duration(steps * seconds).rjust(14)
            + (f"{tiles:5d} tiles" if tiles > 1 else "")
        )
    return [*lines, f"{'together':>16}{_duration(total):>47}"]


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
