"""The smoothness regularizer."""

from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.losses.base import Loss
from stylelightning.losses.references import References


class TotalVariationLoss(Loss):
    r"""Total variation: how much neighbouring pixels differ.

    .. math:: L = \frac{1}{Z} \sum_k |\partial_x F_k|^p + |\partial_y F_k|^p

    and with ``isotropic: true``

    .. math:: L = \frac{1}{Z} \sum_k \left( (\partial_x F_k)^2 + (\partial_y F_k)^2 \right)^{p/2}

    and with ``diagonals: true`` the differences to all eight neighbours, see
    ``functional.nine_point_variation``. Other programs have four forms of it:

    - ``isotropic: true``, ``exponent: 2``, ``reduction: sum``, half the weight: neural_style.lua;
    - ``exponent: 1``, ``reduction: sum``: neural-style-pt, pytorch-neural-style-transfer;
    - ``isotropic: true``, ``exponent: 2.5``, ``reduction: sum``: the Keras programs;
    - ``diagonals: true``: style-transfer-pytorch.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to smooth; ``image`` is the picture itself.
        exponent: The power p of a difference, at least 1.
        isotropic: Whether a pixel's two differences are joined before the power is taken.
        diagonals: Whether diagonal neighbours count too, so that no direction is preferred.
        reduction: ``mean`` divides by the number of values, so that a weight holds at any size of
            the picture; ``sum`` does not.

    Raises:
        ValueError: If ``exponent`` is below 1, or both forms are asked for.

    Source: Mahendran and Vedaldi, CVPR 2015, section 3, https://doi.org/10.1109/CVPR.2015.7299155;
    neural_style.lua lines 582 to 597, neural_style.py (neural-style-pt) line 483, TVLoss of
    style_transfer.py (style-transfer-pytorch), INetwork.py (Neural-Style-Transfer).
    """

    scope = "local"

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = ["image"],  # noqa: B006 - copied, never changed
        exponent: float = 2.0,
        isotropic: bool = False,
        reduction: F.Reduction = "mean",
        diagonals: bool = False,
    ) -> None:
        super().__init__(weight, layers)
        self._check("exponent", exponent, "be at least 1", exponent >= 1)
        if isotropic and diagonals:
            raise ValueError(
                "`diagonals` and `isotropic` of TotalVariationLoss are two forms: switch one off."
            )
        self.exponent = exponent
        self.isotropic = isotropic
        self.diagonals = diagonals
        self.reduction = reduction

    def prepare(self, references: References) -> None:
        """Do nothing: the term has no target."""

    def forward(self, features: Features) -> Tensor:
        """Return the weighted sum of the layers' total variation."""

        def variation(name: str) -> Tensor:
            image = features[name]
            if self.diagonals:
                return F.nine_point_variation(image, self.exponent, self.reduction)
            return F.total_variation(image, self.exponent, self.isotropic, self.reduction)

        return self._weighted_sum(variation)
