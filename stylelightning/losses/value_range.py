"""The regularizer of the range of colours."""

from torch import Tensor

from stylelightning import functional as F
from stylelightning.backbones.base import Features
from stylelightning.losses.base import Loss
from stylelightning.losses.references import References


class RangeLoss(Loss):
    r"""How far colours are out of the range that a picture can show.

    .. math:: L = \sum_l w_l \frac{1}{Z} \sum_{c,k}
        \max\left(0, (F^l_{ck} - a) (F^l_{ck} - b)\right)

    Other optimizers than L-BFGS keep the picture in [0, 1] by themselves, and the term is 0. L-BFGS
    doesn't; with this term it seldom leaves the range, so that little is cut off at the end.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to look at; ``image`` is the picture itself.
        minimum: Lower end a of the range.
        maximum: Upper end b of the range, above ``minimum``.
        reduction: ``mean`` divides by the number Z of values, ``sum`` does not.

    Raises:
        ValueError: If ``maximum`` is not above ``minimum``.

    Source: ``functional.excess`` says where the formula comes from.
    """

    scope = "local"

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] | dict[str, float] = ["image"],  # noqa: B006 - copied, never changed
        minimum: float = 0.0,
        maximum: float = 1.0,
        reduction: F.Reduction = "mean",
    ) -> None:
        super().__init__(weight, layers)
        self._check("maximum", maximum, f"be above `minimum` {minimum}", minimum < maximum)
        self.minimum = minimum
        self.maximum = maximum
        self.reduction = reduction

    def prepare(self, references: References) -> None:
        """Do nothing: the term has no target."""

    def forward(self, features: Features) -> Tensor:
        """Return the weighted sum of the layers' excess."""

        def excess(name: str) -> Tensor:
            values = features[name]
            total = F.excess_sum(values, self.minimum, self.maximum)
            return total / values.numel() if self.reduction == "mean" else total

        return self._weighted_sum(excess)
