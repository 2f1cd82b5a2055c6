"""Lightness and chroma of colours, in the space Oklab."""

import torch
from torch import Tensor

CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
"""Answers of three kinds of cones to red, green and blue."""
OPPONENTS = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
"""Lightness, green to red and blue to yellow of the cube roots of these answers."""


def to_oklab(image: Tensor) -> Tensor:
    """Return lightness L and chroma a and b of a picture.

    The space is made for linear light. What goes in here counts as such: whoever has gamma-encoded
    values, as pictures have them, gets a space of the same kind, with other numbers.

    Args:
        image: Picture of shape (B, 3, H, W) in [0, 1].

    Returns:
        L in [0, 1], a and b in about [-0.4, 0.4], as (B, 3, H, W).

    Source: Ottosson, "A perceptual color space for image processing", 2020,
    https://bottosson.github.io/posts/oklab/
    """
    cones = torch.einsum("ij,bjhw->bihw", image.new_tensor(CONES), image)
    roots = cones.clamp_min(0).pow(1 / 3)
    return torch.einsum("ij,bjhw->bihw", image.new_tensor(OPPONENTS), roots)


def from_oklab(colours: Tensor) -> Tensor:
    """Return the picture of L, a and b, of any range: the inverse of ``to_oklab``.

    Args:
        colours: L, a and b of shape (B, 3, H, W).
    """
    back = torch.linalg.inv(torch.tensor(OPPONENTS, dtype=torch.float64)).to(colours)
    roots = torch.einsum("ij,bjhw->bihw", back, colours)
    mix = torch.linalg.inv(torch.tensor(CONES, dtype=torch.float64)).to(colours)
    return torch.einsum("ij,bjhw->bihw", mix, roots.pow(3))
