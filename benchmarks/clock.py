"""A callback that takes the time of every step of a real run."""

import json
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer


class StepClock(Callback):
    """Writes when each step began, in seconds, and when the last one ended.

    Args:
        path: Where to, a JSON file.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.times: list[float] = []

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Take the time."""
        self._take(pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the time a last time, and write all."""
        self._take(pl_module)
        Path(self.path).write_text(json.dumps(self.times))

    def _take(self, pl_module: LightningModule) -> None:
        if pl_module.device.type == "cuda":
            torch.cuda.synchronize()
        self.times.append(perf_counter())
