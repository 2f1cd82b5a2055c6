"""What the callbacks that record something every n steps share."""

import math
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.tensorboard import SummaryWriter

from stylelightning.module import StyleTransfer
from stylelightning.run.folder import RunFolder
from stylelightning.run.step_costs import StepTimes


class PeriodicCallback(Callback, ABC):
    """Records something every n steps, at the end of every scale and at the end of the run.

    Args:
        every_n_steps: Number of steps from one record to the next, at least 1.
        min_seconds: Least time from one record to the next, at least 0: when steps are fast, those
            that come earlier are left out. The first that is due, the end of a scale and the end of
            the run are always recorded.

    Raises:
        ValueError: If ``every_n_steps`` is below 1 or ``min_seconds`` below 0.
    """

    records_first_step = False
    """Whether the first step is recorded whatever ``every_n_steps``."""

    def __init__(self, every_n_steps: int, min_seconds: float = 0.0) -> None:
        super().__init__()
        if every_n_steps < 1:
            raise ValueError(
                f"`every_n_steps` of {type(self).__name__} must be at least 1, got {every_n_steps}."
            )
        self.every_n_steps = every_n_steps
        self.min_seconds = checked_seconds(self, min_seconds)
        self._recorded = -1
        self._recorded_at = -math.inf
        self._started_at = 0

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Forget an earlier run."""
        self._recorded, self._recorded_at = -1, -math.inf

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note where the run starts."""
        self._started_at = trainer.global_step

    @abstractmethod
    def record(self, trainer: Trainer, module: StyleTransfer, step: int) -> None:
        """Record the state when ``step`` steps are done."""

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Record when it is time."""
        module, step = style_transfer(pl_module), trainer.global_step
        first = step == 1 and self.records_first_step
        last = step == last_step(trainer, module)
        due = step % self.every_n_steps == 0
        due = due and time.monotonic() - self._recorded_at >= self.min_seconds
        if first or last or due or step in module.plan.ends:
            self.record_once(trainer, module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the end of a run that stopped before its last step, if it made any."""
        if trainer.global_step > self._started_at:
            self.record_once(trainer, pl_module)

    def record_once(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the present step, unless that is done or its picture is lost."""
        module = style_transfer(pl_module)
        if self._recorded != trainer.global_step and module.finite:
            self._recorded = trainer.global_step
            self.record(trainer, module, trainer.global_step)
            self._recorded_at = time.monotonic()


def checked_seconds(callback: Callback, min_seconds: float) -> float:
    """Return the least time from one record of a callback to the next, in seconds.

    Args:
        callback: What is asked for it.
        min_seconds: The time.

    Raises:
        ValueError: If it is below 0 or not finite.
    """
    if not 0 <= min_seconds < math.inf:
        raise ValueError(
            f"`min_seconds` of {type(callback).__name__} must be a number of at least 0, got "
            f"{min_seconds}."
        )
    return min_seconds


def style_transfer(module: LightningModule) -> StyleTransfer:
    """Return the module as what it must be.

    Raises:
        TypeError: If it is another LightningModule.
    """
    if not isinstance(module, StyleTransfer):
        raise TypeError(f"This callback reads a StyleTransfer, got {type(module).__name__}.")
    return module


def last_step(trainer: Trainer, module: StyleTransfer) -> int:
    """Return the number of steps after which the run ends."""
    steps = module.plan.total_steps
    return steps if trainer.max_steps < 0 else min(steps, trainer.max_steps)


def step_times(module: StyleTransfer) -> StepTimes:
    """Return a record of how long steps take, for the scales of a run."""
    sizes = [module.data.picture_size(scale.size) for scale in module.plan.scales]
    return StepTimes([height * width for height, width in sizes])


def run_folder(trainer: Trainer) -> RunFolder:
    """Return the run's folder."""
    return RunFolder(Path(trainer.default_root_dir))


def boards(trainer: Trainer) -> list[SummaryWriter]:
    """Return the TensorBoard writers of the run, none when it has no such logger."""
    return [each.experiment for each in trainer.loggers if isinstance(each, TensorBoardLogger)]
