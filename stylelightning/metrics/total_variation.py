"""How much neighbouring pixels of a picture differ."""

from typing import Any

from torch import Tensor
from torchmetrics.functional.image import total_variation

from stylelightning.metrics.base import PictureMetric


class TotalVariation(PictureMetric):
    r"""Mean difference of neighbouring pixels, the anisotropic total variation.

    .. math:: \frac{1}{3 H W} \sum_k |\partial_x x_k| + |\partial_y x_k|

    It is 0 for a picture of one colour, at most nearly 2, and about 2/3 for noise of independent,
    evenly distributed colours. As torchmetrics has it, divided by the number of values.
    """

    def __init__(self) -> None:
        super().__init__(["total_variation"])

    def values(self, picture: Tensor, *_: Any) -> dict[str, Tensor]:
        """Return the mean difference."""
        return {"total_variation": total_variation(picture) / picture.numel()}
