"""What processes that work on one picture together can do for a computation."""

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor


class Sharing(Protocol):
    """Processes that each do a part of a computation, and have the same result."""

    rank: int
    """Number of this process, from 0."""
    size: int
    """Number of all processes; 1 for one that is alone."""

    def all_reduce(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return the sums over all processes of some tensors."""

    def least(self, tensor: Tensor) -> Tensor:
        """Return the least of all processes' values, for each element of a tensor."""
