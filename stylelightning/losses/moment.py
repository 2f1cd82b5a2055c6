"""The style term of the moments of hypercolumns."""

from torch import Tensor

from stylelightning import functional as F
from stylelightning.losses.hypercolumn import HYPERCOLUMN_LAYERS, StyleHypercolumnLoss


class MomentLoss(StyleHypercolumnLoss):
    r"""Absolute differences of the mean and the covariance of hypercolumns.

    .. math:: L = \frac{1}{D} \lVert \mu - \nu \rVert_1 + \frac{1}{D^2} \lVert \Sigma - T \rVert_1

    with D channels of all layers together: unlike `MeanCovarianceLoss`, it compares how the
    features of one layer go with those of another.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to read, a list; all count as one vector.
        samples: Most places of a picture that are looked at, drawn from the seed; all positions of
            the finest layer when it has no more.
        renew_every_n_steps: Steps after which other places are drawn; null keeps the first ones.
            New places make another function of each step, which L-BFGS can't follow.
        seed: Seed of the places.

    Raises:
        ValueError: If a number is out of its range, or the layers have weights.

    Source: Kolkin, Salavon and Shakhnarovich, CVPR 2019,
    https://arxiv.org/abs/1904.12785; STROTSS, function ``moment_loss``.
    """

    def __init__(
        self,
        weight: float = 1.0,
        layers: list[str] = HYPERCOLUMN_LAYERS,
        samples: int = 1024,
        renew_every_n_steps: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(weight, layers, samples, renew_every_n_steps, seed)

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
