"""Small pictures with and without colours."""

from pathlib import Path

import torch
from torch import Tensor

from stylelightning.colours.transfer import colour_moments, transfer
from stylelightning.images import Picture


def make_picture(pixels: Tensor) -> Picture:
    return Picture(pixels, None, Path("made.png"))


def recoloured(source: Picture, target: Picture) -> Tensor:
    """Return the source in the target's colours."""
    return transfer(source, colour_moments(target.pixels, target.alpha))


def random_picture(seed: int, low: float = 0.0, high: float = 1.0) -> Picture:
    """Return a picture whose three colours are correlated."""
    generator = torch.Generator().manual_seed(seed)
    mixed = torch.rand((3, 3), generator=generator) + torch.eye(3)
    mixed = mixed / mixed.sum(1, keepdim=True)
    noise = torch.rand((1, 3, 24, 32), generator=generator)
    return make_picture(low + (high - low) * torch.einsum("ij,bjhw->bihw", mixed, noise))


def flat() -> Tensor:
    return torch.tensor([0.8, 0.2, 0.1]).view(1, 3, 1, 1).expand(1, 3, 6, 6)


def gray() -> Tensor:
    return torch.linspace(0, 1, 36).view(1, 1, 6, 6).expand(1, 3, 6, 6)
