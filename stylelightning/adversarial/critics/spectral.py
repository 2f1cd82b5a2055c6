"""A convolution whose filters, as a matrix, have norm 1."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class SpectralConv2d(nn.Module):
    r"""A convolution without padding by :math:`W / \sigma(W)`, the largest singular value.

    The singular vector is kept from call to call and followed by one power iteration at each call
    in training mode; in evaluation mode nothing changes. torch's own parametrisation does the same
    and can't be pickled.

    Args:
        inputs: Number of channels of the maps.
        outputs: Number of filters.
        kernel: Side of a filter in positions.

    Source: Miyato et al., ICLR 2018, algorithm 1, https://arxiv.org/abs/1802.05957
    """

    left: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel)
        self.register_buffer("left", functional.normalize(torch.randn(outputs), dim=0))

    def forward(self, maps: Tensor) -> Tensor:
        """Return the maps, filtered, of shape (B, outputs, h - kernel + 1, w - kernel + 1).

        Args:
            maps: Feature maps of shape (B, inputs, h, w).
        """
        weight = self.convolution.weight
        matrix = weight.flatten(1)
        with torch.no_grad():
            right = functional.normalize(matrix.T @ self.left, dim=0)
            if self.training:
                self.left = functional.normalize(matrix @ right, dim=0)
                right = functional.normalize(matrix.T @ self.left, dim=0)
        norm = self.left @ matrix @ right
        return functional.conv2d(maps, weight / norm, self.convolution.bias)
