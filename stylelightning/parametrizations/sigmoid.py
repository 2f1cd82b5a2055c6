"""A range that is never left, as a part of the parametrisation."""

import torch
from torch import Tensor

from stylelightning.parametrizations.base import Parametrization
from stylelightning.parametrizations.linear import LinearParametrization
from stylelightning.parametrizations.pixels import PixelParametrization

SLOPE = 4.0
"""The factor with which the picture moves as fast as the parameters, at mid-grey."""
MARGIN = 0.01
"""How far from 0 and 1 a picture is kept that is put in."""


class SigmoidParametrization(Parametrization):
    r"""A picture that never leaves [0, 1], so that nothing is ever cut.

    .. math:: x = \frac{1}{1 + e^{-4y}}

    y is the picture of another parametrisation. At mid-grey x moves as fast as y, near the ends of
    the range hardly: a pixel that has become black or white is slow to come back. Black and white
    themselves would be at infinity, so what is put in, at the start and at each scale, is first cut
    to [0.01, 0.99], by 2.6 of 255 levels at the most.

    Args:
        of: What stands under the range, such as DecorrelatedParametrization; null for pixels.

    Source: Olah, Mordvintsev and Schubert, "Feature visualization", Distill 2017,
    https://doi.org/10.23915/distill.00007; there without the 4
    """

    def __init__(self, of: LinearParametrization | None = None) -> None:
        super().__init__()
        self.of = of or PixelParametrization()
        self.maps = self.of.maps

    def encode(self, picture: Tensor) -> None:
        """Put the logarithms of the odds in the parametrisation below."""
        self.of.encode(picture.detach().logit(MARGIN) / SLOPE)

    def decode(self) -> Tensor:
        """Return the picture in (0, 1)."""
        return torch.sigmoid(SLOPE * self.of.decode())
