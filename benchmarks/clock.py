"""A callback that takes the time of every step of a real run."""

import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

import torch
from lightning.pytorch import Callback, LightningModule, Trainer


class StepClock(Callback):
    """Writes how long the steps but the last took, and what was measured between them.

    The last step is not among them: the end of the run would be.

    Args:
        path: Where to, a JSON file.
    """

    between: ClassVar[tuple[Callable[[], float], ...]] = ()
    """What is measured between steps, in seconds, so that a machine that changes its pace changes
    both."""
    every_n_steps = 10

    def __init__(self, path: str) -> None:
        self.path = path
        self.steps: list[float] = []
        self.others: list[float] = []
        self._began: float | None = None

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Take the time, and measure what is to be measured between steps."""
        if pl_module.device.type == "cuda":
            torch.cuda.synchronize()
        if self._began is not None:
            self.steps.append(perf_counter() - self._began)
        if trainer.global_step % self.every_n_steps == 0:
            self.others += [measure() for measure in self.between]
        self._began = perf_counter()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write all."""
        Path(self.path).write_text(json.dumps({"steps": self.steps, "others": self.others}))
