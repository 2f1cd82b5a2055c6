"""What a step takes at other sizes, and how long the rest of a run will take."""

from collections.abc import Sequence

from stylelightning.schedule import Plan

FIXED = 64 * 64
"""Pixels that take as long as what a step takes at any size, while one size alone is known.

A guess: convolutions take next to nothing but for their pixels, roots of covariances all.
"""


def cost_at(pixels: int, measured: Sequence[tuple[int, float]]) -> float:
    """Return the value of a line through the two nearest sizes that were measured.

    Example:
        >>> cost_at(400, [(100, 2.0), (200, 3.0)])
        5.0

    Args:
        pixels: Number of pixels of the picture.
        measured: Numbers of pixels and what was measured there, at least one pair; one alone is
            taken in proportion to the pixels.
    """
    near = sorted(measured, key=lambda each: abs(each[0] - pixels))[:2]
    first, value = near[0]
    if len(near) == 1 or near[1][0] == first:
        return value * pixels / first
    slope = (near[1][1] - value) / (near[1][0] - first)
    return max(0.0, value + slope * (pixels - first))


class StepTimes:
    """How long the steps of a run took at each scale, and how long those to come will.

    The first step at a scale is left out, for it prepares much.

    Args:
        pixels: Number of pixels of the picture at each scale, coarse to fine.
    """

    def __init__(self, pixels: Sequence[int]) -> None:
        self._pixels = pixels
        self._steps = [0] * len(pixels)
        self._seconds = [0.0] * len(pixels)
        self._scale = -1
        self._ended_at = 0.0

    def add(self, scale: int, now: float) -> None:
        """Take a step that has just ended.

        Args:
            scale: Index of its scale.
            now: The time in seconds, by any clock.
        """
        if scale == self._scale:
            self._steps[scale] += 1
            self._seconds[scale] += now - self._ended_at
        self._scale, self._ended_at = scale, now

    def left(self, plan: Plan, step: int, last: int) -> float | None:
        """Return the seconds to the run's end; None before anything is known.

        Args:
            plan: The run's plan, which has as many scales as there are numbers of pixels.
            step: Number of steps done.
            last: Number of steps after which the run ends.
        """
        known = [(index, steps) for index, steps in enumerate(self._steps) if steps]
        if not known:
            return None
        means = [(self._pixels[index], self._seconds[index] / steps) for index, steps in known]
        total, begin = 0.0, 0
        for index, end in enumerate(plan.ends):
            steps = max(0, min(end, last) - max(begin, step))
            total += steps * self._cost(index, means)
            begin = end
        return total

    def _cost(self, index: int, means: Sequence[tuple[int, float]]) -> float:
        """Return the seconds of a step: no fewer than at a smaller size, whatever a line says.

        Through one size alone there are many lines: small pictures' steps are bound by what does
        not depend on the pixels, so that in proportion to these large ones' would be far too long.
        """
        pixels = self._pixels[index]
        here = [seconds for size, seconds in means if size == pixels]
        if here:
            return here[0]
        if len(means) == 1:
            ((size, seconds),) = means
            return seconds * (pixels + FIXED) / (size + FIXED)
        smaller = [seconds for size, seconds in means if size < pixels]
        return max([cost_at(pixels, means), *smaller])
