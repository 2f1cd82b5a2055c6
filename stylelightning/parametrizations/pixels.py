"""Pixels as the parameters."""

import torch
from torch import Tensor, nn

from stylelightning.parametrizations.linear import LinearParametrization


class PixelParametrization(LinearParametrization):
    """One parameter, the picture itself.

    Source: Gatys, Ecker and Bethge, CVPR 2016, https://doi.org/10.1109/CVPR.2016.265
    """

    image: nn.Parameter

    def encode(self, picture: Tensor) -> None:
        """Make a copy of the picture the parameter."""
        copy = picture.detach().clone(memory_format=torch.contiguous_format)
        self.image = nn.Parameter(copy)

    @torch.no_grad()
    def overwrite(self, picture: Tensor) -> None:
        """Copy the picture to the parameter."""
        self.image.copy_(picture)

    def decode(self) -> Tensor:
        """Return the parameter."""
        return self.image
