"""The content term."""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.losses.base import Loss


class ContentLoss(Loss):
    r"""Squared distance between the features of the picture and of the content image.

    .. math:: L = \sum_l w_l \frac{1}{C_l H_l W_l} \sum_{c,k} (F^l_{ck} - P^l_{ck})^2

    With ``reduction: sum`` the division is left out. Gatys et al. have
    :math:`\frac{1}{2} \sum (F - P)^2`, which is ``reduction: sum`` at half the weight.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare, such as ``[relu4_2]``; a mapping gives each its own weight.
        reduction: ``mean`` divides by the number of values, so that a weight holds at any size of
            the picture; ``sum`` does not.

    Source: Gatys, Ecker and Bethge, CVPR 2016, equation 1,
    https://doi.org/10.1109/CVPR.2016.265; the mean is that of neural_style.lua, line 464.
    """

    needs_content = True

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = ["relu4_2"],  # noqa: B006 - copied, never changed
        reduction: Literal["mean", "sum"] = "mean",
    ) -> None:
        super().__init__(weight, layers)
        self.reduction = reduction
        self.targets: Features = {}

    def prepare(self, content: Features | None, styles: Sequence[Features]) -> None:
        """Keep the content image's features as the targets."""
        if content is None:
            raise ValueError("ContentLoss needs the features of a content image, got None.")
        self.targets = {name: content[name].detach() for name in self.layers}

    def forward(self, features: Features) -> Tensor:
        """Return the weighted sum of the layers' squared distances."""
        distances = [
            weight * F.squared_distance(features[name], self.targets[name], self.reduction)
            for name, weight in self.layer_weights.items()
        ]
        return sum(distances[1:], distances[0])
