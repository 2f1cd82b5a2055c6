"""How far the features of a picture are from those of the style image, by a trained network."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones import Backbone
from stylelightning.backbones.tiled_maps import map_size, parts_of
from stylelightning.functional.roots import by_eigenvalues, target_of
from stylelightning.functional.transport import squared_gaussian_wasserstein
from stylelightning.losses.base import STYLE_LAYERS
from stylelightning.losses.sums import Sums
from stylelightning.metrics.trained_network import NetworkMetric

EPSILON = 1e-4
"""What is added to variances, as in ``GaussianWassersteinLoss``."""


class GaussianDistance(NetworkMetric):
    r"""Distance of means and covariances to those of the style image, under a trained network.

    .. math:: \frac{1}{L} \sum_{l=1}^{L} \frac{W_2\left(\phi^l(x), \phi^l(s)\right)}
        {W_2\left(\phi^l(c), \phi^l(s)\right)}, \qquad W_2^2 = \lVert \mu - \nu \rVert^2
        + \mathrm{tr} \left( \Sigma + T - 2 (T^{1/2} \Sigma T^{1/2})^{1/2} \right)

    :math:`\mu`, :math:`\Sigma` are the mean and the covariance of a picture's features
    :math:`\phi^l` over its positions, :math:`\nu`, T those of the style image s. The number is 0
    for the style image itself and 1 for a picture as far from it as the content image c is.
    ``vgg_style`` is the mean over the layers, ``vgg_style/relu1_1`` and so on are the layers.
    Several style images are blended by the means of their means and of their second moments.

    A trained network sees strokes and forms, where ``StyleDistance`` sees colours side by side. A
    run whose style loss is a statistic of the same layers of the same network brings the number
    down whatever the picture looks like. By default it is VGG-16 with Oxford's filters, if they
    are in the cache: nothing is fetched.

    Args:
        backbone: The network; null for VGG-16 with Oxford's filters.
        layers: Layers to compare.
        name: Name of the mean, and beginning of the layers' names.

    Raises:
        ValueError: If a layer is unknown, or there is none.

    Source: Olkin and Pukelsheim, "The distance between two random vectors with given dispersion
    matrices", Linear Algebra and its Applications 48, 1982.
    """

    higher_is_better = False
    needs_content = True
    needs_style = True

    def __init__(
        self,
        backbone: Backbone | None = None,
        layers: list[str] | tuple[str, ...] = STYLE_LAYERS,
        name: str = "vgg_style",
    ) -> None:
        super().__init__(backbone, layers, name)

    def values(
        self, picture: Tensor, content: Tensor | None, styles: Sequence[Tensor], shares: Tensor
    ) -> dict[str, Tensor]:
        """Return the mean over the layers, and each layer.

        Raises:
            OSError: If the trained filters are not there.
            ValueError: If an image is too small for a layer.
        """
        assert content is not None  # `update` has looked
        moments = [self._moments(image) for image in (picture, content, *styles)]
        ratios = {}
        for layer in self.layers:
            x, c, *s = [each[layer] for each in moments]
            ratios[layer] = _distances([x, c], s, shares)
        return self.with_mean(ratios)

    def _moments(self, image: Tensor) -> dict[str, "_Moments"]:
        """Return the moments of a picture, summed up over the tiles of a large one."""
        maps, sums = self.features(image), Sums()
        for part in parts_of(maps, self.layers):
            sums.add({"": {layer: _sums(part[layer]) for layer in self.layers}}, {})
        found = {}
        for layer, each in sums.statistics[""].items():
            height, width = map_size(maps, layer)
            found[layer] = _Moments(each / (height * width), height * width)
        return found


@dataclass(frozen=True)
class _Moments:
    """Moments of a layer.

    Args:
        values: Second moments and, as a last column, means over positions, (1, C, C + 1).
        positions: Number of positions.
    """

    values: Tensor
    positions: int


def _distances(pair: Sequence[_Moments], styles: Sequence[_Moments], shares: Tensor) -> Tensor:
    """Return the distance of the first's moments to the styles', as a part of the second's."""
    blend = torch.einsum("s,sbij->bij", shares, torch.stack([each.values for each in styles]))
    mean, covariance = _split(blend)
    target = target_of(covariance, EPSILON, sum(each.positions for each in styles))
    squared = []
    for each in pair:
        own, spread = _split(each.values)
        root = by_eigenvalues(spread, target, EPSILON, each.positions)
        squared.append(
            squared_gaussian_wasserstein(own, spread, mean.double(), target, EPSILON, root)
        )
    return (squared[0].clamp_min(0) / squared[1]).sqrt().squeeze().float()


def _sums(maps: Tensor) -> Tensor:
    """Return sums over positions: of products of two channels, then of each, (1, C, C + 1)."""
    products, sums = F.moment_sums(maps)
    return torch.cat([products, sums[..., None]], 2)


def _split(moments: Tensor) -> tuple[Tensor, Tensor]:
    mean = moments[..., -1]
    return mean, moments[..., :-1] - mean[..., None] * mean[..., None, :]
