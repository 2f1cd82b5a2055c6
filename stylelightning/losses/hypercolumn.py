"""What losses on hypercolumns share."""

from abc import abstractmethod

import torch
from torch import Tensor

from stylelightning.backbones.base import Features
from stylelightning.functional.hypercolumns import hypercolumns, sample_places
from stylelightning.losses.base import IMAGE_LAYER
from stylelightning.losses.references import References
from stylelightning.losses.renewed import RenewedLoss

HYPERCOLUMN_LAYERS = [
    *("image", "relu1_1", "relu1_2", "relu2_1", "relu2_2"),
    *("relu3_1", "relu3_2", "relu3_3", "relu4_3", "relu5_3"),
]
"""Layers of a hypercolumn unless others are named: those of STROTSS in a VGG network."""


class HypercolumnLoss(RenewedLoss):
    """A loss on hypercolumns: the features of all layers at some places, as one vector for each.

    The layers are read together, so they have no weights of their own. The picture itself enters as
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
    """

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

    def _places(self, features: Features, count: int, generator: torch.Generator) -> Tensor:
        sides = [(features[name].shape[2], features[name].shape[3]) for name in self.layers]
        return sample_places(*max(sides), count, generator)

    def _columns(self, features: Features, places: Tensor) -> Tensor:
        """Return the hypercolumns at the places, (N, D)."""
        if IMAGE_LAYER in self.layers:
            features = {**features, IMAGE_LAYER: features[IMAGE_LAYER] - 0.5}
        return hypercolumns(features, self.layers, places)


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

    def renew(self, features: Features, renewal: int) -> None:
        """Draw places of the picture and of the style images."""
        generator = self.generator(renewal)
        self._present = self._places(features, self.samples, generator)
        columns, parts = [], []
        for style in self._kept:
            count = max(1, round(style.share * self.samples))
            places = self._places(style.features, count, generator)
            columns.append(self._columns(style.features, places))
            parts.append(columns[-1].new_full((len(places),), style.share / len(places)))
        self.set_targets(torch.cat(columns), torch.cat(parts))

    def forward(self, features: Features) -> Tensor:
        """Return the distance of the picture's hypercolumns."""
        return self.distance(self._columns(features, self._present))

    @abstractmethod
    def set_targets(self, columns: Tensor, parts: Tensor) -> None:
        """Keep what the picture is compared with.

        Args:
            columns: Hypercolumns of the style images, (M, D).
            parts: Part of each in the whole, (M,), adding up to 1.
        """

    @abstractmethod
    def distance(self, columns: Tensor) -> Tensor:
        """Return how far the picture's hypercolumns, (N, D), are from the targets, a scalar."""
