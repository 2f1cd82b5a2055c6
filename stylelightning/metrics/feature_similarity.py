"""How much of the content image a trained network finds in a picture."""

from typing import Any

import torch
from torch import Tensor

from stylelightning.backbones import Backbone
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
        first, second = self.features(picture), self.features(content)
        return self.with_mean(
            {
                layer: torch.cosine_similarity(
                    _normalised(first[layer]), _normalised(second[layer])
                ).mean()
                for layer in self.layers
            }
        )


def _normalised(maps: Tensor) -> Tensor:
    """Return maps of mean 0 and deviation 1 in each channel."""
    variance, mean = torch.var_mean(maps, (2, 3), correction=0, keepdim=True)
    return (maps - mean) / (variance + LEAST).sqrt()
