"""Turn pixels into a Pillow image."""

from collections.abc import Iterator

import torch
from PIL import Image
from torch import Tensor

STRIP = 1 << 21
"""Pixels of a strip: a picture is converted strip by strip, so that its floats are held once."""


def pixels_to_image(pixels: Tensor, alpha: Tensor | None = None) -> Image.Image:
    """Return the picture with 8 bits per channel, of mode RGB, or RGBA when opacity is given.

    Values are clamped to [0, 1] and rounded to the nearest of the 256 levels.

    Args:
        pixels: Colours of shape (1, 3, H, W), of any float type and on any device.
        alpha: Opacity of shape (1, 1, H, W), if any.

    Raises:
        ValueError: If a shape or type is wrong, or a value is NaN.
    """
    given = {"pixels": pixels} if alpha is None else {"pixels": pixels, "alpha": alpha}
    for (name, values), channels in zip(given.items(), (3, 1), strict=False):
        _check(name, values, channels)
    height, width = pixels.shape[2:]
    if alpha is not None and alpha.shape[2:] != pixels.shape[2:]:
        raise ValueError(
            f"`alpha` must have the size of `pixels`, {tuple(pixels.shape[2:])},"
            f" got {tuple(alpha.shape[2:])}."
        )
    image = Image.new("RGB" if alpha is None else "RGBA", (width, height))
    for top, bottom in strips(height, width):
        levels = torch.cat([_levels(each[:, :, top:bottom]) for each in given.values()], 2)
        image.paste(Image.fromarray(levels.numpy()), (0, top))
    return image


def on_white(image: Image.Image) -> Image.Image:
    """Return a picture of mode RGBA laid on white, of mode RGB."""
    opaque = Image.new("RGBA", image.size, "white")
    opaque.alpha_composite(image)
    return opaque.convert("RGB")


def strips(height: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield the first row of each strip of a picture and the row after its last, from the top.

    Args:
        height: Height of the picture in pixels.
        width: Its width in pixels.
    """
    rows = max(1, STRIP // width)
    for top in range(0, height, rows):
        yield top, min(height, top + rows)


def _check(name: str, values: Tensor, channels: int) -> None:
    shape = tuple(values.shape)
    if len(shape) != 4 or shape[:2] != (1, channels) or 0 in shape:
        raise ValueError(f"`{name}` must have shape (1, {channels}, H, W), got {shape}.")
    if not values.is_floating_point():
        raise ValueError(f"`{name}` must be floats in [0, 1], got {values.dtype}.")
    parts = [values[:, :, top:bottom] for top, bottom in strips(shape[2], shape[3])]
    lost = int(torch.stack([each.isnan().sum() for each in parts]).sum())
    if lost:
        raise ValueError(
            f"`{name}` must be numbers, {lost} of {values.numel()} values are"
            " NaN. The optimisation diverged: lower the learning rate or a weight."
        )


def _levels(values: Tensor) -> Tensor:
    """Return values of shape (1, C, H, W) as 8-bit levels of shape (H, W, C), on the CPU."""
    levels = values.detach().float().clamp(0, 1).mul_(255).round_().to(torch.uint8)
    return levels[0].permute(1, 2, 0).contiguous().cpu()
