"""Sums over positions, which add up over the parts of a picture."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from stylelightning.backbones.base import Features

Count = int | Tensor
"""Number of positions of a layer, or the sum of their weights, a scalar."""


class Sums:
    """What the losses on sums over positions have seen so far.

    Args:
        statistics: The sums of each loss, by its name and by their own; None for none yet.
        counts: Number of positions of each layer, or the sum of their weights, by the same names.
    """

    def __init__(
        self,
        statistics: Mapping[str, Features] | None = None,
        counts: Mapping[str, dict[str, Count]] | None = None,
    ) -> None:
        self.statistics = dict(statistics or {})
        self.counts = dict(counts or {})

    def add(
        self, statistics: Mapping[str, Features], counts: Mapping[str, dict[str, Count]]
    ) -> None:
        """Add those of another part of the picture."""
        for name, each in statistics.items():
            _add(self.statistics.setdefault(name, {}), each)
        for name, numbers in counts.items():
            _add(self.counts.setdefault(name, {}), numbers)

    def zeros(self) -> "Sums":
        """Return as much of nothing: the same names and shapes."""
        return Sums(
            {
                name: {key: torch.zeros_like(each) for key, each in found.items()}
                for name, found in self.statistics.items()
            },
            {
                name: {key: each * 0 for key, each in found.items()}
                for name, found in self.counts.items()
            },
        )


def _add(total: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, each in more.items():
        total[key] = total[key] + each if key in total else each
