"""Untrained filters of several sizes on a pyramid of the picture."""

from collections.abc import Iterable, Sequence
from typing import get_args

import torch
from torch import Tensor, nn

from stylelightning.backbones.base import Backbone, Features, Layer, check_choice
from stylelightning.backbones.padding import Padding, smallest_padded_side

MOST_FILTERS = 2**16
"""Beyond any machine's memory, and within torch's numbers."""


class RandomMultiscale(Backbone):
    """Untrained filters of several sizes on a pyramid of the picture: needs no download.

    Each level holds, of the picture halved n - 1 times, the rectified answers of every filter
    and how far each of the three colours is above and below a middle gray. Gram losses on it keep
    the palette and the fine structure of a style. A filter sums to 0 in each colour and has norm
    1, so flat areas answer nothing. Above and below are apart because a Gram matrix can't tell a
    value from its negative: a dark style would be met by a bright picture.

    The paper has eight sizes, up to 55 x 55 pixels, of the picture itself; here a pyramid sees
    as far with small filters. The colours are not in the paper either. The picture is halved with
    the binomial filter (1, 3, 3, 1), whose windows overlap: the mean of 2 x 2 pixels would leave
    blocks of the coarse levels' size in the picture that is optimised.

    Args:
        levels: Number of layers ``level1``, ``level2``, ..., each at half the size of the one
            before, at least 1. A larger number sees larger structures.
        filters: Number of filters of each size, at least 1.
        sizes: Sides of the filters in pixels, odd and at least 3.
        padding: What the filters read beyond the border: ``zeros`` a flat grey, ``replicate``
            the border's pixels, ``reflect`` the mirrored picture (which then must not be
            smaller than half a filter on its smallest level), ``circular`` the opposite side, for
            pictures that tile.
        seed: Seed of the filters; another seed gives another, similar, picture.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Ustyuzhaninov, Brendel, Gatys and Bethge, "What does it take to generate natural
    textures?", ICLR 2017, https://openreview.net/forum?id=BJhZeLsxx
    """

    channels_last = False  # 41 to 45 ms instead of 35 to 37 at 256 x 256 px on 2 cores

    def __init__(
        self,
        levels: int = 4,
        filters: int = 16,
        sizes: Sequence[int] = (3, 7, 11),
        padding: Padding = "replicate",
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not 1 <= levels <= 16:  # at 16 a position is 32768 pixels wide
            raise ValueError(f"`levels` must be from 1 to 16, got {levels}.")
        if not 1 <= filters <= MOST_FILTERS:
            raise ValueError(f"`filters` must be from 1 to {MOST_FILTERS}, got {filters}.")
        if not sizes or any(size < 3 or size % 2 == 0 for size in sizes):
            raise ValueError(f"`sizes` must be odd numbers of at least 3, got {list(sizes)}.")
        check_choice("padding", padding, get_args(Padding))
        if not -(2**63) <= seed < 2**63:
            raise ValueError(f"`seed` must be a whole number of 64 bits, got {seed}.")
        generator = torch.Generator().manual_seed(seed)
        # One convolution for each size: all sizes in one convolution of 11 x 11 take 1.6 times
        # as long (150 and 95 ms with backward at 384 x 384 pixels on 2 cores).
        self.banks = nn.ModuleList()
        for size in sizes:
            weight = torch.randn(filters, 3, size, size, generator=generator, device="cpu")
            weight -= weight.mean((2, 3), keepdim=True)
            weight /= weight.flatten(1).norm(dim=1)[:, None, None, None]
            # On "meta" the usual initial weights draw no random numbers.
            bank = nn.Conv2d(
                3, filters, size, padding=size // 2, padding_mode=padding, bias=False, device="meta"
            )
            bank.weight = nn.Parameter(weight)
            self.banks.append(bank)
        binomial = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.halving = nn.Conv2d(
            3, 3, 4, stride=2, padding=1, padding_mode=padding, groups=3, bias=False, device="meta"
        )
        window = torch.outer(binomial, binomial).expand(3, 1, 4, 4).clone()
        self.halving.weight = nn.Parameter(window)
        self.requires_grad_(False)
        self.eval()
        channels = filters * len(sizes) + 6
        smallest = smallest_padded_side(padding, max(sizes) // 2)
        self.layer_table = {}
        for n in range(levels):
            name, stride = f"level{n + 1}", 2**n
            field = (max(sizes) - 1) * stride + 3 * stride - 2  # halvings see 3 * stride - 2
            self.layer_table[name] = Layer(name, channels, stride, field, smallest * stride)

    def forward(self, image: Tensor, layers: Iterable[str]) -> Features:
        """Return the named levels.

        Args:
            image: Pictures of shape (B, 3, H, W) in [0, 1].
            layers: Names out of ``layer_table``, in any order.

        Returns:
            Level n has shape (B, filters * len(sizes) + 6, H // 2^(n-1), W // 2^(n-1)): the
            sizes one after the other, then the colours above gray, then those below.

        Raises:
            ValueError: If a layer is unknown or the picture too small for one.
        """
        wanted = set(layers)
        self.check_layers(wanted)
        self.check_image(image, wanted)
        features: Features = {}
        x = (image - 0.45) / 0.226  # ImageNet's mean and deviation, the same for each colour
        for name in self.layers:
            if len(features) == len(wanted):
                break
            if name != self.layers[0]:
                x = self.halving(x)
            if name in wanted:
                answers = [*(bank(x) for bank in self.banks), x, -x]
                features[name] = torch.cat(answers, 1).relu_()  # in place: no one holds the cat
        return features
