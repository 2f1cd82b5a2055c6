"""The style terms of relaxed optimal transport."""

from abc import abstractmethod

import torch
from torch import Tensor

from stylelightning.functional.hypercolumns import cosine_distances, euclidean_distances
from stylelightning.losses.base import IMAGE_LAYER
from stylelightning.losses.hypercolumn import StyleHypercolumnLoss


class RelaxedTransportLoss(StyleHypercolumnLoss):
    r"""A relaxed earth mover's distance: either set's way to the nearest of the other.

    .. math:: L = \max \left( \frac{1}{N} \sum_i \min_j C_{ij}, \; \sum_j p_j \min_i C_{ij} \right)

    Each of the two drops one of the constraints of optimal transport, so this is at most the earth
    mover's distance.
    """

    def set_targets(self, columns: Tensor, parts: Tensor) -> None:
        """Keep the style images' columns and their parts."""
        self.columns, self.parts = columns, parts

    def distance(self, columns: Tensor) -> Tensor:
        """Return the larger of the two means."""
        costs = self.costs(columns, self.columns)
        return torch.maximum(costs.amin(1).mean(), self.parts @ costs.amin(0))

    @abstractmethod
    def costs(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the cost of going from each of the first columns to each of the second."""


class RelaxedEMDLoss(RelaxedTransportLoss):
    r"""Relaxed earth mover's distance between the hypercolumns of the picture and of the style.

    .. math:: L = \max \left( \frac{1}{N} \sum_i \min_j C_{ij}, \; \sum_j p_j \min_i C_{ij} \right),
        \quad C_{ij} = 1 - \frac{F_i \cdot A_j}{|F_i| |A_j|}

    Each place of the picture must look like some place of the style image, and each of those must
    occur. Lengths of features don't count: `MomentLoss` holds them.

    Source: Kolkin, Salavon and Shakhnarovich, "Style transfer by relaxed optimal transport and
    self-similarity", CVPR 2019, https://arxiv.org/abs/1904.12785
    """

    def costs(self, first: Tensor, second: Tensor) -> Tensor:
        """Return cosine distances."""
        return cosine_distances(first, second)


class PaletteLoss(RelaxedTransportLoss):
    r"""Relaxed earth mover's distance between the colours of the picture and of the style image.

    .. math:: C_{ij} = 1 - \frac{x_i \cdot y_j}{|x_i| |y_j|} + \frac{1}{\sqrt 3} |x_i - y_j|

    with colours as distances from middle gray. The source takes them in YUV by a matrix whose rows
    are orthonormal, which changes neither angles nor lengths.

    Args:
        weight: Factor of the term in the total, at least 0.
        samples: Most pixels of a picture that are looked at, drawn from the seed. Memory grows with
            the square of it.
        renew_every_n_steps: Steps after which other pixels are drawn; null keeps the first ones.
            New pixels make another function of each step, which L-BFGS can't follow.
        seed: Seed of the pixels.

    Raises:
        ValueError: If a number is out of its range.

    Source: Kolkin, Salavon and Shakhnarovich, CVPR 2019,
    https://arxiv.org/abs/1904.12785; the costs are those of STROTSS, function ``remd_loss``, less
    the constant that their smallest distance costs there.
    """

    def __init__(
        self,
        weight: float = 1.0,
        samples: int = 1024,
        renew_every_n_steps: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(weight, [IMAGE_LAYER], samples, renew_every_n_steps, seed)

    def costs(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the sum of cosine and Euclidean distances."""
        return cosine_distances(first, second) + euclidean_distances(first, second)
