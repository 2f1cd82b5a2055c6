"""A penalty of slopes at the style."""

import torch
from torch import Tensor

from stylelightning.adversarial.penalties.base import Network, Penalty
from stylelightning.adversarial.penalties.slopes import checked_strength, squared_slopes


class R1Penalty(Penalty):
    r"""The squared slope of the scores at the style's own crops.

    .. math:: R = \frac{\gamma}{2} \overline{g^2}, \qquad
        g^2 = \frac{1}{P} \Big\lVert \nabla_u \sum_p s_p(u) \Big\rVert^2

    in the mean over crops u with P scores each; with one score a crop, it is the source's.

    Args:
        strength: :math:`\gamma`, at least 0.

    Raises:
        ValueError: If it is below 0 or not finite.

    Source: Mescheder, Geiger and Nowozin, ICML 2018, equation 9, https://arxiv.org/abs/1801.04406
    """

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = checked_strength(self, strength)

    def penalty(
        self, network: Network, style: Tensor, picture: Tensor, generator: torch.Generator
    ) -> Tensor:
        """Return the penalty at the crops of the style."""
        return self.strength / 2 * squared_slopes(network, style).mean()
