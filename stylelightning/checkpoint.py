"""What a checkpoint holds, and how a resumed run's own settings win over it."""

import pickle
from pathlib import Path
from typing import Any

import torch
from torch.optim import Optimizer

Checkpoint = dict[str, Any]


def check_checkpoint(path: Path) -> None:
    """Refuse what is no checkpoint of this program, before anything heavy.

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
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        found = "canvas.image" in checkpoint["state_dict"]
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError):
        found = False
    if not found:
        raise ValueError(
            f"{path.absolute()} is not a checkpoint of this program: give the path of a run's "
            "checkpoints/last.ckpt. Network weights go to --model.backbone.weights."
        )


def describe(optimizer: Optimizer, scheduler: object | None) -> dict[str, Any]:
    """Return what an optimizer and its scheduler were made with, in plain types.

    Args:
        optimizer: Optimizer of the picture.
        scheduler: Its learning-rate scheduler, or None.

    Returns:
        Class names and the optimizer's options.
    """
    plain = (bool, int, float, str, tuple, type(None))
    return {
        "optimizer": type(optimizer).__qualname__,
        "scheduler": type(scheduler).__qualname__,
        "options": {k: v for k, v in optimizer.defaults.items() if isinstance(v, plain)},
    }


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
    stored = checkpoint.get("made_with", present)
    if stored["optimizer"] != present["optimizer"]:
        checkpoint["optimizer_states"], checkpoint["lr_schedulers"] = [], []
        return [f"{present['optimizer']} starts cold: the checkpoint has {stored['optimizer']}."]
    said = []
    if stored["scheduler"] != present["scheduler"]:
        checkpoint["lr_schedulers"] = []
        said.append("The learning-rate schedule starts anew: the checkpoint has another one.")
    for key, value in present["options"].items():
        before = stored["options"].get(key, value)
        if before != value:
            said.append(f"{present['optimizer']}: {key} is {value}, no longer {before}.")
            _replace_option(checkpoint, key, before, value)
    return said


def _replace_option(checkpoint: Checkpoint, key: str, before: Any, value: Any) -> None:
    groups = [group for state in checkpoint["optimizer_states"] for group in state["param_groups"]]
    if key != "lr":
        for group in groups:
            group[key] = value
        return
    factor = value / before
    for group in groups:
        group["lr"] *= factor
        if "initial_lr" in group:
            group["initial_lr"] *= factor
    for state in checkpoint["lr_schedulers"]:
        for name in ("base_lrs", "_last_lr"):
            if name in state:
                state[name] = [rate * factor for rate in state[name]]
