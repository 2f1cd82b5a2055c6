"""The terms of the total, on the terminal, in a table and in the loggers."""

import csv
import time
from typing import Any

from lightning.pytorch import LightningModule, Trainer

from stylelightning.callbacks.periodic import (
    PeriodicCallback,
    run_folder,
    style_transfer,
)
from stylelightning.callbacks.progress_lines import ProgressLines
from stylelightning.execution.memory import peak_megabytes
from stylelightning.module import StyleTransfer
from stylelightning.run.folder import RunFolder


class LossLog(PeriodicCallback):
    """Writes every n steps how the terms stand into ``losses.csv`` and the loggers.

    On the terminal it says it about ten times in a run, however long that is and whatever
    ``every_n_steps``.

    The terms are weighted, so that they add up to the total; those of step n are what step n's
    gradient was computed from. The first step is recorded too. Step time is the mean since the
    last record, memory the peak of the process (of the GPU, when the run is on one). The table of
    a resumed run begins with the steps of the run before, if that had the same terms.

    Example:
        .. code-block:: yaml

            callbacks:
              log:
                class_path: LossLog
                init_args:
                  every_n_steps: 50

    Args:
        every_n_steps: Number of steps from one record to the next, at least 1.

    Raises:
        ValueError: If it is below 1.
    """

    records_first_step = True

    def __init__(self, every_n_steps: int = 50) -> None:
        super().__init__(every_n_steps)
        self._time = 0.0
        self._step = 0
        self._lines = ProgressLines()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock and the table."""
        super().on_train_start(trainer, pl_module)
        names = style_transfer(pl_module).losses.keys()
        header = ["step", "scale", "size", *names, "total", "seconds_per_step", "peak_memory_mb"]
        table = run_folder(trainer).losses
        table.parent.mkdir(parents=True, exist_ok=True)
        before = rows_before(trainer, header)
        with table.open("w", newline="") as file:
            csv.writer(file).writerows([header, *before])
        self._time, self._step = time.monotonic(), trainer.global_step
        self._lines.start(trainer, style_transfer(pl_module))

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Record and say it when it is time."""
        super().on_train_batch_end(trainer, pl_module)
        self._lines.step(trainer, style_transfer(pl_module))

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record and say the end of a run that stopped before its last step, if it made any."""
        super().on_train_end(trainer, pl_module)
        self._lines.say(trainer, style_transfer(pl_module))

    def record(self, trainer: Trainer, module: StyleTransfer, step: int) -> None:
        """Write one row and the loggers' numbers."""
        terms = {name: float(term) for name, term in module.terms.weighted.items()}
        total = sum(terms.values())
        now = time.monotonic()
        seconds = (now - self._time) / max(1, step - self._step)
        memory = peak_megabytes(module.device)
        height, width = module.canvas.size
        with run_folder(trainer).losses.open("a", newline="") as file:
            csv.writer(file).writerow(
                [step, module.scale, f"{width}x{height}", *terms.values(), total, seconds, memory]
            )
        for logger in trainer.loggers:
            metrics = {f"loss/{name}": term for name, term in terms.items()}
            logger.log_metrics({**metrics, "loss/total": total, "step_time": seconds}, step)
        self._time, self._step = time.monotonic(), step


def rows_before(trainer: Trainer, header: list[str]) -> list[list[str]]:
    """Return the rows of the run that this one goes on from, up to its checkpoint's step."""
    if not trainer.ckpt_path:
        return []
    table = RunFolder.of_checkpoint(trainer.ckpt_path).losses
    if not table.is_file():
        return []
    with table.open(newline="") as file:
        first, *rows = csv.reader(file)
    return [row for row in rows if int(row[0]) <= trainer.global_step] if first == header else []
