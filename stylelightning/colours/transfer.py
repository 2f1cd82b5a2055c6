"""The palette of one image given to another by a linear map of colours."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from stylelightning.colours.base import Colours
from stylelightning.images import Picture

NOISE = 0.02
"""Standard deviation in [0, 1] below which a difference of colours counts as noise."""


PART = 2**20
"""Most pixels that are held in float64 at once: a photograph of 24 megapixels would take 600 MB."""


def colour_moments(pixels: Tensor, weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the mean and the covariance of a picture's colours.

    Args:
        pixels: Picture of shape (1, 3, H, W).
        weight: Weight of each pixel of shape (1, 1, H, W), such as its opacity; None for 1. When
            no pixel has a weight, all count the same.

    Returns:
        Mean of shape (3,) and covariance of shape (3, 3), in float64.
    """
    colours = pixels[0].flatten(1)  # (3, H*W)
    if weight is None or not weight.any():
        weight = torch.ones(())
    shares = weight.flatten().expand(colours.shape[1])
    total, sums, products = torch.zeros(()), torch.zeros(3), torch.zeros(3, 3)
    for part, share in zip(torch.split(colours, PART, 1), torch.split(shares, PART), strict=True):
        weighted = (part := part.double()) * share.double()
        total = total + share.double().sum()
        sums = sums + weighted.sum(1)
        products = products + weighted @ part.t()
    mean = sums / total
    return mean, products / total - torch.outer(mean, mean)


def monge_kantorovich(source: Tensor, target: Tensor, noise: float = NOISE) -> Tensor:
    r"""Return the linear map that takes one Gaussian's covariance to another's at least cost.

    .. math:: T = \Sigma_s^{-1/2} (\Sigma_s^{1/2} \Sigma_t \Sigma_s^{1/2})^{1/2} \Sigma_s^{-1/2}

    It is the one symmetric positive map with :math:`T \Sigma_s T = \Sigma_t`. Before it, the
    square of ``noise`` is added to both diagonals, which Pitie and Kokaram do not do: a gray or
    one-coloured image has directions without variance, which would be divided by zero, and one
    that is nearly gray would have its noise turned into colour.

    Args:
        source: Covariance of shape (3, 3).
        target: Covariance of shape (3, 3).
        noise: Standard deviation below which a difference is noise, above 0.

    Returns:
        Map of shape (3, 3), symmetric, float64.

    Source: Pitie and Kokaram, "The linear Monge-Kantorovitch linear colour mapping for
    example-based colour transfer", CVMP 2007, equation 10.
    """
    floor = noise**2 * torch.eye(3, dtype=torch.float64, device=source.device)
    root = _power(source.double() + floor, 0.5)
    inverse = _power(source.double() + floor, -0.5)
    between = _power(root @ (target.double() + floor) @ root, 0.5)
    return inverse @ between @ inverse


def blended_moments(pictures: Sequence[Picture], shares: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Return the mean and the covariance of the colours of several pictures together.

    Args:
        pictures: Pictures; transparent pixels do not count.
        shares: Share of each; they add up to 1, whatever the pictures' sizes.

    Returns:
        Mean of shape (3,) and covariance of shape (3, 3), in float64.
    """
    moments = [colour_moments(picture.pixels, picture.alpha) for picture in pictures]
    mean = torch.stack([s * each for s, (each, _) in zip(shares, moments, strict=True)]).sum(0)
    spread = [
        share * (covariance + torch.outer(each - mean, each - mean))
        for share, (each, covariance) in zip(shares, moments, strict=True)
    ]
    return mean, torch.stack(spread).sum(0)


def transfer(source: Picture, goal: tuple[Tensor, Tensor], strength: float = 1.0) -> Tensor:
    """Return the source's pixels in the colours that have given moments.

    Args:
        source: Picture to recolour; transparent pixels do not count in its palette.
        goal: Mean and covariance of the palette.
        strength: Share of the way from the source's own colours (0) to the palette (1).

    Returns:
        Pixels of shape (1, 3, H, W), cut to [0, 1].
    """
    mean, covariance = colour_moments(source.pixels, source.alpha)
    matrix = monge_kantorovich(covariance, goal[1])
    matrix = torch.lerp(torch.eye(3, dtype=torch.float64), matrix, strength)
    shift = torch.lerp(mean, goal[0], strength) - matrix @ mean
    matrix, shift = matrix.to(source.pixels), shift.to(source.pixels)
    moved = torch.einsum("ij,bjhw->bihw", matrix, source.pixels) + shift[:, None, None]
    return moved.clamp(0, 1)


class ContentToStyle(Colours):
    """Gives the content image the style image's palette before the run starts.

    Content and style terms then agree on the colours, and the picture starts with them. The palette
    of several style images is that of all their colours together, by their shares.

    Args:
        strength: Share of the way from the content image's own colours (0) to the style's (1).

    Raises:
        ValueError: If ``strength`` is not in [0, 1].

    Source: ``monge_kantorovich`` says which map.
    """

    def __init__(self, strength: float = 1.0) -> None:
        _check_strength(self, strength)
        self.strength = strength

    def before(
        self, content: Picture, styles: Sequence[Picture], shares: Sequence[float]
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the recoloured content image and the style images as they are."""
        palette = blended_moments(styles, shares)
        return transfer(content, palette, self.strength), [style.pixels for style in styles]


class StyleToContent(Colours):
    """Gives the style image the content image's palette, so that the picture keeps that.

    Strokes of all three colour channels are kept, unlike with ``LuminanceOnly``. Gatys et al.
    propose this with a Cholesky or a symmetric root; the map here is Monge-Kantorovich's, which
    moves colours least.

    Args:
        strength: Share of the way from the style image's own colours (0) to the content's (1).

    Raises:
        ValueError: If ``strength`` is not in [0, 1].

    Source: Gatys, Bethge, Hertzmann and Shechtman, "Preserving color in neural artistic style
    transfer", 2016, section 3, https://arxiv.org/abs/1606.05897
    """

    def __init__(self, strength: float = 1.0) -> None:
        _check_strength(self, strength)
        self.strength = strength

    def before(
        self, content: Picture, styles: Sequence[Picture], shares: Sequence[float]
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the content image as it is and the recoloured style images."""
        palette = colour_moments(content.pixels, content.alpha)
        return content.pixels, [transfer(style, palette, self.strength) for style in styles]


def _check_strength(colours: Colours, strength: float) -> None:
    if not 0 <= strength <= 1 or math.isnan(strength):
        raise ValueError(
            f"`strength` of {type(colours).__name__} must be from 0 to 1, got {strength}."
        )


def _power(matrix: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    power: Tensor = (vectors * values.clamp_min(1e-12).pow(exponent)) @ vectors.t()
    return power
