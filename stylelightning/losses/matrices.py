"""Style terms that compare a matrix for each layer, which can be drawn."""

from abc import abstractmethod

from torch import Tensor

from stylelightning.backbones.base import Features
from stylelightning.losses.base import StatisticalLoss
from stylelightning.losses.sums import Count


class MatrixLoss(StatisticalLoss):
    """A loss on a symmetric matrix of channels by channels for each layer."""

    @abstractmethod
    def drawn(
        self, statistics: Features, count: dict[str, Count]
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """Return the target and the present matrix of each layer, each of shape (B, C, C).

        Args:
            statistics: What ``statistics`` returned, summed over all regions.
            count: Number of positions of the whole feature map, for each layer.
        """
