"""Geometry and derivatives of any backbone, measured from outside."""

import torch
from torch import Tensor

from stylelightning.backbones import Backbone


def support(backbone: Backbone, layer: str, side: int, position: int) -> tuple[int, int]:
    """First and last row of the picture that one position of a layer depends on."""
    image = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    image.requires_grad_()
    features = backbone(image, [layer])[layer]
    values = features[0, :, position, position]
    # a plain sum is constant after a normalisation over channels
    (values * torch.linspace(1, 2, len(values))).sum().backward()
    assert image.grad is not None
    rows = image.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    return int(rows[0]), int(rows[-1])


def picture(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    """A random picture of shape (B, 3, H, W) in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64).to(dtype)
