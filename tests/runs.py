"""Small runs through the Python interface, shared by the tests."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import Checkpoint
from torch import Tensor
from torch.optim import SGD, Adam, Optimizer

from stylelightning import Schedule, StyleTransfer, StyleTransferData
from stylelightning.backbones import RandomMultiscale
from stylelightning.backbones.base import Features
from stylelightning.losses import ContentLoss, GramLoss, Loss, Reference, References

OPTIMIZERS: dict[str, Callable[[Any], Optimizer]] = {
    "sgd": lambda p: SGD(p, lr=0.01, momentum=0.9),
    "adam": lambda p: Adam(p, lr=0.02),
    "lbfgs": lambda p: torch.optim.LBFGS(p, lr=1.0, history_size=4),
}


def make_module(**values: Any) -> StyleTransfer:
    losses: dict[str, Loss | None] = {
        "content": ContentLoss(100.0, ["level1"]),
        "style": GramLoss(1000.0, ["level1", "level2"], "hw"),
    }
    settings: dict[str, Any] = {
        "backbone": RandomMultiscale(levels=2, filters=2, sizes=[3]),
        "losses": losses,
        "schedule": Schedule(steps=3, min_size=16, factor=2.0),
        "init": "noise",
    }
    return StyleTransfer(**{**settings, **values})


def make_trainer(
    folder: Path, *callbacks: Callback, accelerator: str = "cpu", **values: Any
) -> Trainer:
    return Trainer(
        default_root_dir=folder,
        max_epochs=-1,
        accelerator=accelerator,
        devices=1,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=any(isinstance(each, Checkpoint) for each in callbacks),
        callbacks=list(callbacks),
        **values,
    )


def fit(
    folder: Path, data: StyleTransferData, *callbacks: Callback, **values: Any
) -> StyleTransfer:
    module = make_module(**values)
    make_trainer(folder, *callbacks).fit(module, data)
    return module


class OwnLoss(Loss):
    """A loss of a user's own without targets, whose value a test writes."""

    def prepare(self, references: References) -> None:
        pass


def references(
    content: Features | None, styles: Sequence[Features], shares: Sequence[float] = ()
) -> References:
    """Return what a loss is prepared with; the style images have equal shares unless given."""
    parts = shares or [1 / len(styles) for _ in styles]
    return References(content, [Reference(*each) for each in zip(styles, parts, strict=True)])


def evaluated(loss: Loss, features: Features, step: int = 0) -> Tensor:
    """Return a loss's value at a step, as a run has it."""
    loss.advance(features, step)
    value: Tensor = loss(features)
    return value


def full() -> AbstractContextManager[None]:
    """Return what switches full precision on: nothing."""
    return nullcontext()
