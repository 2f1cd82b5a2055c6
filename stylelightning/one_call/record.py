"""What a call keeps of its run."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from stylelightning.callbacks import ResultWriter
from stylelightning.callbacks.periodic import style_transfer
from stylelightning.module import StyleTransfer


class Record(Callback):
    """Keeps a run's terms at every step, and its picture in the end: done, stopped or failed.

    Attributes:
        config: The run's whole config, YAML.
        stopped_by: What ended the run before its end, if anything did.
        steps: Number of steps done.
        picture: The picture, (1, 3, H, W) in [0, 1] on the CPU; None before a run has begun.
        alpha: Its opacity, (1, 1, H, W), or None where it is opaque.
        folder: The folder of the run.
    """

    def __init__(self) -> None:
        super().__init__()
        self.config = ""
        self.folder = ""
        self.stopped_by: BaseException | None = None
        self.steps = 0
        self.picture: Tensor | None = None
        self.alpha: Tensor | None = None
        self._names: list[str] = []
        self._terms: list[Tensor] = []
        self._run: tuple[Trainer, StyleTransfer] | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Note the run and its config."""
        self._run = trainer, style_transfer(pl_module)
        self.folder = trainer.default_root_dir
        writers = [each for each in _callbacks(trainer) if isinstance(each, ResultWriter)]
        self.config = next((each.config for each in writers if each.config), "")

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Keep the terms of a step; nothing waits for the device."""
        terms = style_transfer(pl_module).terms.weighted
        self._names = list(terms)
        self._terms.append(torch.stack(list(terms.values())))

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the picture."""
        self.keep()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Keep the picture of a run that was stopped or failed."""
        self.stopped_by = exception
        self.keep()

    def keep(self) -> None:
        """Keep the picture, unless there is none yet."""
        if self._run is None or not self._run[1].canvas.has_picture:
            return
        trainer, module = self._run
        self.steps = trainer.global_step
        self.picture = module.picture.float().cpu().nan_to_num(0.5)
        self.alpha = module.data.alpha(module.canvas.size)

    def history(self) -> dict[str, list[float]]:
        """Return the weighted terms and the total at every step, by name."""
        table = torch.stack(self._terms).cpu() if self._terms else torch.zeros(0, 0)
        terms = dict(zip(self._names, table.t().tolist(), strict=True))
        return {**terms, "total": table.sum(1).tolist()}


def _callbacks(trainer: Trainer) -> list[Callback]:
    present: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    return present
