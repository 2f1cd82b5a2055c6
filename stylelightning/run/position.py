"""Where a run is: its plan, the scale that it is at, and those that it ended early."""

import logging
from collections.abc import Callable
from typing import Any

from torch import Tensor

from stylelightning.run.checkpoint import Checkpoint
from stylelightning.run.checks import pixels
from stylelightning.run.stop_rule import StopRule, Watch
from stylelightning.schedule import Plan

log = logging.getLogger(__name__)


class Position:
    """Where a run is on its plan, which a stop rule shortens as the run goes.

    Args:
        rule: What ends a scale before its steps are done; None for nothing.
    """

    plan: Plan
    """The scales as they are now; there is none before ``start``."""

    def __init__(self, rule: StopRule | None) -> None:
        self.scale = 0
        self._watch = None if rule is None else Watch(rule)
        self._ended: dict[int, int] = {}  # steps of the scales that ended early, by their indices

    def start(self, plan: Plan) -> None:
        """Take a run's plan; the scale stays, for a module that goes on with its picture.

        Args:
            plan: The plan, of which nothing has ended early yet.
        """
        self.plan, self._ended = plan, {}
        if self._watch is not None:
            self._watch.start()

    def steps_here(self, step: int) -> int:
        """Return how many of ``step`` steps were done at the present scale."""
        return self.plan.steps_into(self.scale, step)

    def end_if_still(
        self, total: Callable[[], Tensor], picture: Callable[[], Tensor], step: int
    ) -> None:
        """End the scale after a step if the stop rule says so.

        Args:
            total: What gives the total that the step was made from, a scalar.
            picture: What gives the shown picture after it, (1, 3, H, W).
            step: Number of steps done, this one among them.
        """
        if self._watch is None:
            return
        done, steps = self.steps_here(step), self.plan.scales[self.scale].steps
        if self._watch.is_over(total(), picture, done, steps):
            log.info(f"scale {self.scale + 1} of {len(self.plan.scales)} is still: {done} steps")
            self._ended[self.scale] = done
            self.plan = self.plan.with_steps(self._ended)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds of it, in plain types and tensors."""
        state: dict[str, Any] = {"scale": self.scale, "ended": self._ended}
        if self._watch is not None:
            state["watch"] = self._watch.state()
        return state

    def go_on_from(self, checkpoint: Checkpoint, sizes: list[tuple[int, int]]) -> None:
        """Go to a checkpoint's place on the plan.

        Args:
            checkpoint: What Lightning loaded.
            sizes: The picture's height and width in pixels at each scale of the plan.

        Raises:
            ValueError: If the plan can't go on from there; nothing is changed then.
        """
        ended = dict(checkpoint.get("ended", {}))
        plan = self.plan.with_steps(ended)
        _check_place(checkpoint, plan, sizes)
        self.plan, self._ended, self.scale = plan, ended, int(checkpoint["scale"])
        if self._watch is not None and "watch" in checkpoint:
            self._watch.load_state(checkpoint["watch"])


def _check_place(checkpoint: Checkpoint, plan: Plan, sizes: list[tuple[int, int]]) -> None:
    """Refuse a picture of another size than its scale's, or a step of another scale."""
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
