"""The smoothness regularizer."""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.losses.base import Loss


class TotalVariationLoss(Loss):
    r"""Total variation: how much neighbouring pixels differ.

    .. math:: L = \frac{1}{Z} \sum_k |\partial_x F_k|^p + |\partial_y F_k|^p

    and with ``isotropic: true``

    .. math:: L = \frac{1}{Z} \sum_k \left( (\partial_x F_k)^2 + (\partial_y F_k)^2 \right)^{p/2}

    ``exponent: 1`` is the L1 form of neural-style-pt (with ``reduction: sum``), ``exponent: 2`` the
    squared form, ``exponent: 2.5`` with ``isotropic: true`` that of the Keras programs.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to smooth; ``image`` is the picture itself.
        exponent: The power p of a difference, at least 1.
        isotropic: Whether a pixel's two differences are joined before the power is taken.
        reduction: ``mean`` divides by the number of values, so that a weight holds at any size of
            the picture; ``sum`` does not.

    Raises:
        ValueError: If ``exponent`` is below 1.

    Source: Mahendran and Vedaldi, CVPR 2015, section 3, https://doi.org/10.1109/CVPR.2015.7299155;
    the L1 form is that of neural_style.py (neural-style-pt), line 483.
    """

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = ["image"],  # noqa: B006 - copied, never changed
        exponent: float = 2.0,
        isotropic: bool = False,
        reduction: Literal["mean", "sum"] = "mean",
    ) -> None:
        super().__init__(weight, layers)
        if not exponent >= 1:
            raise ValueError(
                f"`exponent` of TotalVariationLoss must be at least 1, got {exponent}."
            )
        self.exponent = exponent
        self.isotropic = isotropic
        self.reduction = reduction

    def prepare(self, content: Features | None, styles: Sequence[Features]) -> None:
        """Do nothing: the term has no target."""

    def forward(self, features: Features) -> Tensor:
        """Return the weighted sum of the layers' total variation."""
        terms = [
            weight
            * F.total_variation(features[name], self.exponent, self.isotropic, self.reduction)
            for name, weight in self.layer_weights.items()
        ]
        return sum(terms[1:], terms[0])
