"""The content term."""

import math

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.backbones.windows import Maps, cut
from stylelightning.losses.base import StatisticalLoss
from stylelightning.losses.references import References, weights_of
from stylelightning.losses.sums import Count


class ContentLoss(StatisticalLoss):
    r"""Squared distance between the features of the picture and of the content image.

    .. math:: L = \sum_l w_l \frac{1}{C_l H_l W_l} \sum_{c,k} (F^l_{ck} - P^l_{ck})^2

    With ``reduction: sum`` the division is left out. Gatys et al. have
    :math:`\frac{1}{2} \sum (F - P)^2`, which is ``reduction: sum`` at half the weight.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare, such as ``[relu4_2]``; a mapping gives each its own weight.
        reduction: ``mean`` divides by the number of values, so that a weight holds at any size of
            the picture; ``sum`` does not.
        edge_weights: Smallest and largest factor of a position, such as ``[0.15, 3]``: the squared
            distances are then weighted by how strong the content image's own edges are there, so
            that outlines are held and flat areas are free. Null weighs all positions the same.
        normalize_gradients: Whether the gradient at each layer is divided by its own L1 norm, so
            that a layer pulls as hard as its weight says, whatever its distance.

    Raises:
        ValueError: If ``edge_weights`` are not two numbers of at least 0, the smaller one first.

    Source: Gatys, Ecker and Bethge, CVPR 2016, equation 1,
    https://doi.org/10.1109/CVPR.2016.265; the mean is that of neural_style.lua, line 464.
    ``functional.edge_weights`` says what an edge is; weighting by edges is this project's own.
    ``functional.with_normalized_gradients`` says where dividing gradients comes from.
    """

    scope = "local"
    needs_content = True
    takes_weights = True

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = ["relu4_2"],  # noqa: B006 - copied, never changed
        reduction: F.Reduction = "mean",
        edge_weights: list[float] | None = None,
        normalize_gradients: bool = False,
    ) -> None:
        super().__init__(weight, layers)
        if edge_weights is not None:
            rule = "be a smallest and a largest factor of at least 0, such as [0.15, 3]"
            pair = len(edge_weights) == 2 and 0 <= edge_weights[0] <= edge_weights[1] < math.inf
            self._check("edge_weights", edge_weights, rule, pair)
        self.reduction = reduction
        self.edge_weights = edge_weights
        self.normalize_gradients = normalize_gradients
        self.takes_bfloat16 = not normalize_gradients  # a norm of small numbers
        self.targets: Features = {}
        self.position_weights: Features = {}

    def prepare(self, references: References) -> None:
        """Keep the content image's features as the targets, and weigh their positions."""
        self.targets = self._content(references)
        self.position_weights = {}
        if self.edge_weights is not None:
            smallest, largest = self.edge_weights
            self.position_weights = {
                name: F.edge_weights(target, smallest, largest)
                for name, target in self.targets.items()
            }
        for name in self.layers:  # of a content image whose regions are held differently
            weights = weights_of(references.content or {}, name)
            if weights is not None:
                self.position_weights[name] = weights * self.position_weights.get(name, 1)

    def statistics(self, features: Maps) -> Features:
        """Return the sum of the squared distances of each layer, a scalar."""
        return {name: self._squares(features, name) for name in self.layers}

    def compare(self, statistics: Features, count: dict[str, Count]) -> Tensor:
        """Return the weighted sum of the layers' squared distances."""
        return self._weighted_sum(
            lambda name: (
                statistics[name] / (self.targets[name].shape[1] * count[name])
                if self.reduction == "mean"
                else statistics[name]
            )
        )

    def _squares(self, features: Maps, name: str) -> Tensor:
        weights = self.position_weights.get(name)
        maps, target = features[name], cut(self.targets[name], features, name)
        # in bfloat16 the targets take half the memory; distances are in float32
        wide = torch.promote_types(maps.dtype, torch.float32)
        return F.squared_distance(
            maps.to(wide),
            target.to(wide),
            "sum",
            None if weights is None else cut(weights, features, name),
        )
