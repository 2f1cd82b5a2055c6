"""A penalty of slopes between both sides."""

import torch
from torch import Tensor

from stylelightning.adversarial.penalties.base import Network, Penalty
from stylelightning.adversarial.penalties.slopes import checked_strength, squared_slopes


class GradientPenalty(Penalty):
    r"""How far the slope of the scores is from 1 between the style's crops and the picture's.

    .. math:: R = \lambda \overline{(g - 1)^2}

    with the slope g of `R1Penalty`, at one place of the segment from each crop of the style to one
    of the picture, drawn anew each time.

    Args:
        strength: :math:`\lambda`, at least 0.

    Raises:
        ValueError: If it is below 0 or not finite.

    Source: Gulrajani et al., NeurIPS 2017, equation 3, https://arxiv.org/abs/1704.00028
    """

    def __init__(self, strength: float = 10.0) -> None:
        self.strength = checked_strength(self, strength)

    def penalty(
        self, network: Network, style: Tensor, picture: Tensor, generator: torch.Generator
    ) -> Tensor:
        """Return the penalty between the crops of both sides."""
        places = torch.rand((len(style), 1, 1, 1), generator=generator).to(style)
        squares = squared_slopes(network, torch.lerp(style, picture, places))
        slopes = (squares + 1e-12).sqrt()  # the root of 0 has no slope
        return self.strength * (slopes - 1).square().mean()
