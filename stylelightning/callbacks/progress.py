"""A progress bar that counts steps."""

import math
import sys
import time
from collections.abc import Mapping
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import TQDMProgressBar
from lightning.pytorch.callbacks.progress.tqdm_progress import Tqdm

from stylelightning.callbacks.periodic import last_step, step_times, style_transfer
from stylelightning.run.step_costs import StepTimes
from stylelightning.terminal.text import clock, terminal_size

FEWEST, MOST = 15, 40
"""Letters of the bar itself."""
ROOM_FOR_CTRL_C = len("^C") + 1
"""Letters that a terminal may write behind the bar without going to the next line."""


class StepProgressBar(TQDMProgressBar):
    """Shows step n of N, the time left and the terms. Silent when the output is not a terminal.

    The time left is computed from what the steps took so far at each scale, and for the scales to
    come from their pixels. Terms that have no room beside the bar are left out, the total last.

    Example:
        .. code-block:: yaml

            callbacks:
              progress:
                class_path: StepProgressBar
                init_args:
                  refresh_rate: 2

    Args:
        refresh_rate: Most updates in a second, at least 0; 0 shows nothing. The terms are read
            from the device for these only.

    Raises:
        ValueError: If ``refresh_rate`` is negative.
    """

    def __init__(self, refresh_rate: int = 5) -> None:
        if refresh_rate < 0:
            raise ValueError(
                f"`refresh_rate` of StepProgressBar must be at least 0, got {refresh_rate}."
            )
        super().__init__(refresh_rate=refresh_rate)
        self._times = StepTimes([])
        self._shown_at = -math.inf

    def init_train_tqdm(self) -> Tqdm:
        """Return a bar that is left out of files and pipes, and gone when it is done."""
        return Tqdm(
            disable=self.is_disabled or sys.stdout is None or not sys.stdout.isatty(),
            leave=False,
            file=sys.stdout,
            bar_format="",
        )

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Make the bar; a resumed run goes on where it was."""
        self._times, self._shown_at = step_times(style_transfer(pl_module)), -math.inf
        bar = self.init_train_tqdm()
        bar.initial = bar.n = trainer.global_step
        self.train_progress_bar = bar

    def on_train_epoch_start(self, trainer: Trainer, *_: Any) -> None:
        """Do nothing: there are no epochs to show."""

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Update the bar when it is time."""
        module, bar, step = style_transfer(pl_module), self.train_progress_bar, trainer.global_step
        now = time.monotonic()
        self._times.add(module.scale, now)
        last = last_step(trainer, module)
        if bar.disable or (step < last and now - self._shown_at < 1 / self.refresh_rate):
            return
        self._shown_at = now
        bar.n, bar.total = step, last  # scales may end early
        height, width = module.canvas.size
        bar.ncols = terminal_size(sys.stdout).columns - 1
        bar.bar_format = bar_line(
            bar.ncols - ROOM_FOR_CTRL_C,
            f"{width}x{height} px",
            f"{step:{len(str(last))}d}/{last}",
            self._times.left(module.plan, step, last),
            {name: float(term) for name, term in module.terms.weighted.items()},
        )
        bar.refresh()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do nothing: there are no epochs to show."""


def bar_line(
    columns: int, size: str, step: str, left: float | None, terms: Mapping[str, float]
) -> str:
    """Return the line of a bar as tqdm's ``bar_format``, with as many terms as there is room for.

    Args:
        columns: Letters that it may have.
        size: The picture's size.
        step: Which step of how many was made.
        left: Seconds to the end; None before they are known.
        terms: The weighted terms by name.
    """
    end = f"| {step}  {'?' if left is None else clock(left)} left"
    room = columns - len(f"{size} |{end}") - FEWEST
    for name, value in (("total", sum(terms.values())), *terms.items()):
        part = f"  {name} {_number(value)}"
        if len(part) > room:
            break
        end, room = end + part, room - len(part)
    return f"{size} |{{bar:{min(MOST, max(1, FEWEST + room))}}}{end}"


def _number(value: float) -> str:
    return f"{value:.0f}" if 100 <= abs(value) < 1e6 else f"{value:.3g}"
