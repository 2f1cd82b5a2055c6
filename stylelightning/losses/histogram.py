"""The style term of histograms."""

from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.functional.transport import squared_wasserstein
from stylelightning.functional.weighted_transport import weighted_wasserstein
from stylelightning.losses.barycentre import barycentre
from stylelightning.losses.base import Loss
from stylelightning.losses.references import References, weights_of


class HistogramLoss(Loss):
    r"""Squared distance of each channel to itself with the style image's histogram.

    .. math:: L = \sum_l w_l \frac{1}{C_l} \sum_c W_2^2 (F^l_c, A^l_c)

    A Gram matrix leaves the mean and the variance of a feature free against each other, so that
    contrast drifts; the histogram fixes both. Risser et al. move the values to the style's
    histogram of 256 bins and take the squared distance to what was moved. Moving by rank instead is
    exact for any two sizes, and is the squared Wasserstein-2 distance. Several style images are
    blended by the mean of their quantile functions.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to compare; a mapping gives each its own weight.
        reduction: ``mean`` divides by the number of values, so that a weight holds at any size of
            the picture; ``sum`` does not, as in the source.

    Source: Risser, Wilmot and Barnes, "Stable and controllable neural texture synthesis and style
    transfer using histogram losses", 2017, section 4.2, https://arxiv.org/abs/1701.08893
    """

    needs_style = True
    takes_weights = True

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = ["relu1_1", "relu4_1"],  # noqa: B006 - never changed
        reduction: F.Reduction = "mean",
    ) -> None:
        super().__init__(weight, layers)
        self.reduction = reduction
        self.targets: Features = {}

    def prepare(self, references: References) -> None:
        """Keep the style images' sorted values as the targets.

        Raises:
            ValueError: If there is no style image.
        """
        styles = self._styles(references)
        self.targets = {
            name: barycentre(
                [style.features[name][0].flatten(1) for style in styles],
                [weights_of(style.features, name) for style in styles],
                [style.share for style in styles],
            )
            for name in self.layers
        }

    def forward(self, features: Features) -> Tensor:
        """Return the weighted sum of the layers' distances."""

        def distance(name: str) -> Tensor:
            values = features[name][0].flatten(1)  # (C, h*w)
            weights = weights_of(features, name)
            if weights is None:
                mean = squared_wasserstein(values, self.targets[name]).mean()
                return mean if self.reduction == "mean" else mean * values.numel()
            mean = weighted_wasserstein(values, weights.flatten(), self.targets[name], 2).mean()
            return mean if self.reduction == "mean" else mean * len(values) * weights.sum()

        return self._weighted_sum(distance)
