"""Sums over positions, which add up over the parts of a picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from stylelightning.backbones.base import Features

Count = int | Tensor
"""Number of positions of a layer, or the sum of their weights, a scalar."""


@dataclass
class Sums:
    """What the losses on sums over positions have seen so far.

    Args:
        statistics: The sums of each loss, by its name and by their own.
        counts: Number of positions of each layer, or the sum of their weights, by the same names.
    """

    statistics: dict[str, Features] = field(default_factory=dict)
    counts: dict[str, dict[str, Count]] = field(default_factory=dict)

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
