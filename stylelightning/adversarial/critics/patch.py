"""A small convolutional critic of patches."""

from itertools import chain

from torch import nn

from stylelightning.adversarial.critics.base import Critic
from stylelightning.adversarial.critics.spectral import SpectralConv2d


class PatchCritic(Critic):
    """Convolutions without padding: each score sees one patch and nothing beyond.

    A patch has ``depth * (kernel - 1) + 1`` positions on a side. There is no normalisation over
    the batch or the map, which would let a patch know of others.

    Args:
        width: Channels of each hidden layer, at least 1.
        depth: Number of hidden layers, at least 1; one more, 1 x 1, gives the score.
        kernel: Side in positions of each hidden layer's filters, at least 1.
        spectral: Whether each layer is divided by its spectral norm, so that the score changes no
            faster than the patch.

    Raises:
        ValueError: If a number is below 1.

    Source: Li and Wand, ECCV 2016, https://arxiv.org/abs/1604.04382; without padding: Shaham,
    Dekel and Michaeli, ICCV 2019, https://arxiv.org/abs/1905.01164
    """

    def __init__(
        self, width: int = 64, depth: int = 3, kernel: int = 3, spectral: bool = False
    ) -> None:
        counts: dict[str, int | None] = {"width": width, "depth": depth, "kernel": kernel}
        for name, value in counts.items():
            if value is None or value < 1:  # the parser lets null pass
                raise ValueError(f"`{name}` of PatchCritic must be at least 1, got {value}.")
        self.width = width
        self.depth = depth
        self.kernel = kernel
        self.spectral = spectral
        self.patch = depth * (kernel - 1) + 1

    def build(self, channels: int) -> nn.Module:
        """Return the network for maps of so many channels."""
        convolution = SpectralConv2d if self.spectral else nn.Conv2d
        inputs = [channels, *[self.width] * (self.depth - 1)]
        hidden = [
            (convolution(count, self.width, self.kernel), nn.LeakyReLU(0.2)) for count in inputs
        ]
        return nn.Sequential(*chain(*hidden), convolution(self.width, 1, 1))
