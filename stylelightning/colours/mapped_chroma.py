"""The content image's chroma, mapped to the style's palette."""

from collections.abc import Sequence

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.colours.base import Colours
from stylelightning.functional.bilateral import joint_bilateral
from stylelightning.functional.oklab import from_oklab, to_oklab
from stylelightning.functional.pyramid import laplacian_bands, sum_of_bands
from stylelightning.images import Picture

FLOOR = 1e-4
"""What is added to the variances, so that a gray image's are not divided by."""
GRAY = 6e-5
"""Largest number in a covariance of chroma below which a style counts as gray."""
SHARPNESS = 10.0
"""How strongly an edge in lightness stops the smoothing of chroma."""
ROUNDS = 5
"""How often chroma is smoothed over 3 x 3 pixels."""


class MappedChroma(Colours):
    r"""Gives the finished picture the content image's chroma, mapped to the style's palette.

    The picture keeps its own lightness, strokes and all; where the content image has one hue, so
    has the picture. In Oklab, taken of the gamma-encoded colours,

    .. math:: ab = \Sigma_S^{1/2} \Sigma_C^{-1/2} (ab_C - \mu_C) + \mu_S

    is smoothed along the edges of the picture's lightness, and all three are cut to the style's
    range. A style without chroma has no palette to map to: the picture's own colours are mapped to
    the style's moments then, lightness too.

    The run itself works on the images as they are, and the snapshots on the way are shown in the
    mapped colours too. Several style images have one palette, by their shares.

    Args:
        detail_levels: How many of the finest bands of chroma come from the picture instead, which
            brings the colours of single strokes back; 0 for none. NNST's program computes the
            bands of 4 levels and then leaves them out of what it returns, so that its pictures are
            those of 0.

    Raises:
        ValueError: If ``detail_levels`` is below 0.

    Source: the program of Kolkin et al., "Neural neighbor style transfer", 2022,
    https://github.com/nkolkin13/NeuralNeighborStyleTransfer, colorization.py
    """

    def __init__(self, detail_levels: int = 0) -> None:
        if detail_levels < 0:
            raise ValueError(
                f"`detail_levels` of MappedChroma must be at least 0, got {detail_levels}."
            )
        self.detail_levels = detail_levels

    def before(
        self, content: Picture, styles: Sequence[Picture], shares: Sequence[float]
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the images as they are."""
        return content.pixels, [style.pixels for style in styles]

    @torch.no_grad()
    def after(
        self, picture: Tensor, content: Tensor, styles: Sequence[Picture], shares: Sequence[float]
    ) -> Tensor:
        """Return the picture in its mapped colours."""
        side = max(picture.shape[2:])
        pairs = [pair for pair in zip(styles, shares, strict=True) if pair[1] > 0]
        used = [_colours(style, side).to(picture) for style, _ in pairs]
        palette = _blended([(_moments(c), pair[1]) for c, pair in zip(used, pairs, strict=True)])
        every = torch.cat(used, 1)  # (3, N)
        least, most = (every.amin(1).view(1, 3, 1, 1), every.amax(1).view(1, 3, 1, 1))
        own = to_oklab(picture)
        light = own[:, :1].clamp(least[:, :1], most[:, :1])
        if float(palette[1][1:, 1:].abs().max()) < GRAY:
            mapped = _mapped(torch.cat([light, own[:, 1:]], 1), *palette)
        else:
            chroma = _mapped(to_oklab(content)[:, 1:], palette[0][1:], palette[1][1:, 1:])
            chroma = joint_bilateral(chroma, light, SHARPNESS, ROUNDS)
            mapped = torch.cat([light, self._with_detail(chroma, own[:, 1:])], 1)
        return from_oklab(mapped.clamp(least, most)).clamp(0, 1)

    def _with_detail(self, chroma: Tensor, own: Tensor) -> Tensor:
        """Return chroma with the finest bands of the picture's own."""
        if not self.detail_levels:
            return chroma
        bands = laplacian_bands(own, self.detail_levels)[:-1]
        return sum_of_bands([*bands, laplacian_bands(chroma, self.detail_levels)[-1]])


_Moments = tuple[Tensor, Tensor]
"""Mean of shape (n,) and covariance of shape (n, n), in float64."""


def _colours(picture: Picture, side: int) -> Tensor:
    """Return the colours of a style image at a longer side, without transparent pixels, (3, N)."""
    size = F.fit_long_side(picture.height, picture.width, side)
    colours = to_oklab(F.resize(picture.pixels, size))[0].flatten(1)
    if picture.alpha is None:
        return colours
    shown = F.resize(picture.alpha, size).flatten() > 0.5
    return colours[:, shown] if shown.any() else colours


def _moments(colours: Tensor) -> _Moments:
    values = colours.double()
    mean = values.mean(1)
    centred = values - mean[:, None]
    return mean, centred @ centred.t() / values.shape[1]


def _blended(palettes: Sequence[tuple[_Moments, float]]) -> _Moments:
    """Return the moments of several palettes together, by their shares."""
    mean = torch.stack([share * mean for (mean, _), share in palettes]).sum(0)
    spread = [
        share * (covariance + torch.outer(own - mean, own - mean))
        for (own, covariance), share in palettes
    ]
    return mean, torch.stack(spread).sum(0)


def _mapped(colours: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    """Return colours, (1, n, H, W), moved to a mean and a covariance."""
    own, spread = _moments(colours[0].flatten(1))
    matrix = _power(covariance, 0.5) @ _power(spread, -0.5)
    shift = (mean - matrix @ own).to(colours)
    return torch.einsum("ij,bjhw->bihw", matrix.to(colours), colours) + shift[:, None, None]


def _power(covariance: Tensor, exponent: float) -> Tensor:
    floor = FLOOR * torch.eye(len(covariance), dtype=covariance.dtype, device=covariance.device)
    values, vectors = torch.linalg.eigh(covariance + floor)
    power: Tensor = (vectors * values.clamp_min(FLOOR).pow(exponent)) @ vectors.t()
    return power
