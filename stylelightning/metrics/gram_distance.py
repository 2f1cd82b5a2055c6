"""How far the Gram matrices of a picture are from those of the style image."""

from collections.abc import Sequence

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones import Backbone, Features, RandomMultiscale
from stylelightning.backbones.tiled_maps import map_size, parts_of
from stylelightning.metrics.base import PictureMetric
from stylelightning.metrics.parts import maps_of

SEED = 1000
"""Of filters that no shipped run has."""


class GramDistance(PictureMetric):
    r"""Distance of Gram matrices to those of the style image, under a network of its own.

    .. math:: \frac{1}{L} \sum_{l=1}^{L}
        \frac{\lVert G^l(x) - G^l(s) \rVert}{\lVert G^l(c) - G^l(s) \rVert}

    :math:`G` are Gram matrices divided by the number of positions. The number is 0 for the style
    image s itself and 1 for a picture as far from it as the content image c is. ``gram`` is the
    mean over the layers, ``gram/level1`` and so on are the layers. A style loss on Gram matrices
    brings its own number down whatever the picture looks like, so the network should be one that
    the run does not have. Several style images are blended by the weighted mean of their matrices.

    Args:
        backbone: The network; null for the untrained filters of ``RandomMultiscale``, drawn with a
            seed that no shipped config has.
        layers: Layers to compare; null for all.
        name: Name of the mean, and beginning of the layers' names.

    Raises:
        ValueError: If a layer is unknown, or there is none.

    Source: Gatys, Ecker and Bethge, CVPR 2016, section 2.2,
    https://doi.org/10.1109/CVPR.2016.265
    """

    higher_is_better = False
    needs_content = True
    needs_style = True

    def __init__(
        self, backbone: Backbone | None = None, layers: list[str] | None = None, name: str = "gram"
    ) -> None:
        network = RandomMultiscale(seed=SEED) if backbone is None else backbone
        chosen = tuple(network.layers if layers is None else layers)
        network.check_layers(chosen)
        if not chosen:
            raise ValueError("`layers` of GramDistance must name a layer, got none.")
        super().__init__([name, *(f"{name}/{layer}" for layer in chosen)])
        self.backbone = network.requires_grad_(False)
        self.layers = chosen
        self.name = name

    def values(
        self, picture: Tensor, content: Tensor | None, styles: Sequence[Tensor], shares: Tensor
    ) -> dict[str, Tensor]:
        """Return the mean over the layers, and each layer."""
        assert content is not None  # `update` has looked
        x, c = self._matrices(picture), self._matrices(content)
        matrices = [self._matrices(style) for style in styles]
        ratios = {}
        for layer in self.layers:
            blend = torch.einsum("s,sbij->bij", shares, torch.stack([s[layer] for s in matrices]))
            ratios[layer] = (x[layer] - blend).norm() / (c[layer] - blend).norm()
        mean = torch.stack(list(ratios.values())).mean()
        return {self.name: mean} | {f"{self.name}/{layer}": each for layer, each in ratios.items()}

    def _matrices(self, image: Tensor) -> Features:
        """Return the Gram matrices of a picture, summed up over the tiles of a large one."""
        sums: Features = {}
        maps = maps_of(self.backbone, self.backbone, self.layers, image)
        for part in parts_of(maps, self.layers):
            for name in self.layers:
                products = F.gram_matrix(part[name], "none")
                sums[name] = sums[name] + products if name in sums else products
        sizes = {name: map_size(maps, name) for name in self.layers}
        return {name: each / (sizes[name][0] * sizes[name][1]) for name, each in sums.items()}
