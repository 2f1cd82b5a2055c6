"""The bands of a Laplacian pyramid as the parameters."""

import torch
from torch import Tensor, nn

from stylelightning.functional.pyramid import laplacian_bands, sum_of_bands
from stylelightning.parametrizations.linear import LinearParametrization


class LaplacianParametrization(LinearParametrization):
    r"""As many parameters as bands, and the small picture that is left of them.

    .. math:: x = \frac{1}{K + 1} \left(p_0 + U (p_1 + U (p_2 + \dots + U p_K))\right)

    U enlarges bilinearly. All bands move at once, large forms by a few numbers each. Through the
    factor no pixel moves by more than the rate in an Adam step, as it does with pixels; other
    programs have none, and take a rate of a sixth or a ninth.

    Args:
        levels: Number of bands, K, each half as high and wide as the one before; fewer where the
            picture is down to one pixel.

    Raises:
        ValueError: If ``levels`` is below 1.

    Source: Kolkin, Salavon and Shakhnarovich, STROTSS, CVPR 2019,
    https://doi.org/10.1109/CVPR.2019.01029, section 2.5, 5 bands; Kolkin et al., NNST,
    https://arxiv.org/abs/2203.13215, 8 bands
    """

    maps = False

    def __init__(self, levels: int = 5) -> None:
        super().__init__()
        if levels < 1:
            raise ValueError(
                f"`levels` of LaplacianParametrization must be at least 1, got {levels}: for none "
                "use PixelParametrization."
            )
        self.levels = levels
        self.bands = nn.ParameterList()

    def encode(self, picture: Tensor) -> None:
        """Make the picture's bands the parameters."""
        self.bands = nn.ParameterList(self._analysed(picture.detach()))

    @torch.no_grad()
    def overwrite(self, picture: Tensor) -> None:
        """Copy the picture's bands to the parameters."""
        for band, value in zip(self.bands, self._analysed(picture), strict=True):
            band.copy_(value)

    def decode(self) -> Tensor:
        """Return the mean of the bands, times their number."""
        return sum_of_bands(list(self.bands)) / len(self.bands)

    def _analysed(self, picture: Tensor) -> list[Tensor]:
        bands = laplacian_bands(picture, self.levels)
        # torch's L-BFGS takes no other strides
        return [(band * len(bands)).contiguous() for band in bands]

    def extra_repr(self) -> str:
        """Return what the numbers depend on."""
        return f"levels={self.levels}"
