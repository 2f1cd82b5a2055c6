"""What losses on hypercolumns share."""

from abc import abstractmethod

import torch
from torch import Tensor

from stylelightning.backbones.base import Features
from stylelightning.backbones.tiled_maps import map_size, parts_of
from stylelightning.backbones.windows import Maps, window_of
from stylelightning.functional.hypercolumns import part_of_values, sample_places, values_at_places
from stylelightning.losses.base import IMAGE_LAYER, StatisticalLoss
from stylelightning.losses.references import References
from stylelightning.losses.renewed import RenewedLoss
from stylelightning.losses.sums import Count, Sums

HYPERCOLUMN_LAYERS = [
    *("image", "relu1_1", "relu1_2", "relu2_1", "relu2_2"),
    *("relu3_1", "relu3_2", "relu3_3", "relu4_3", "relu5_3"),
]
"""Layers of a hypercolumn unless others are named: those of STROTSS in a VGG network."""


class HypercolumnLoss(RenewedLoss, StatisticalLoss):
    """A loss on hypercolumns: the features of all layers at some places, as one vector for each.

    Between positions of a layer they are bilinear, so a hypercolumn is a sum over positions. The
    layers are read together, so they have no weights of their own. The picture itself enters as
    its distance from middle gray.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to read, a list.
        samples: Most places of a picture that are looked at, drawn from the seed; all positions of
            the finest layer when it has no more. Memory grows with the square of it.
        renew_every_n_steps: Steps after which other places are drawn; null keeps the first ones.
            New places make another function of each step, which L-BFGS can't follow.
        seed: Seed of the places.

    Raises:
        ValueError: If a number is out of its range, or the layers have weights.

    Source: Hariharan, Arbeláez, Girshick and Malik, "Hypercolumns for object segmentation and
    fine-grained localization", CVPR 2015, https://arxiv.org/abs/1411.5752
    """

    scope = "global"
    _present: Tensor
    """Places of the picture."""

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] = HYPERCOLUMN_LAYERS,
        samples: int = 1024,
        renew_every_n_steps: int | None = None,
        seed: int = 0,
    ) -> None:
        listed = isinstance(layers, list)
        self._check("layers", layers, "be a list: they are read together", listed)
        super().__init__(weight, layers, renew_every_n_steps, seed)
        self._check_counts(samples=samples)
        self.stochastic = renew_every_n_steps is not None
        self.samples = samples

    def statistics(self, features: Maps) -> Features:
        """Return what the positions have of the hypercolumns, (N, C) for each layer."""
        return {name: values_at(features, name, self._present) for name in self.layers}

    def compare(self, statistics: Features, count: dict[str, Count]) -> Tensor:
        """Return the term of the picture's hypercolumns."""
        return self.distance(self._columns(statistics))

    @abstractmethod
    def distance(self, columns: Tensor) -> Tensor:
        """Return how far the picture's hypercolumns, (N, D), are from the targets, a scalar."""

    def _places(self, maps: Maps, count: int, generator: torch.Generator) -> Tensor:
        sides = [map_size(maps, name) for name in self.layers]
        return sample_places(*max(sides), count, generator)

    def _columns_of(self, maps: Maps, places: Tensor) -> Tensor:
        """Return the hypercolumns of a whole image at the places, (N, D)."""
        sums = Sums()
        for part in parts_of(maps, self.layers):
            sums.add({"": {name: values_at(part, name, places) for name in self.layers}}, {})
        return self._columns(sums.statistics[""])

    def _columns(self, values: Features) -> Tensor:
        """Return the layers' values as columns, with the picture as its distance from gray."""
        centred = {
            name: each - 0.5 if name == IMAGE_LAYER else each for name, each in values.items()
        }
        return torch.cat([centred[name] for name in self.layers], 1)


class StyleHypercolumnLoss(HypercolumnLoss):
    """A loss that compares the hypercolumns of the picture with those of the style images.

    Several style images are blended by their shares of the places, of which each column of theirs
    has its part.
    """

    needs_style = True

    def keep(self, references: References) -> None:
        """Keep the style images; the next step looks at some of their places.

        Raises:
            ValueError: If there is no style image.
        """
        self._kept = [style for style in self._styles(references) if style.share > 0]

    def renew(self, features: Maps, renewal: int) -> None:
        """Draw places of the picture and of the style images."""
        generator = self.generator(renewal)
        self._present = self._places(features, self.samples, generator)
        columns, parts = [], []
        for style in self._kept:
            count = max(1, round(style.share * self.samples))
            places = self._places(style.features, count, generator)
            columns.append(self._columns_of(style.features, places))
            parts.append(columns[-1].new_full((len(places),), style.share / len(places)))
        self.set_targets(torch.cat(columns), torch.cat(parts))

    @abstractmethod
    def set_targets(self, columns: Tensor, parts: Tensor) -> None:
        """Keep what the picture is compared with.

        Args:
            columns: Hypercolumns of the style images, (M, D).
            parts: Part of each in the whole, (M,), adding up to 1.
        """


def values_at(features: Maps, layer: str, places: Tensor) -> Tensor:
    """Return what the positions of a layer have of its values at some places, (N, C).

    Args:
        features: Feature maps of the picture, or of a part of it.
        layer: Name of the layer.
        places: Places of shape (N, 2), as ``sample_places`` returns them.
    """
    window = window_of(features, layer)
    if window is None:
        return values_at_places(features[layer], places)
    corner, whole = (window.top, window.left), (window.height, window.width)
    return part_of_values(features[layer], places, corner, whole)
