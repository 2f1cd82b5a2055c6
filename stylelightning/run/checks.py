"""What must hold before a run starts; everything else is found out by then."""

import logging
from collections.abc import Mapping
from itertools import chain

from lightning.pytorch import Trainer
from torch import nn
from torch.optim import LBFGS, Optimizer, SparseAdam

from stylelightning.backbones.base import Backbone
from stylelightning.execution.tile_strategy import TileStrategy
from stylelightning.images import RunPictures
from stylelightning.losses.base import IMAGE_LAYER, Loss
from stylelightning.losses.blame import check_loss
from stylelightning.losses.gram import GramLoss
from stylelightning.schedule import Finish, Plan, Schedule

log = logging.getLogger(__name__)

LARGEST = 2**16
"""Longest side in pixels of any image of a run."""
TAKEN_NAMES = {*dir(nn.ModuleDict), "scale", "size", "step", "total"}
"""What a loss can't be called: attributes of their container and columns of the table."""


def check_losses(losses: Mapping[str, Loss]) -> None:
    """Refuse a run without losses, and losses or names of them that don't work.

    Raises:
        ValueError: If there is none, one is no loss, or a name is not fit for a command line.
    """
    if not losses:
        raise ValueError(
            "`model.losses` must name at least one loss, got none: try "
            "--config configs/quickstart.yaml."
        )
    for name, loss in losses.items():
        check_loss(name, loss)
        if not name.isidentifier() or name in TAKEN_NAMES:
            raise ValueError(
                f"The name of a loss must be a plain word and not taken, got {name!r}: give "
                "it another name under `model.losses`."
            )


def check_finish(
    finish: Finish | None,
    losses: Mapping[str, Loss | None],
    calibrate: Mapping[str, float | None],
) -> None:
    """Refuse a last pass of losses that there are not, or a pass that is left without any.

    Args:
        finish: The last pass, or None.
        losses: The losses by name, those switched off among them.
        calibrate: What the start of the run calibrates, by name.

    Raises:
        ValueError: If a name is unknown, no loss is in force before or in the last pass, or one
            that is calibrated is not there at the start.
    """
    if finish is None:
        return
    for option, names in (("adds", finish.adds), ("drops", finish.drops)):
        for name in names:
            if name not in losses:
                raise ValueError(
                    f"`model.schedule.finish.{option}` names {name!r}, which is no loss of the "
                    f"run. There are {', '.join(losses)}."
                )
    used = {name for name, loss in losses.items() if loss is not None}
    for where, idle in (("before the last pass", finish.adds), ("in the last pass", finish.drops)):
        if not used - set(idle):
            raise ValueError(
                f"`model.schedule.finish` leaves no loss {where}: give "
                "--model.schedule.finish null for one objective all along."
            )
    for name in finish.adds:
        if calibrate.get(name) is not None:
            raise ValueError(
                f"`model.calibrate` names the loss {name!r}, which comes in the last pass only: "
                f"leave it out with --model.calibrate.{name} null."
            )


def check_trainer(trainer: Trainer) -> None:
    """Refuse what makes no sense for one picture in 32 bits.

    Raises:
        ValueError: If the trainer has several processes, accumulates gradients, counts epochs, or
            would keep the picture in 16 bits.
    """
    check_epoch(trainer.limit_train_batches)
    alone = trainer.world_size == 1 or isinstance(trainer.strategy, TileStrategy)
    for name, value in (
        ("devices times num_nodes", 1 if alone else trainer.world_size),
        ("accumulate_grad_batches", trainer.accumulate_grad_batches),
        ("min_epochs", trainer.min_epochs or 1),  # 1 is Lightning's own, given min_steps
    ):
        if value > 1:
            raise ValueError(
                f"`trainer`: {name} must be 1, got {value}: one process makes one picture, "
                "or several with --trainer.strategy tiles, without epochs, and every step has all "
                "its data."
            )
    if trainer.precision in ("16-true", "bf16-true"):
        raise ValueError(
            f"`trainer.precision` {trainer.precision} would keep the picture itself in 16 bits: "
            "use bf16-mixed (or 16-mixed on a GPU), which computes the features in 16 bits and "
            "keeps the picture in 32."
        )


def is_endless(limit: float | None) -> bool:
    """Return whether a run is one epoch, without end.

    Args:
        limit: ``trainer.limit_train_batches``; 1.0 is a fraction, 1 a number of steps.
    """
    return limit is None or (type(limit) is float and limit == 1.0)


def check_epoch(limit: float | None) -> None:
    """Refuse epochs that are a part of the data, of which there is none.

    Args:
        limit: ``trainer.limit_train_batches``, the steps of an epoch.

    Raises:
        ValueError: If it is neither a whole number of steps nor all there are.
    """
    if limit is not None and not (limit >= 1 and float(limit).is_integer()):
        raise ValueError(
            "`trainer.limit_train_batches` must be 1.0, or a whole number of steps, at least 1, "
            f"after which callbacks such as EarlyStopping look, got {limit}: a step has no data "
            "to take a part of; use --trainer.max_steps for a shorter run."
        )


def check_unused(trainer: Trainer) -> None:
    """Refuse a trainer that stands at a step of an earlier run.

    Raises:
        ValueError: If it is so: the steps of a plan follow from their number alone.
    """
    if trainer.global_step:
        raise ValueError(
            f"A run needs a Trainer of its own, and this one has made {trainer.global_step} steps "
            "already: make another Trainer for a run from the start, or give `fit` a ckpt_path to "
            "go on. The picture is as it was."
        )


def check_steps(trainer: Trainer, plan: Plan) -> None:
    """Refuse a smallest number of steps that the plan does not have.

    Raises:
        ValueError: If ``min_steps`` is above the plan's steps: the run would never end.
    """
    if (trainer.min_steps or 0) > plan.total_steps:
        raise ValueError(
            f"`trainer.min_steps` {trainer.min_steps} is more than the {plan.total_steps} steps "
            "of the run: raise --model.schedule.steps."
        )


def check_optimizer(optimizer: Optimizer, precision: str, losses: Mapping[str, Loss]) -> None:
    """Refuse optimizers that can't work on a picture, in this precision or with these losses.

    Args:
        optimizer: The optimizer of the picture.
        precision: Lightning's name of the run's precision.
        losses: The run's losses, by name.

    Raises:
        ValueError: If it is SparseAdam, or L-BFGS with a scaled gradient or a loss that changes.
    """
    if isinstance(optimizer, SparseAdam):
        raise ValueError("`model.optimizer` SparseAdam can't optimise a picture: use Adam.")
    if not isinstance(optimizer, LBFGS):
        return
    if precision == "16-mixed":
        raise ValueError(
            "`trainer.precision` 16-mixed scales the gradient, which LBFGS can't work with: use "
            "bf16-mixed or 32-true, or --model.optimizer Adam."
        )
    for name, loss in losses.items():
        if loss.stochastic:
            fixed = f"--model.losses.{name}.renew_every_n_steps null, or "
            raise ValueError(
                f"The loss {name!r} changes as the run goes on, and LBFGS needs the same function "
                f"at each step: give {fixed if loss.renew_every_n_steps else ''}"
                "--model.optimizer Adam."
            )


def check_layers(losses: Mapping[str, Loss], backbone: Backbone) -> None:
    """Refuse losses of layers that the backbone doesn't have.

    Raises:
        ValueError: If a layer is unknown.
    """
    for loss in losses.values():
        backbone.check_layers(name for name in loss.layers if name != IMAGE_LAYER)


def check_images(losses: Mapping[str, Loss], pictures: RunPictures) -> None:
    """Refuse losses whose image is missing.

    Raises:
        ValueError: If a loss needs a content or style image that the run doesn't have.
    """
    for name, loss in losses.items():
        for kind, needed, there in (
            ("content", loss.needs_content, pictures.content_image),
            ("style", loss.needs_style, pictures.style_images or None),
        ):
            if needed and there is None:
                raise ValueError(
                    f"The loss {name!r} needs a {kind} image: give --data.{kind} PATH, or switch "
                    f"the loss off with --model.losses.{name} null."
                )


def check_residual(losses: Mapping[str, Loss], backbone: Backbone) -> None:
    """Warn of Gram matrices of a residual network, whose few large values hide the style.

    Source: Wang, Li and Vasconcelos, CVPR 2021, https://arxiv.org/abs/2104.05623
    """
    names = [name for name, loss in losses.items() if isinstance(loss, GramLoss)]
    if names and backbone.residual:
        log.warning(
            "The loss %s takes Gram matrices of a residual network, which carry a style badly "
            "(Wang, Li and Vasconcelos, CVPR 2021): try --model.backbone.softmax_smoothing true.",
            " and ".join(repr(name) for name in names),
        )


def smallest_side(losses: Mapping[str, Loss], backbone: Backbone) -> int:
    """Return the smallest side in pixels of images that every loss can read all its layers of.

    A layer must exist, and have as many positions as the loss's patches.
    """
    least = 1
    for loss in losses.values():
        layers = [name for name in loss.layers if name != IMAGE_LAYER]
        strides = [backbone.layer_table[name].stride for name in layers]
        positions = loss.smallest_map * max(strides, default=1)
        least = max(least, backbone.smallest_side(layers), positions)
    return least


def plan_scales(schedule: Schedule, pictures: RunPictures, least: int) -> Plan:
    """Return the scales at which every image is large enough, and say which are not.

    Args:
        schedule: Steps and scales that are asked for.
        pictures: The run's pictures.
        least: Smallest side in pixels that the losses of the run can read.

    Raises:
        ValueError: If even the last scale is too small, and the text names the smallest that works;
            or an image is too large.
    """
    sides = (*pictures.picture_size(pictures.size), *chain(*pictures.style_sizes(pictures.size)))
    if max(sides) > LARGEST:
        raise ValueError(
            f"No image of a run may be longer than {LARGEST} px, got {max(sides)} px: use a "
            "smaller --data.size, --data.style_scale or scale of a style image."
        )

    def usable(size: int) -> bool:
        sides = (*pictures.picture_size(size), *chain(*pictures.style_sizes(size)))
        return bool(min(sides) >= least)

    if not usable(pictures.size):
        enough = next(filter(usable, range(pictures.size, LARGEST)), None)
        way = f"images are too long or too small for any size up to {LARGEST} px."
        if enough:
            way = f"smallest that works is --data.size {enough}."
        raise ValueError(
            f"`data.size` is {pictures.size}, a picture of "
            f"{pixels(pictures.picture_size(pictures.size))}, but the losses of this run need at "
            f"least {least} px on every side, of both images: the {way}"
        )
    for size in schedule.sizes(pictures.size):
        if not usable(size):
            log.warning(
                "The scale of %s is skipped: the losses of this run need at least %d px on every "
                "side.",
                pixels(pictures.picture_size(size)),
                least,
            )
    return schedule.plan(pictures.size, usable)


def pixels(size: tuple[int, ...]) -> str:
    """Return a height and width the way people write it, width first."""
    return f"{size[1]}x{size[0]} px"
