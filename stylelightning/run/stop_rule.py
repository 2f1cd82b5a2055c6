"""When a scale has no more to give: steps that don't show are not made."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

TINY = sys.float_info.min


@dataclass(frozen=True)
class StopRule:
    """Ends a scale whose steps change next to nothing any more; the next one begins then.

    Each window of steps is compared with the one before. All that is named must be small; the
    steps of ``schedule`` stay the most that are made.

    Args:
        total: Relative change of the mean total from one window to the next, such as 0.01; null
            to leave it out.
        picture: Root mean square of what the shown picture changed in a window, its range being
            [0, 1], such as 0.004, one level of 255; null to leave it out.
        window: Steps of a window, at least 2.

    Raises:
        ValueError: If a number is out of its range, or nothing is named.
    """

    total: float | None = 0.01
    picture: float | None = None
    window: int = 20

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, value in (("total", self.total), ("picture", self.picture)):
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"`model.stop_rule.{name}` must be above 0, got {value}.")
        if self.total is None and self.picture is None:
            raise ValueError(
                "`model.stop_rule` must name `total` or `picture`, got neither: give it one, or "
                "leave it out with --model.stop_rule null."
            )
        if self.window < 2:
            raise ValueError(f"`model.stop_rule.window` must be at least 2, got {self.window}.")


class Watch:
    """Looks at a run's steps for a `StopRule`; between two windows nothing leaves the device.

    Args:
        rule: What is looked for.
    """

    def __init__(self, rule: StopRule) -> None:
        self.rule = rule
        self.start()

    def start(self) -> None:
        """Forget all: a scale begins."""
        self._sum: Tensor | None = None
        self._mean = math.nan
        self._picture: Tensor | None = None

    def is_over(self, total: Tensor, picture: Callable[[], Tensor], step: int, steps: int) -> bool:
        """Return whether the scale has no more to give, before its steps are done.

        Args:
            total: The total that the step was made from, a scalar.
            picture: What gives the shown picture after it, (1, 3, H, W).
            step: Steps done at this scale; it is called after each.
            steps: Steps of this scale.
        """
        still = self._is_still(total, picture, step)
        if still or step == steps:
            self.start()
        return still and step < steps

    @torch.no_grad()
    def _is_still(self, total: Tensor, picture: Callable[[], Tensor], step: int) -> bool:
        self._sum = total if self._sum is None else self._sum.to(total) + total
        if step % self.rule.window:
            return False
        mean, before = float(self._sum) / self.rule.window, self._mean
        shown, last = picture().clone(), self._picture
        self._sum, self._mean, self._picture = None, mean, shown
        if last is None:
            return False
        changes = (
            (self.rule.total, abs(mean - before) / max(abs(before), TINY)),
            (self.rule.picture, float((shown - last.to(shown)).square().mean().sqrt())),
        )
        return all(change <= most for most, change in changes if most is not None)

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs, in plain types and tensors."""
        return {"sum": self._sum, "mean": self._mean, "picture": self._picture}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` returned, wherever the run is now."""
        self._sum, self._mean, self._picture = state["sum"], state["mean"], state["picture"]
