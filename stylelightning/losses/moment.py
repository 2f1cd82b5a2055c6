"""The style term of the moments of hypercolumns."""

from torch import Tensor

from stylelightning import functional as F
from stylelightning.losses.hypercolumn import StyleHypercolumnLoss


class MomentLoss(StyleHypercolumnLoss):
    r"""Absolute differences of the mean and the covariance of hypercolumns.

    .. math:: L = \frac{1}{D} \lVert \mu - \nu \rVert_1 + \frac{1}{D^2} \lVert \Sigma - T \rVert_1

    with D channels of all layers together: unlike `MeanCovarianceLoss`, it compares how the
    features of one layer go with those of another.

    Source: Kolkin, Salavon and Shakhnarovich, CVPR 2019,
    https://arxiv.org/abs/1904.12785; STROTSS, function ``moment_loss``.
    """

    def set_targets(self, columns: Tensor, parts: Tensor) -> None:
        """Keep the mean and the covariance of the style images' columns."""
        self.mean, self.covariance = _moments(columns, parts)

    def distance(self, columns: Tensor) -> Tensor:
        """Return the sum of both distances."""
        parts = columns.new_full((len(columns),), 1 / len(columns))
        mean, covariance = _moments(columns, parts)
        return F.absolute_distance(mean, self.mean) + F.absolute_distance(
            covariance, self.covariance
        )


def _moments(columns: Tensor, parts: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean (D,) and the covariance (D, D) of columns with parts of a whole."""
    mean = parts @ columns
    centred = columns - mean
    return mean, (centred * parts[:, None]).t() @ centred
