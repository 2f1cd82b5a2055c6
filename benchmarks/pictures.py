"""Callbacks that keep the picture of a run, and rate kept pictures by a run's terms."""

import json
from pathlib import Path

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from stylelightning.module import StyleTransfer


class KeepPicture(Callback):
    """Keeps the picture that a run ends with, without rounding it.

    Args:
        path: Where to.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write it."""
        assert isinstance(pl_module, StyleTransfer)
        torch.save(pl_module.canvas.picture.cpu(), self.path)


class RatePictures(Callback):
    """Rates kept pictures by the terms of a run.

    Args:
        pictures: Paths of kept pictures.
        path: Where the list of their terms goes, a JSON file.
    """

    def __init__(self, pictures: list[str], path: str) -> None:
        self.pictures = pictures
        self.path = path

    @torch.no_grad()
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Rate them."""
        assert isinstance(pl_module, StyleTransfer)
        rows = []
        for picture in self.pictures:
            features = pl_module(torch.load(picture).to(pl_module.canvas.decode()))
            rows.append(
                {
                    name: float(term)
                    for name, term in pl_module.objective.terms(features).weighted.items()
                }
            )
        Path(self.path).write_text(json.dumps(rows))
