"""What an optimizer was made with; a resumed run's own settings win over a checkpoint's."""

from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from stylelightning.parametrizations import Parametrization
from stylelightning.run.checkpoint import Checkpoint, canvas_name, canvas_of

MOVING = {"last_epoch", "base_lrs", "_step_count", "_last_lr", "_get_lr_called_within_step"}
"""What changes in a scheduler as it is stepped, or follows from the optimizer."""
SAME_STATE = {"LBFGS", "HostLBFGS"}
"""Optimizers that go on from each other's checkpoints: where the history lies is no part of it."""
PLAIN = (bool, int, float, str, tuple, list, type(None))


def describe(
    optimizer: Optimizer, scheduler: LRScheduler | None, canvas: Parametrization
) -> dict[str, Any]:
    """Return what an optimizer and its scheduler were made with, in plain types.

    Args:
        optimizer: Optimizer of the picture.
        scheduler: Its learning-rate scheduler, fresh, or None.
        canvas: The parametrisation of the picture.

    Returns:
        Class names and the options of both.
    """
    return {
        "canvas": canvas_name(canvas),
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

    Another optimizer or scheduler starts cold, unless its state is the same. Options that the run
    sets to something else than the run before it replace the stored ones; a new learning rate
    keeps the factor by which a scheduler had changed the old one.

    Args:
        checkpoint: What Lightning loaded.
        present: What ``describe`` says of the resuming run.

    Returns:
        One sentence for each thing that differs.
    """
    stored = {**checkpoint.get("made_with", present), "canvas": canvas_of(checkpoint)}
    for kind in ("optimizer", "canvas"):
        if stored[kind] != present[kind] and not {stored[kind], present[kind]} <= SAME_STATE:
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
        if key == "history_size":
            _fit_history(checkpoint, value)
        return
    for group in groups:
        for name in ("lr", "initial_lr"):
            if name in group:
                group[name] = _scaled(group[name], before, value)
    for state in checkpoint["lr_schedulers"]:
        for name in ("base_lrs", "_last_lr"):
            if name in state:
                state[name] = [_scaled(rate, before, value) for rate in state[name]]


def _fit_history(checkpoint: Checkpoint, size: int) -> None:
    """Leave L-BFGS as many steps as it may remember, and no list of another length.

    Torch forgets a step only where there are exactly ``history_size`` of them, and makes the list
    ``al`` of that length where there is none.
    """
    for stored in checkpoint["optimizer_states"]:
        for state in stored["state"].values():
            state.pop("al", None)
            for key in {"old_dirs", "old_stps", "ro"} & state.keys():
                state[key] = state[key][-size:]


def _scaled(rate: float, before: float, value: float) -> float:
    """Return a rate that kept its ratio to the option it came from."""
    return value if before == 0 else rate * value / before


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if isinstance(value, PLAIN)}
