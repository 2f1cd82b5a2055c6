"""Maps that are computed again for the gradient instead of being kept."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

Maps = TypeVar("Maps")


def recompute(block: Callable[..., Maps], *args: Any) -> Maps:
    """Run a block of a network and keep only what it returns; its inner maps are computed again.

    Args:
        block: The block, a function without random numbers.
        args: Its arguments.
    """
    if not torch.is_grad_enabled():
        return block(*args)
    maps: Maps = checkpoint(block, *args, use_reentrant=False, preserve_rng_state=False)
    return maps


class Recomputed(nn.Module):
    """A module whose inner maps are not kept.

    Args:
        module: The module.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *args: Any) -> Any:
        """Return what the module returns."""
        return recompute(self.module, *args)
