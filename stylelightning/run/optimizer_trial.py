"""An optimizer tried on other numbers, before a run trusts it with its picture."""

import math
from collections.abc import Iterator, Mapping
from copy import deepcopy
from inspect import isfunction
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

STEPS = 3
"""L-BFGS first looks into its history at the second."""
SIDE = 64
"""Most numbers along each dimension of what is tried: a large picture would take all its memory."""


def try_optimizer(optimizer: Optimizer, device: torch.device) -> None:
    """Refuse an optimizer that can't step, or changes nothing.

    A copy of it takes a few steps down a bowl, with no more than a corner of each parameter; the
    optimizer and the picture stay as they are.

    Args:
        optimizer: The optimizer of a picture.
        device: Where the run will be.

    Raises:
        ValueError: If it is so; the text names the option if one is out of its range.
    """
    _check_numbers(optimizer)
    tried: list[nn.Parameter] = []
    places: dict[int, Tensor] = {}
    for group in optimizer.param_groups:
        for each in group["params"]:
            tried.append(nn.Parameter(torch.zeros_like(_corner(each), device=device)))
            places[id(each)] = tried[-1]
            for value in optimizer.state.get(each, {}).values():  # which some have at once
                if isinstance(value, Tensor) and value.shape == each.shape:
                    places[id(value)] = _corner(value).clone()
    name = type(optimizer).__name__
    cuda = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(cuda), torch.enable_grad():
        try:
            trial = _copy(optimizer, places)
            for _ in range(STEPS):
                trial.step(closure=lambda: _bowl(tried))  # type: ignore[arg-type, return-value]
        except Exception as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise ValueError(
                f"`model.optimizer` {name} can't optimise a picture: {reason}."
            ) from error
    if not any(each.count_nonzero() for each in tried):
        raise ValueError(
            f"`model.optimizer` {name} changes nothing in {STEPS} steps: raise "
            "--model.optimizer.lr, or look at its other options."
        )


def _corner(tensor: Tensor) -> Tensor:
    return tensor[tuple(slice(SIDE) for _ in tensor.shape)]


def _copy(optimizer: Optimizer, places: dict[int, Tensor]) -> Optimizer:
    """Return a copy with other tensors in the places of the picture's, by id.

    A copy that Python makes by itself lacks what an optimizer's state does not keep, such as
    L-BFGS's list of parameters. Hooks that are plain functions belong to the optimizer's class and
    go along; a method or a closure holds on to the picture, and is left out.
    """
    copy = object.__new__(type(optimizer))
    own = {k: v for k, v in vars(optimizer).items() if not k.endswith("_hooks")}
    hooks = {k: v for k, v in vars(optimizer).items() if k.endswith("_hooks")}
    plain = {
        k: type(v)((key, hook) for key, hook in v.items() if _holds_nothing(hook))
        for k, v in hooks.items()
    }
    vars(copy).update(deepcopy(own, places), **plain)
    return copy


def _holds_nothing(hook: object) -> bool:
    return isfunction(hook) and hook.__closure__ is None


def _check_numbers(optimizer: Optimizer) -> None:
    for group in optimizer.param_groups:
        for key, value in _numbers(group):
            if not math.isfinite(value):
                raise ValueError(f"`model.optimizer.{key}` must be a finite number, got {value}.")
            if key == "lr" and not value > 0:
                raise ValueError(
                    f"`model.optimizer.lr` must be above 0, got {value:g}: the picture would stay "
                    "as it is."
                )
            if key == "history_size" and not value >= 1:
                raise ValueError(
                    f"`model.optimizer.history_size` must be at least 1, got {value:g}: L-BFGS "
                    "steps by what it remembers."
                )


def _numbers(group: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in group.items():
        for each in value if isinstance(value, list | tuple) and key != "params" else [value]:
            if isinstance(each, float | int) or (isinstance(each, Tensor) and each.numel() == 1):
                yield key, float(each)


def _bowl(parameters: list[nn.Parameter]) -> Tensor:
    """Return a sum of squares, each with its own curvature, and leave its gradient."""
    total = torch.zeros((), device=parameters[0].device)
    for each in parameters:
        each.grad = None
        steep = torch.arange(1, each.numel() + 1, device=each.device).reshape(each.shape)
        total = total + (steep * (each - 1).abs().square()).sum()
    total.backward()  # type: ignore[no-untyped-call]
    return total
