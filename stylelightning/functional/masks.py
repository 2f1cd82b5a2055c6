"""From a mask of a picture to the weights of a layer's positions."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Guidance = Literal["soft", "inside", "all"]


def area_weights(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the part of each position's share of the picture that a mask covers.

    Weights of masks that add up to 1 add up to 1.

    Args:
        mask: Mask of shape (1, 1, H, W) in [0, 1].
        size: Height h and width w of the layer.

    Returns:
        Weights in [0, 1], (1, 1, h, w).
    """
    return functional.adaptive_avg_pool2d(mask, size)


def field_weights(
    mask: Tensor, size: tuple[int, int], stride: int, field: int, guidance: Literal["inside", "all"]
) -> Tensor:
    """Return which positions see nothing but a mask's region, or anything of it.

    What lies beyond the picture's border belongs to no region, and says nothing.

    Args:
        mask: Mask of shape (1, 1, H, W) in [0, 1]; the region is where it is at least a half.
        size: Height h and width w of the layer.
        stride: Pixels from one position to the next.
        field: Side in pixels of the square that a position sees, whose middle is its own.
        guidance: ``inside`` for positions that see the region alone, ``all`` for those that see
            any of it.

    Returns:
        Weights, 0 or 1, (1, 1, h, w).

    Source: Gatys, Ecker, Bethge, Hertzmann and Shechtman, "Controlling perceptual factors in neural
    style transfer", CVPR 2017, section 4, https://arxiv.org/abs/1611.07865, find these positions by
    probing the network; here they follow from its geometry.
    """
    region = (mask >= 0.5).to(mask)
    if guidance == "all":
        return _any_seen(region, size, stride, field)
    return 1 - _any_seen(1 - region, size, stride, field)


def _any_seen(region: Tensor, size: tuple[int, int], stride: int, field: int) -> Tensor:
    before = (field - stride) // 2
    after = [
        max(0, (length - 1) * stride + field - before - side)
        for length, side in zip(size, region.shape[2:], strict=True)
    ]
    padded = functional.pad(region, (before, after[1], before, after[0]))
    # the largest of a square is that of rows of largest of columns
    rows = functional.max_pool2d(padded, (field, 1), (stride, 1))
    seen = functional.max_pool2d(rows, (1, field), (1, stride))
    return seen[:, :, : size[0], : size[1]]


def as_labels(pixels: Tensor, colours: Tensor, tolerance: float) -> tuple[Tensor, Tensor]:
    """Return which of some colours each pixel has.

    Args:
        pixels: Picture of shape (1, 3, H, W) in [0, 1].
        colours: Colours of shape (n, 3) in [0, 1].
        tolerance: Largest difference in any of red, green and blue.

    Returns:
        Index of the nearest colour at each pixel, (H, W), and whether it is within the tolerance.
    """
    nearest = torch.full_like(pixels[0, 0], torch.inf)
    index = torch.zeros_like(nearest, dtype=torch.long)
    for number, colour in enumerate(colours.to(pixels)):  # one by one: a picture may be large
        difference = (pixels[0] - colour[:, None, None]).abs().amax(0)
        index[difference < nearest] = number
        nearest = torch.minimum(nearest, difference)
    return index, nearest <= tolerance + torch.finfo(pixels.dtype).eps
