"""A callback that keeps the pictures of a run, and rates them all by the run's own losses."""

import json
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from stylelightning import functional as F
from stylelightning.module import StyleTransfer


class Trace(Callback):
    """Keeps a picture every n steps; at the end all are rated at the run's last size.

    Losses of two scales can't be compared, so each picture is enlarged to the last size. What the
    callback itself takes is not counted as time of the run.

    Args:
        path: Where the list of ``[seconds, step, total]`` goes, a JSON file.
        every_n_steps: Steps from one picture to the next.
    """

    def __init__(self, path: str, every_n_steps: int = 20) -> None:
        self.path = path
        self.every_n_steps = every_n_steps
        self.kept: list[tuple[float, int, Tensor]] = []
        self.began = self.own = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self.began = perf_counter()

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Keep the picture when it is time."""
        if trainer.global_step % self.every_n_steps:
            return
        assert isinstance(pl_module, StyleTransfer)
        if pl_module.device.type == "cuda":
            torch.cuda.synchronize()
        now = perf_counter()
        picture = pl_module.canvas.picture.clone()
        self.kept.append((now - self.began - self.own, trainer.global_step, picture))
        self.own += perf_counter() - now

    @torch.no_grad()
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Rate the pictures."""
        assert isinstance(pl_module, StyleTransfer)
        rows = []
        for seconds, step, picture in self.kept:
            features = pl_module(F.resize(picture, pl_module.canvas.size))
            rows.append([seconds, step, float(pl_module.objective.terms(features).total)])
        Path(self.path).write_text(json.dumps(rows))
