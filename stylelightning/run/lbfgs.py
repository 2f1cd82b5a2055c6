"""What makes torch's L-BFGS fit a run whose steps are single evaluations."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import LBFGS, Optimizer

LONGEST_STEP = 0.1
"""Root mean square of what a step changes of the picture, a tenth of its range [0, 1]."""
TOLERANCE = 1e-3
"""Part by which a step may be longer, so that one that was shortened is not so again."""
LEAST_PART = 1e-30
"""Part of a step below which one that stays too long is left: its parameters are not finite."""
EVALUATIONS = 25
"""Evaluations that torch allows a step with a line search, by its own default."""


def prepare(optimizer: LBFGS, picture: Callable[[], Tensor]) -> None:
    """Make each step one evaluation, and no step longer than ``LONGEST_STEP``.

    Without a line search n steps of one iteration are one step of n, bit for bit. With one, a step
    is an iteration with as many evaluations as ``max_eval`` allows; 1, which is torch's own choice
    for ``max_iter: 1``, leaves none for the search, and stands for 25. Such a search shortens its
    steps by itself, and they are left as they are.

    Args:
        optimizer: Optimizer of the picture, not stepped yet; torch's own or of a derived class.
        picture: What gives the picture that the parameters stand for.
    """
    group = optimizer.param_groups[0]  # L-BFGS has but one
    searches = group["line_search_fn"] is not None
    evaluations = group["max_eval"] if searches and group["max_eval"] > 1 else EVALUATIONS
    options = {"max_iter": 1, "max_eval": evaluations if searches else 1}
    group.update(options)
    optimizer.defaults.update(options)
    if not searches:
        limit = _StepLimit(picture)
        optimizer.register_step_pre_hook(limit.remember)
        optimizer.register_step_post_hook(limit.shorten)


class _StepLimit:
    """Shortens a step that leaps out of the picture; shorter ones stay as they are, bit for bit.

    Torch's first step is tiny, 1 over the gradient's 1-norm. What it says of the curvature may be
    useless, from white noise above all. If the curvature along it is negative, torch drops the
    pair, and its second step is the gradient itself, thousands of pictures long. If it is positive
    but next to nothing, the pair is kept, and the second step is as wrong. A line search would
    find out, at the price of evaluations. A bound on the length, as line searches have too, costs
    none: the first step of full length then measures the curvature where it matters.

    Direction and scale are kept, and the factor of the step in the optimizer's state is that of
    the step that was made, so that the next pair is right and a checkpoint says everything.

    The length is that of the picture's change, whatever its parameters are. Where the picture is
    linear in them, a part of the step is that part of the change. Where it is not, as under a
    sigmoid, which is flat far out, that part may be too long still, and is halved until it is not.

    Source: the greatest step of a line search, Dennis and Schnabel, "Numerical methods for
    unconstrained optimization and nonlinear equations", 1983, algorithm A6.3.1, ``maxstep``
    """

    def __init__(self, picture: Callable[[], Tensor]) -> None:
        self._picture = picture
        self._before: list[Tensor] = []

    @torch.no_grad()
    def remember(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """Keep the picture as it is before the step."""
        parameters = optimizer.param_groups[0]["params"]
        self._before = [each.clone() for each in (self._picture(), *parameters)]

    @torch.no_grad()
    def shorten(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """Go only a part of the step, if all of it was too long."""
        if not self._before:  # a derived class calls torch's step in its own, and both end here
            return
        (picture, *before), self._before = self._before, []
        length = root_mean_square(self._picture() - picture)
        if not LONGEST_STEP < length < math.inf:
            return
        parameters = optimizer.param_groups[0]["params"]
        after = [parameter.clone() for parameter in parameters]

        def go(part: float) -> float:
            for parameter, old, new in zip(parameters, before, after, strict=True):
                parameter.copy_(old.add(new - old, alpha=part))
            return root_mean_square(self._picture() - picture)

        part = LONGEST_STEP / length
        length = go(part)
        while length > LONGEST_STEP * (1 + TOLERANCE) and part > LEAST_PART:
            part *= min(0.5, LONGEST_STEP / length)
            length = go(part)
        state = optimizer.state[parameters[0]]
        state["t"] = state["t"] * part


def root_mean_square(values: Tensor) -> float:
    """Return the root of the mean of squares, which themselves may be too large for the type."""
    largest = values.abs().amax()
    return float(largest * (values / largest).square().mean().sqrt())
