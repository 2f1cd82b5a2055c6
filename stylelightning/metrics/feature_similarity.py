"""How much of the content image a trained network finds in a picture."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from stylelightning.backbones import Backbone, Features
from stylelightning.backbones.tiled_maps import map_size, parts_of
from stylelightning.backbones.windows import Maps
from stylelightning.metrics.trained_network import NetworkMetric

LEAST = 1e-5
"""Added to a channel's variance: a channel that is silent everywhere says nothing."""


class FeatureSimilarity(NetworkMetric):
    r"""Cosine of instance-normalised features of the picture and of the content image.

    .. math:: \frac{1}{L} \sum_{l=1}^{L} \frac{1}{P_l} \sum_{p=1}^{P_l}
        \cos\left( \bar\phi^l_p(x), \bar\phi^l_p(c) \right), \qquad
        \bar\phi = \frac{\phi - \mu}{\sigma}

    The mean :math:`\mu` and the deviation :math:`\sigma` of each channel over positions are taken
    away first: they are the picture's style. What is left is where in the picture the network finds
    what. The number is 1 for the content image itself and about 0 for an unrelated one.
    ``vgg_content`` is the mean over the layers, which may be named in the same way,
    ``vgg_content/relu4_1`` and so on.

    ``ContentLoss`` asks for the same features without the normalisation: a run with it on these
    layers of this network brings the number up. By default it is VGG-16 with Oxford's filters, if
    they are in the cache: nothing is fetched.

    Args:
        backbone: The network; null for VGG-16 with Oxford's filters.
        layers: Layers to compare.
        name: Name of the mean, and beginning of the layers' names.

    Raises:
        ValueError: If a layer is unknown, or there is none.

    Source: instance normalisation as what takes a picture's style away: Huang and Belongie,
    "Arbitrary style transfer in real-time with adaptive instance normalization", ICCV 2017,
    https://arxiv.org/abs/1703.06868
    """

    higher_is_better = True
    needs_content = True

    def __init__(
        self,
        backbone: Backbone | None = None,
        layers: list[str] | tuple[str, ...] = ("relu3_1", "relu4_1"),
        name: str = "vgg_content",
    ) -> None:
        super().__init__(backbone, layers, name)

    def values(self, picture: Tensor, content: Tensor | None, *_: Any) -> dict[str, Tensor]:
        """Return the mean over the layers, and each layer.

        Raises:
            OSError: If the trained filters are not there.
            ValueError: If an image is too small for a layer.
        """
        assert content is not None  # `update` has looked
        pair = [self.features(picture), self.features(content)]
        moments = [_moments(maps, self.layers) for maps in pair]
        sums = {layer: picture.new_zeros(()) for layer in self.layers}
        parts = [parts_of(maps, self.layers) for maps in pair]
        for seen in zip(*parts, strict=True):
            for layer in self.layers:
                normalised = [
                    (maps[layer] - mean[layer]) / deviation[layer]
                    for maps, (mean, deviation) in zip(seen, moments, strict=True)
                ]
                sums[layer] += torch.cosine_similarity(*normalised).sum()
        sizes = {layer: map_size(pair[0], layer) for layer in self.layers}
        return self.with_mean(
            {layer: each / (sizes[layer][0] * sizes[layer][1]) for layer, each in sums.items()}
        )


def _moments(maps: Maps, layers: Sequence[str]) -> tuple[Features, Features]:
    """Return mean and deviation of each channel over all parts, each (1, C, 1, 1) by layer."""
    found: dict[str, tuple[int, Tensor, Tensor]] = {}
    for part in parts_of(maps, layers):
        for layer in layers:
            count = part[layer].shape[2] * part[layer].shape[3]
            variance, mean = torch.var_mean(part[layer], (2, 3), correction=0, keepdim=True)
            here = (count, mean, variance)
            found[layer] = _together(found[layer], here) if layer in found else here
    means = {layer: mean for layer, (_, mean, _) in found.items()}
    return means, {layer: (each[2] + LEAST).sqrt() for layer, each in found.items()}


def _together(
    first: tuple[int, Tensor, Tensor], second: tuple[int, Tensor, Tensor]
) -> tuple[int, Tensor, Tensor]:
    """Return count, mean and variance of two parts; sums of squares would lose digits.

    Source: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing
    sample variances", COMPSTAT 1982.
    """
    count = first[0] + second[0]
    share, apart = second[0] / count, second[1] - first[1]
    mean = first[1] + share * apart
    between = share * (1 - share) * apart.square()
    return count, mean, (1 - share) * first[2] + share * second[2] + between
