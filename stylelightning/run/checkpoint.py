"""What a checkpoint holds, and how a resumed run's own settings win over it."""

import pickle
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from stylelightning.run.checks import pixels
from stylelightning.schedule import Plan

Checkpoint = dict[str, Any]

PARTS = {"state_dict", "optimizer_states", "lr_schedulers", "loops", "global_step", "scale"}
"""What a run goes on from."""
MOVING = {"last_epoch", "base_lrs", "_step_count", "_last_lr", "_get_lr_called_within_step"}
"""What changes in a scheduler as it is stepped, or follows from the optimizer."""
PLAIN = (bool, int, float, str, tuple, list, type(None))


def read_checkpoint(path: Path) -> Checkpoint:
    """Return a checkpoint of this program, and refuse anything else before anything heavy.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds something else.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no checkpoint {path.absolute()}: give --ckpt_path last, or the path of a "
            "run's checkpoints/last.ckpt."
        )
    try:
        checkpoint: Checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        update(checkpoint)
        image = checkpoint["picture"]
        whole = checkpoint.keys() >= PARTS and image.shape[:2] == (1, 3) and image.ndim == 4
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, LookupError, TypeError):
        whole = False
    if not whole:
        raise ValueError(
            f"{path.absolute()} is not a whole checkpoint of this program: give the path of a "
            "run's checkpoints/last.ckpt. Network weights go to --model.backbone.weights."
        )
    if not bool(image.isfinite().all()):
        raise ValueError(
            f"{path.absolute()} holds a picture that was lost when its run diverged: start from "
            "an earlier one, or anew."
        )
    return checkpoint


def update(checkpoint: Checkpoint) -> None:
    """Bring a checkpoint of version 0.1 to the present form, in place."""
    state = checkpoint["state_dict"]
    if "canvas.image" in state:
        pixels, weight = state.pop("canvas.image"), state.get("canvas.average_weight")
        state["canvas.parametrization.image"] = pixels
        shown = state["canvas.average"] / weight if weight else pixels
        checkpoint["picture"] = shown.clamp(0, 1)


def rebuilding(config: dict[str, Any]) -> dict[str, Any]:
    """Return what Lightning's ``load_from_checkpoint`` makes a module of.

    Args:
        config: The module's arguments, in plain types.
    """
    return {**config, "_instantiator": "lightning.pytorch.cli.instantiate_module"}


def check_arguments(path: Path, known: Collection[str]) -> None:
    """Refuse to make a module again whose arguments are known to nobody.

    Args:
        path: Path of the checkpoint, for the message.
        known: Names of the arguments that it holds or that are given.

    Raises:
        ValueError: If one is missing without which there is no module.
    """
    missing = [name for name in ("backbone", "losses") if name not in known]
    if missing:
        raise ValueError(
            f"{path.absolute()} is of a module that was made in Python, and does not say with what "
            f"arguments: give load_from_checkpoint {' and '.join(f'{n}=...' for n in missing)} "
            "again, and whatever else was not the default, such as canvas or averaging."
        )


def check_canvas(checkpoint: Checkpoint, parametrization: object) -> None:
    """Refuse a parametrisation of another class than that of the checkpoint's picture.

    Raises:
        ValueError: If it is so.
    """
    stored, given = canvas_of(checkpoint), type(parametrization).__qualname__
    if stored != given:
        raise ValueError(
            f"`canvas` must be a {stored}, as in the checkpoint, got {given}: give "
            "load_from_checkpoint the canvas that the module was made with."
        )


def canvas_of(checkpoint: Checkpoint) -> str:
    """Return the class of the parametrisation of a checkpoint's picture."""
    return str(checkpoint.get("made_with", {}).get("canvas", "PixelParametrization"))


def check_place(checkpoint: Checkpoint, plan: Plan, sizes: list[tuple[int, int]]) -> None:
    """Refuse a checkpoint that a run's plan can't go on from.

    Args:
        checkpoint: What Lightning loaded.
        plan: The run's scales.
        sizes: The picture's height and width in pixels at each of them.

    Raises:
        ValueError: If the picture has another size than its scale, or its step lies in another.
    """
    scale, step = int(checkpoint["scale"]), int(checkpoint["global_step"])
    size = tuple(checkpoint["picture"].shape[2:])
    if scale >= len(sizes) or sizes[scale] != size:
        raise ValueError(
            f"The checkpoint holds a picture of {pixels(size)} at scale {scale + 1}, but the "
            f"scales of this run are {', '.join(map(pixels, sizes))}. Give the pictures, "
            "--data.size and --model.schedule that it was made with, or start from its picture "
            "with --model.init PATH."
        )
    if scale not in (plan.index_at(step), plan.index_at(max(0, step - 1))):
        raise ValueError(
            f"The checkpoint is at step {step} in scale {scale + 1} of {len(sizes)}, but this "
            "run's schedule is elsewhere by then: give the --model.schedule that it was made with."
        )


def describe(optimizer: Optimizer, scheduler: LRScheduler | None, canvas: object) -> dict[str, Any]:
    """Return what an optimizer and its scheduler were made with, in plain types.

    Args:
        optimizer: Optimizer of the picture.
        scheduler: Its learning-rate scheduler, fresh, or None.
        canvas: The parametrisation of the picture.

    Returns:
        Class names and the options of both.
    """
    return {
        "canvas": type(canvas).__qualname__,
        "optimizer": type(optimizer).__qualname__,
        "scheduler": type(scheduler).__qualname__,
        "options": _plain(optimizer.defaults),
        "schedule": {} if scheduler is None else describe_scheduler(scheduler),
    }


def describe_scheduler(scheduler: LRScheduler) -> dict[str, Any]:
    """Return the options of a scheduler, in plain types."""
    return {k: v for k, v in _plain(scheduler.state_dict()).items() if k not in MOVING}


def adapt_optimizer(checkpoint: Checkpoint, present: dict[str, Any]) -> list[str]:
    """Change a checkpoint's optimizer and scheduler state, in place, to a run's own settings.

    Another optimizer or scheduler starts cold. Options that the run sets to something else than
    the run before it replace the stored ones; a new learning rate keeps the factor by which a
    scheduler had changed the old one.

    Args:
        checkpoint: What Lightning loaded.
        present: What ``describe`` says of the resuming run.

    Returns:
        One sentence for each thing that differs.
    """
    stored = {**checkpoint.get("made_with", present), "canvas": canvas_of(checkpoint)}
    for kind in ("optimizer", "canvas"):
        if stored[kind] != present[kind]:
            checkpoint["optimizer_states"], checkpoint["lr_schedulers"] = [], []
            return [f"{present['optimizer']} starts cold: the checkpoint has {stored[kind]}."]
    said = []
    if stored["scheduler"] != present["scheduler"]:
        checkpoint["lr_schedulers"] = []
        said.append("The learning-rate schedule starts anew: the checkpoint has another one.")
    for key, value in present["options"].items():
        before = stored["options"].get(key, value)
        if before != value:
            said.append(f"{present['optimizer']}: {key} is {value}, no longer {before}.")
            _replace_option(checkpoint, key, before, value)
    for key, value in present["schedule"].items():
        before = stored["schedule"].get(key, value)
        if before != value:
            said.append(f"{present['scheduler']}: {key} is {value}, no longer {before}.")
            for state in checkpoint["lr_schedulers"]:
                state[key] = value
    return said


def _replace_option(checkpoint: Checkpoint, key: str, before: Any, value: Any) -> None:
    groups = [group for state in checkpoint["optimizer_states"] for group in state["param_groups"]]
    if key != "lr":
        for group in groups:
            group[key] = value
        return
    for group in groups:
        for name in ("lr", "initial_lr"):
            if name in group:
                group[name] = _scaled(group[name], before, value)
    for state in checkpoint["lr_schedulers"]:
        for name in ("base_lrs", "_last_lr"):
            if name in state:
                state[name] = [_scaled(rate, before, value) for rate in state[name]]


def _scaled(rate: float, before: float, value: float) -> float:
    """Return a rate that kept its ratio to the option it came from."""
    return value if before == 0 else rate * value / before


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if isinstance(value, PLAIN)}
