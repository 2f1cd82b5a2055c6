"""Style transfer of luminance alone."""

from collections.abc import Sequence

import torch
from torch import Tensor

from stylelightning.colours.base import Colours
from stylelightning.colours.transfer import NOISE, colour_moments
from stylelightning.images import Picture

WEIGHTS = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in the luminance (ITU-R BT.601, the Y of YIQ)."""


def luminance(image: Tensor) -> Tensor:
    """Return how bright each pixel is.

    Args:
        image: Picture of shape (B, 3, H, W) in [0, 1].

    Returns:
        Luminance of shape (B, 1, H, W) in [0, 1].
    """
    return torch.einsum("bchw,c->bhw", image, image.new_tensor(WEIGHTS))[:, None]


class LuminanceOnly(Colours):
    r"""Transfers the style's luminance only; the picture has the content image's own colours.

    The run works on gray images. What it makes is the luminance Y of the picture to show; I and Q
    of the YIQ space are the content image's. All colours are then cut to [0, 1].

    Args:
        match: Whether the style image's luminance is first given the mean and the deviation of
            the content image's, :math:`\frac{\sigma_C}{\sigma_S} (Y_S - \mu_S) + \mu_C`.

    Source: Gatys, Bethge, Hertzmann and Shechtman, "Preserving color in neural artistic style
    transfer", 2016, section 4, https://arxiv.org/abs/1606.05897
    """

    def __init__(self, match: bool = True) -> None:
        self.match = match

    def before(
        self, content: Picture, styles: Sequence[Picture], shares: Sequence[float]
    ) -> tuple[Tensor, list[Tensor]]:
        """Return all images in gray."""
        dark = luminance(content.pixels)
        painted = [luminance(style.pixels) for style in styles]
        if self.match:
            mean, deviation = _moments(content)
            for n, style in enumerate(styles):
                own, spread = _moments(style)
                painted[n] = ((painted[n] - own) * (deviation / spread) + mean).clamp(0, 1)
        first, *others = [image.expand(-1, 3, -1, -1).clone() for image in (dark, *painted)]
        return first, others

    def after(
        self, picture: Tensor, content: Tensor, styles: Sequence[Picture], shares: Sequence[float]
    ) -> Tensor:
        """Return the picture's luminance with the content image's colours."""
        return (content + luminance(picture) - luminance(content)).clamp(0, 1)


def _moments(picture: Picture) -> tuple[float, float]:
    """Return mean and deviation of the luminance; a flat picture counts as noise."""
    mean, covariance = colour_moments(picture.pixels, picture.alpha)
    weights = mean.new_tensor(WEIGHTS)
    return float(weights @ mean), float((weights @ covariance @ weights + NOISE**2).sqrt())
