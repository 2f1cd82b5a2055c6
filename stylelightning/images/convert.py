"""Turn pixels into a Pillow image."""

import torch
from PIL import Image
from torch import Tensor


def pixels_to_image(pixels: Tensor, alpha: Tensor | None = None) -> Image.Image:
    """Return the picture with 8 bits per channel, of mode RGB, or RGBA when opacity is given.

    Values are clamped to [0, 1] and rounded to the nearest of the 256 levels.

    Args:
        pixels: Colours of shape (1, 3, H, W), of any float type and on any device.
        alpha: Opacity of shape (1, 1, H, W), if any.

    Raises:
        ValueError: If a shape or type is wrong, or a value is NaN.
    """
    levels = _levels("pixels", pixels, 3)
    if alpha is not None:
        if alpha.shape[2:] != pixels.shape[2:]:
            raise ValueError(
                f"`alpha` must have the size of `pixels`, {tuple(pixels.shape[2:])},"
                f" got {tuple(alpha.shape[2:])}."
            )
        levels = torch.cat([levels, _levels("alpha", alpha, 1)], 2)  # (H, W, 4)
    return Image.fromarray(levels.contiguous().numpy())


def on_white(image: Image.Image) -> Image.Image:
    """Return a picture of mode RGBA laid on white, of mode RGB."""
    opaque = Image.new("RGBA", image.size, "white")
    opaque.alpha_composite(image)
    return opaque.convert("RGB")


def _levels(name: str, values: Tensor, channels: int) -> Tensor:
    """Return values of shape (1, C, H, W) as 8-bit levels of shape (H, W, C), on the CPU."""
    shape = tuple(values.shape)
    if len(shape) != 4 or shape[:2] != (1, channels) or 0 in shape:
        raise ValueError(f"`{name}` must have shape (1, {channels}, H, W), got {shape}.")
    if not values.is_floating_point():
        raise ValueError(f"`{name}` must be floats in [0, 1], got {values.dtype}.")
    values = values.detach().to("cpu", torch.float32)
    if values.isnan().any():
        raise ValueError(
            f"`{name}` must be numbers, {int(values.isnan().sum())} of {values.numel()} values are"
            " NaN. The optimisation diverged: lower the learning rate or a weight."
        )
    return values.clamp(0, 1).mul(255).round().to(torch.uint8)[0].permute(1, 2, 0)
