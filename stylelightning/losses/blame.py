"""What a loss of a user's own does wrong, in one line: the term, the rule, the way out."""

import inspect
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from stylelightning.backbones.windows import Maps
from stylelightning.losses.base import Loss
from stylelightning.losses.regional import RegionalLoss


class LossError(ValueError):
    """A loss of a user's own, or something of a user's that a loss has, breaks a rule or fails.

    Args:
        line: What it does, the rule and the way out.
    """


def check_loss(name: str, loss: object) -> None:
    """Refuse what is no loss, or one that was not set up.

    Raises:
        LossError: If it is so.
    """
    if not isinstance(loss, Loss):
        raise LossError(
            f"The loss {name!r} must be derived from stylelightning.losses.Loss, got "
            f"{type(loss).__name__}: write a class with `prepare` and `forward`."
        )
    if not {"weight", "layer_weights"} <= vars(loss).keys():
        raise LossError(
            f"The loss {name!r} must be set up by its base class: call super().__init__(weight, "
            f"layers) at the start of `__init__` of {type(loss).__name__}."
        )


@contextmanager
def blamed_on(name: str, loss: Loss, method: str, features: Maps | None = None) -> Iterator[None]:
    """Say which loss failed, if it is a user's own; those of the project have their own words.

    Args:
        name: Name of the term.
        loss: Its loss.
        method: What is called in the body.
        features: The feature maps that it is given.

    Raises:
        LossError: If the body fails, but for want of memory.
    """
    loss = written(loss)
    try:
        yield
    except Exception as error:
        if not is_own(loss) or is_out_of_memory(error) or isinstance(error, LossError):
            raise
        kind, place = type(loss).__name__, _place(error, loss)
        start = f"The loss {name!r}, {kind}, fails in `{method}`{place}:"
        if isinstance(error, KeyError) and _is_layer(error.args[0], features):
            raise LossError(
                f"{start} it reads the layer {error.args[0]!r}, which is not among its `layers`, "
                f"{', '.join(loss.layers)}: name it there, as --model.losses.{name}.layers "
                f"[{', '.join((*loss.layers, str(error.args[0])))}]."
            ) from error
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise LossError(
            f"{start} {reason}. Mend it there, or switch it off with --model.losses.{name} null; "
            "STYLELIGHTNING_DEBUG=1 shows the traceback."
        ) from error


def checked_term(name: str, loss: Loss, value: object, device: torch.device) -> Tensor:
    """Return a term that is a scalar tensor where the picture is; nothing waits for the device.

    Args:
        name: Name of the term.
        loss: Its loss.
        value: What it returned.
        device: Device of the picture.

    Raises:
        LossError: If it is something else.
    """
    if isinstance(value, Tensor) and not value.ndim and value.is_floating_point():
        if value.device == device:
            return value
        got, way = f"one on {value.device}", "move its tensors with `.to(features['image'])`"
    elif not isinstance(value, Tensor):
        got = "None" if value is None else f"a {type(value).__name__}"
        way = "return a tensor, computed from the features without float() or item()"
    elif value.ndim:
        got = f"a tensor of shape {tuple(value.shape)}"
        way = "take its .mean() or .sum()"
    else:
        got, way = f"one of {value.dtype}", "compute it in the features' own type"
    raise LossError(
        f"The loss {name!r}, {type(written(loss)).__name__}, must return a scalar tensor of real "
        f"numbers on {device}, got {got}: {way}."
    )


def is_out_of_memory(error: Exception) -> bool:
    """Return whether something failed for want of memory, on a GPU or on the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)


def is_own(loss: Loss) -> bool:
    """Return whether a loss is of a class of the user's own."""
    return not type(written(loss)).__module__.startswith("stylelightning.")


def written(loss: Loss) -> Loss:
    """Return the loss itself, or that of which a term in regions is made."""
    return loss.term if isinstance(loss, RegionalLoss) else loss


def _is_layer(key: object, features: Maps | None) -> bool:
    return isinstance(key, str) and (features is None or key not in features)


def _place(error: Exception, loss: Loss) -> str:
    """Return the line of the loss's own file at which an error came up."""
    file = inspect.getsourcefile(type(loss))
    frames = traceback.extract_tb(error.__traceback__)
    lines = [each.lineno for each in frames if each.filename == file]
    return f" at line {lines[-1]} of {Path(file).name}" if file and lines else ""
