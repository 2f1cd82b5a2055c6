"""What every penalty promises."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

Network = Callable[[Tensor], Tensor]
"""Gives scores of shape (B, 1, h', w') of feature maps of shape (B, C, h, w)."""


class Penalty(ABC):
    """A term of the critic's loss that knows the critic, not its scores alone."""

    @abstractmethod
    def penalty(
        self, network: Network, style: Tensor, picture: Tensor, generator: torch.Generator
    ) -> Tensor:
        """Return the term, a scalar with a gradient at the network's parameters.

        Args:
            network: The critic's network.
            style: Crops of the style, (B, C, h, w).
            picture: Crops of the picture, of the same shape.
            generator: Where random numbers come from, on the CPU.
        """
