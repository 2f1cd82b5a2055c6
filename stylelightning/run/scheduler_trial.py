"""A learning-rate scheduler tried for as many steps as a run asks of it, before the run."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from stylelightning.run.made_with import describe_scheduler
from stylelightning.schedule import Plan

CYCLED = ("lr", "momentum", "betas")
"""Options of an optimizer that schedulers change."""


def try_scheduler(
    optimizer: Optimizer, make: Callable[[Optimizer], LRScheduler], plan: Plan, max_steps: int
) -> None:
    """Step a scheduler as often as at the longest scale, on an optimizer that makes no step.

    Args:
        optimizer: An optimizer of the picture that is thrown away afterwards.
        make: What makes the scheduler.
        plan: The run's scales.
        max_steps: Most steps of the run; -1 for all of the plan.

    Raises:
        ValueError: If it can't be made, fails at a step, or gives a rate or a momentum that is
            negative or not finite.
    """
    steps = longest_scale(plan, max_steps)
    with warnings.catch_warnings(action="ignore"), torch.random.fork_rng(devices=[]):
        scheduler = made(optimizer, make)
        for step in range(1, steps + 1):
            try:
                if isinstance(scheduler, ReduceLROnPlateau):
                    scheduler.step(1.0)  # a total that stays is the longest plateau
                else:
                    scheduler.step()
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                raise _refused(scheduler, step, steps, f"it fails there ({reason})") from error
            for name in CYCLED:
                if not all(_fits(group.get(name, 0)) for group in optimizer.param_groups):
                    value = next(
                        group[name] for group in optimizer.param_groups if not _fits(group[name])
                    )
                    wrong = f"{name} would be {value}, and must be a number of at least 0"
                    raise _refused(scheduler, step, steps, wrong)


def made(optimizer: Optimizer, make: Callable[[Optimizer], LRScheduler]) -> LRScheduler:
    """Return the scheduler of an optimizer.

    Raises:
        ValueError: If it can't be made.
    """
    try:
        scheduler: object = make(optimizer)
    except Exception as error:
        raise ValueError(
            f"`model.lr_scheduler` can't be made with these options: {type(error).__name__}: "
            f"{error}. Lengths are steps, at least 1: the docs of torch.optim.lr_scheduler have "
            "the ranges."
        ) from error
    if not isinstance(scheduler, LRScheduler):
        raise ValueError(
            "`model.lr_scheduler` must make a torch.optim.lr_scheduler.LRScheduler of an "
            f"optimizer, got {type(scheduler).__name__}: return one, or give null."
        )
    return scheduler


def longest_scale(plan: Plan, max_steps: int) -> int:
    """Return the most steps that a run makes at one scale.

    Example:
        >>> from stylelightning.schedule import Plan, Scale
        >>> [longest_scale(Plan((Scale(64, 10), Scale(128, 20))), n) for n in (-1, 5, 12, 25)]
        [20, 5, 10, 15]
    """
    left, longest = plan.total_steps if max_steps < 0 else max_steps, 0
    for scale in plan.scales:
        longest, left = max(longest, min(scale.steps, left)), max(0, left - scale.steps)
    return longest


def _fits(value: Any) -> bool:
    values = value if isinstance(value, tuple | list) else (value,)
    return all(0 <= float(each) < math.inf for each in values)


def _refused(scheduler: LRScheduler, step: int, steps: int, wrong: str) -> ValueError:
    options = ", ".join(f"{key} {value}" for key, value in describe_scheduler(scheduler).items())
    return ValueError(
        f"`model.lr_scheduler` {type(scheduler).__name__} must last the {steps} steps of a scale: "
        f"at step {step} {wrong}. Change its options{f' ({options})' if options else ''}, or take "
        "it out with --model.lr_scheduler null."
    )
