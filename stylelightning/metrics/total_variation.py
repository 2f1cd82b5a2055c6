"""How much neighbouring pixels of a picture differ."""

from typing import Any

from torch import Tensor

from stylelightning.metrics.base import PictureMetric
from stylelightning.metrics.parts import strips


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
        height, width = picture.shape[2:]
        total = picture.new_zeros(())
        for rows in strips(height, width):
            total += picture[:, :, rows.start : rows.stop + 1].diff(dim=2).abs().sum()
            total += picture[:, :, rows].diff(dim=3).abs().sum()
        return {"total_variation": total / picture.numel()}
