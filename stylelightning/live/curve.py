"""The terms of a run over its steps, thinned."""

import math
from collections.abc import Callable, Mapping
from time import monotonic

import torch
from torch import Tensor

from stylelightning.execution.to_host import to_host

MOST = 400
"""Most points that are kept."""
EVERY = 0.05
"""Least seconds from one point to the next, until there are too many."""


class Point:
    """The weighted terms at a step, which may still be on their way to the host.

    Args:
        step: Number of steps made.
        terms: The terms, scalars by name.
    """

    def __init__(self, step: int, terms: Mapping[str, Tensor]) -> None:
        self.step = step
        self._names = [*terms]
        copies = to_host({"terms": torch.stack([*terms.values()])})
        self._copies: Callable[[], dict[str, Tensor]] | None = copies
        self._values: dict[str, float] = {}

    def values(self) -> dict[str, float]:
        """Return the terms and their ``total``; waits for them, so it is not for the run."""
        copies = self._copies
        if copies is not None:
            numbers = copies()["terms"].tolist()
            values = dict(zip(self._names, numbers, strict=True))
            self._values = {**values, "total": math.fsum(numbers)}
            self._copies = None
        return self._values


class Curve:
    """Takes the terms of a step at times; when there are too many, every other one is dropped."""

    def __init__(self) -> None:
        self._points: list[Point] = []
        self._every = EVERY
        self._added_at = -math.inf

    def add(self, step: int, terms: Mapping[str, Tensor]) -> None:
        """Keep the terms of a step, if it is time.

        Args:
            step: Number of steps made.
            terms: The weighted terms, scalars by name.
        """
        now = monotonic()
        if not terms or now - self._added_at < self._every:
            return
        self._added_at = now
        if len(self._points) >= MOST:
            self._points, self._every = self._points[::2], self._every * 2
        self._points.append(Point(step, terms))

    def columns(self) -> dict[str, list[float | None]]:
        """Return the points as columns: ``step``, the terms and ``total``; None is no number."""
        points = [*self._points]
        rows = [{"step": float(point.step), **point.values()} for point in points]
        names = rows[0] if rows else {}
        return {name: [_number(row[name]) for row in rows] for name in names}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
