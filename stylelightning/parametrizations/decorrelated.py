"""Colours that vary apart from each other as the parameters."""

import torch
from torch import Tensor

from stylelightning.parametrizations.linear import LinearParametrization
from stylelightning.parametrizations.pixels import PixelParametrization

COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.0, -0.05), (0.27, -0.09, 0.03))
"""Red, green and blue of a light, a red against blue and a green, as they vary in ImageNet.

Source: Olah, Mordvintsev and Schubert, Distill 2017, https://doi.org/10.23915/distill.00007
"""


class DecorrelatedParametrization(LinearParametrization):
    r"""The colours of photographs' own axes: light first, then red against blue, then green.

    .. math:: x = M y

    M is the root of the covariance of ImageNet's colours, up to a factor by which the mean of the
    squares of its rows is 1. y is the picture of another parametrisation. An Adam step then changes
    light much and colour little, as photographs vary.

    Args:
        of: What stands under the colours, such as FourierParametrization; null for pixels.

    Source: Olah, Mordvintsev and Schubert, "Feature visualization", Distill 2017,
    https://doi.org/10.23915/distill.00007; without its mean, which would change no step
    """

    matrix: Tensor

    def __init__(self, of: LinearParametrization | None = None) -> None:
        super().__init__()
        self.of = of or PixelParametrization()
        self.maps = self.of.maps

    def encode(self, picture: Tensor) -> None:
        """Put the other colours of the picture in the parametrisation below."""
        colours = torch.tensor(COLOURS, dtype=torch.float64)
        # rounded alike wherever it is made: a run goes on bit for bit in 64 bits too
        matrix = (colours / colours.square().sum().div(3).sqrt()).float().to(picture)
        self.register_buffer("matrix", matrix, persistent=False)
        self.of.encode(self._analysed(picture.detach()))

    @torch.no_grad()
    def overwrite(self, picture: Tensor) -> None:
        """Put the other colours of the picture in the parameters below."""
        self.of.overwrite(self._analysed(picture))

    def decode(self) -> Tensor:
        """Return the picture in red, green and blue."""
        picture = self.of.decode()
        return (self.matrix @ picture.flatten(2)).view_as(picture)

    def _analysed(self, picture: Tensor) -> Tensor:
        # unlike `solve`, this does not wait for a GPU
        solved: Tensor = torch.linalg.solve_ex(self.matrix, picture.flatten(2)).result
        return solved.reshape(picture.shape)
