"""Scales and steps, as a function of the number of steps done."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

DRAFT_SIZE = 384
"""Longest side in pixels of a draft."""


@dataclass(frozen=True)
class Scale:
    """One size of the picture and the steps spent at it.

    Args:
        size: Longer side of the picture in pixels.
        steps: Number of optimizer steps.
        idle: Names of the losses that have no term here.
    """

    size: int
    steps: int
    idle: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Finish:
    """One more pass at the size of the finished picture, with other losses.

    It is a scale like any other: targets and optimizer start again. Each name is that of an entry
    of ``model.losses``; whatever is not named is in force all along.

    Args:
        steps: Steps of the pass.
        adds: Losses that are in force in this pass alone.
        drops: Losses that are in force before it alone.

    Raises:
        ValueError: If ``steps`` is below 1, or a loss is both added and dropped.
    """

    steps: int
    adds: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.steps < 1:
            raise ValueError(
                f"`model.schedule.finish.steps` must be at least 1, got {self.steps}: give "
                "--model.schedule.finish null for no such pass."
            )
        for name in self.adds:
            if name in self.drops:
                raise ValueError(
                    f"`model.schedule.finish` both adds and drops {name!r}, which would never be "
                    "in force: name it once."
                )


@dataclass(frozen=True)
class Plan:
    """The scales of one run, coarse to fine.

    Which scale a step belongs to depends on its number and on the scales that a run has ended
    early, which its checkpoint names, so a run can resume anywhere.

    Args:
        scales: At least one scale.
    """

    scales: tuple[Scale, ...]

    @property
    def ends(self) -> list[int]:
        """Number of steps done when each scale is finished."""
        return list(accumulate(scale.steps for scale in self.scales))

    @property
    def total_steps(self) -> int:
        """Number of steps of the whole run."""
        return self.ends[-1]

    def index_at(self, step: int) -> int:
        """Return the index of the scale that runs when ``step`` steps are done.

        Example:
            >>> plan = Plan((Scale(64, 10), Scale(128, 5)))
            >>> [plan.index_at(step) for step in (0, 9, 10, 14, 15)]
            [0, 0, 1, 1, 1]
        """
        return min(bisect_right(self.ends, step), len(self.scales) - 1)

    def with_steps(self, steps: Mapping[int, int]) -> "Plan":
        """Return the plan with other numbers of steps at some scales.

        Example:
            >>> Plan((Scale(64, 10), Scale(128, 5))).with_steps({0: 7}).ends
            [7, 12]

        Args:
            steps: Numbers of steps by the indices of their scales.
        """
        pairs = enumerate(self.scales)
        return Plan(tuple(replace(each, steps=steps.get(i, each.steps)) for i, each in pairs))

    def steps_into(self, index: int, step: int) -> int:
        """Return how many of ``step`` steps were done at a scale.

        Example:
            >>> Plan((Scale(64, 10), Scale(128, 5))).steps_into(1, 12)
            2
        """
        return step - sum(scale.steps for scale in self.scales[:index])


@dataclass(frozen=True)
class Schedule:
    """How many steps at which sizes, coarse to fine.

    The last scale has the size of the finished picture; each one before it is smaller by
    ``factor``, down to ``min_size``.

    Args:
        steps: Steps at each scale. A list gives the scales from coarse to fine their own number
            and its last entry holds for all that follow: ``[1000, 500]`` is 1000 steps at the
            first scale and 500 at every other.
        min_size: Longer side in pixels of the smallest scale; null for the last scale only.
        factor: Ratio of the sizes of two neighbouring scales, above 1.
        draft: Whether only a draft is made: the scales above 384 px are left out (a run of one is
            made at 384 px), and each scale has fewer steps, in proportion to the first one's size
            over its own. Its forms, palette and broad strokes are those that the whole run has when
            it gets to that size; what later scales and ``finish`` refine is not there.
        finish: One more pass at the last size with other losses, such as ``{steps: 200, adds:
            [strokes], drops: [style]}``; null for none.

    Raises:
        ValueError: If a number is out of its range.
    """

    steps: int | list[int] = 500
    min_size: int | None = None
    factor: float = 2**0.5
    draft: bool = False
    finish: Finish | None = None

    def __post_init__(self) -> None:
        """Check the ranges."""
        counts = self._counts()
        if not counts or min(counts) < 1:
            raise ValueError(f"`model.schedule.steps` must be at least 1, got {self.steps}.")
        if self.min_size is not None and self.min_size < 1:
            raise ValueError(
                f"`model.schedule.min_size` must be at least 1 pixel, got {self.min_size}."
            )
        if not self.factor > 1:
            raise ValueError(f"`model.schedule.factor` must be above 1, got {self.factor}.")

    def sizes(self, size: int) -> list[int]:
        """Return the longer sides in pixels, coarse to fine, that lead to ``size``.

        Example:
            >>> Schedule(min_size=128).sizes(512)
            [128, 181, 256, 362, 512]
            >>> Schedule(min_size=128, draft=True).sizes(512)
            [128, 181, 256, 362]
        """
        sizes = self._sizes(size)
        if self.draft:
            return [each for each in sizes if each <= DRAFT_SIZE] or [DRAFT_SIZE]
        return sizes

    def _sizes(self, size: int) -> list[int]:
        if self.min_size is None:
            return [size]
        sizes = [size]
        while (smaller := size / self.factor ** len(sizes)) >= self.min_size - 1e-6:
            if round(smaller) < sizes[-1]:
                sizes.append(round(smaller))
            else:  # a factor near 1 at a tiny size: rounding no longer shrinks
                break
        return sizes[::-1]

    def plan(self, size: int, usable: Callable[[int], bool]) -> Plan:
        """Return the plan that leads to ``size`` over the usable scales.

        Args:
            size: Longer side of the finished picture in pixels.
            usable: Tells whether the losses can be computed at a longer side.

        Returns:
            The plan; steps are counted from the first scale that is used. The last scale is always
            in it: whoever calls makes sure that it is usable.
        """
        sizes = self.sizes(size)
        used = [each for each in sizes[:-1] if usable(each)] + sizes[-1:]
        counts: Sequence[int] = self._counts()
        scales = [Scale(each, counts[min(n, len(counts) - 1)]) for n, each in enumerate(used)]
        if self.draft:
            parts = [(each, used[0] / each.size) for each in scales]
            scales = [replace(each, steps=max(1, round(part * each.steps))) for each, part in parts]
        if self.finish is not None:
            scales = [replace(each, idle=frozenset(self.finish.adds)) for each in scales]
        if self.finish is not None and not self.draft:
            scales += [Scale(used[-1], self.finish.steps, frozenset(self.finish.drops))]
        return Plan(tuple(scales))

    def _counts(self) -> list[int]:
        return [self.steps] if isinstance(self.steps, int) else list(self.steps)
