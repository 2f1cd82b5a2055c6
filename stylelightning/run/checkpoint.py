"""What a checkpoint holds, and whether a run can go on from it."""

import pickle
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule

from stylelightning.parametrizations import Parametrization

Checkpoint = dict[str, Any]

PARTS = {"state_dict", "optimizer_states", "lr_schedulers", "loops", "global_step", "scale"}
"""What a run goes on from."""


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


def check_module(path: Path, given: Collection[str], in_a_file: bool) -> None:
    """Refuse to make a module of what is no checkpoint, or whose arguments are known to nobody.

    Args:
        path: Path of the checkpoint.
        given: Names of the arguments that are given beside it.
        in_a_file: Whether a file gives more of them, which Lightning reads.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds something else, or an argument is missing without which there is no
            module.
    """
    checkpoint = read_checkpoint(path)
    if in_a_file:
        return
    known = {*checkpoint.get(LightningModule.CHECKPOINT_HYPER_PARAMS_KEY, {}), *given}
    missing = [name for name in ("backbone", "losses") if name not in known]
    if missing:
        raise ValueError(
            f"{path.absolute()} is of a module that was made in Python, and does not say with what "
            f"arguments: give load_from_checkpoint {' and '.join(f'{n}=...' for n in missing)} "
            "again, and whatever else was not the default, such as canvas or averaging."
        )


def check_canvas(checkpoint: Checkpoint, parametrization: Parametrization) -> None:
    """Refuse another parametrisation than that of the checkpoint's picture.

    Raises:
        ValueError: If it is so.
    """
    stored, given = canvas_of(checkpoint), canvas_name(parametrization)
    if stored != given:
        raise ValueError(
            f"`canvas` must be a {stored}, as in the checkpoint, got {given}: give "
            "load_from_checkpoint the canvas that the module was made with."
        )


def canvas_of(checkpoint: Checkpoint) -> str:
    """Return the name of the parametrisation of a checkpoint's picture, as `canvas_name` has it."""
    return str(checkpoint.get("made_with", {}).get("canvas", "PixelParametrization"))


def canvas_name(parametrization: Parametrization) -> str:
    """Return all that says how a parametrisation's numbers are read.

    Args:
        parametrization: The canvas', with or without a picture.

    Returns:
        Its class, with what its ``extra_repr`` says and the parametrisations that it is made of.
    """
    parts = [
        f"{name}={canvas_name(each)}"
        for name, each in parametrization.named_children()
        if isinstance(each, Parametrization)
    ]
    said = ", ".join(filter(None, [parametrization.extra_repr(), *parts]))
    kind = type(parametrization).__qualname__
    return f"{kind}({said})" if said else kind


def of_canvas(state: dict[str, Any]) -> dict[str, Any]:
    """Return what a checkpoint keeps of a module's state: the canvas, never the backbone."""
    return {key: value for key, value in state.items() if key.startswith("canvas.")}


def complete(
    checkpoint: Checkpoint, state: dict[str, Any], parametrization: Parametrization
) -> None:
    """Give a checkpoint, in place, the present state for whatever it holds none of.

    Args:
        checkpoint: What Lightning loaded.
        state: The module's state, its canvas being as large as the checkpoint's.
        parametrization: That of the canvas. If it is another one than the checkpoint's, it keeps
            its own tensors: the picture is all they share.
    """
    stored = checkpoint["state_dict"]
    if canvas_of(checkpoint) != canvas_name(parametrization):
        stored = {key: value for key, value in stored.items() if "parametrization" not in key}
    checkpoint["state_dict"] = {key: stored.get(key, value) for key, value in state.items()}
