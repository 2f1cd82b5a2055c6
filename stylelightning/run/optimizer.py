"""The optimizer of the picture and its scheduler, made from what the run names."""

from collections.abc import Mapping

from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from lightning.pytorch.utilities.types import LRSchedulerConfigType, OptimizerLRScheduler
from torch.optim import LBFGS, Optimizer

from stylelightning.canvas import Canvas
from stylelightning.losses.base import Loss
from stylelightning.run import lbfgs
from stylelightning.run.checks import check_optimizer


def make_optimizer(
    make: OptimizerCallable, canvas: Canvas, precision: str, losses: Mapping[str, Loss]
) -> Optimizer:
    """Return a new optimizer of a canvas' parameters.

    Args:
        make: What makes it.
        canvas: The picture.
        precision: Lightning's name of the run's precision.
        losses: The run's losses, by name.

    Raises:
        ValueError: If it can't be made, or can't work in this precision or with these losses.
    """
    try:
        optimizer = make(canvas.parameters())
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"`model.optimizer` can't optimise a picture: {error}") from error
    check_optimizer(optimizer, precision, losses)
    if isinstance(optimizer, LBFGS):
        lbfgs.prepare(optimizer, canvas.decode)
    return optimizer


def with_scheduler(optimizer: Optimizer, make: LRSchedulerCallable | None) -> OptimizerLRScheduler:
    """Return an optimizer, in Lightning's form, with a new scheduler that is stepped each step.

    Args:
        optimizer: The optimizer of the picture.
        make: What makes the scheduler; None for none.
    """
    if make is None:
        return optimizer
    scheduler: LRSchedulerConfigType = {
        "scheduler": make(optimizer),
        "interval": "step",
        "reduce_on_plateau": False,  # the module hands it the total
    }
    return {"optimizer": optimizer, "lr_scheduler": scheduler}
