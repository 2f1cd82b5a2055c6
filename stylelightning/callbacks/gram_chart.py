"""A chart of two matrices and their difference, with their names and their scale."""

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn import functional

from stylelightning.images import pixels_to_image

ANCHORS = (
    (0.02, 0.19, 0.38),
    (0.26, 0.58, 0.76),
    (0.97, 0.97, 0.97),
    (0.84, 0.38, 0.30),
    (0.40, 0.0, 0.12),
)
"""Colours from the most negative value over zero (nearly white) to the most positive."""
GAP = 6
"""Pixels between two matrices."""
PANELS = ("target", "current", "difference")
LINES = 28
"""Width of the chart by the height of its text, which TensorBoard shows at half its size."""
LEAST_TEXT = 12
"""Least height of the text in pixels."""
INK, SOFT_INK = (30, 30, 30), (110, 110, 110)


def draw_grams(name: str, step: int, target: Tensor, current: Tensor, panel_size: int) -> Tensor:
    """Return a picture of target, current and difference, under a title and over a scale.

    The three share the target's scale: full colour is the largest of its values.

    Args:
        name: What is written above, ``<loss>/<layer>``.
        step: Number of steps that are done.
        target: Matrix of shape (C, C).
        current: Matrix of shape (C, C).
        panel_size: Side in pixels of one matrix; a larger matrix is averaged down, a smaller one
            enlarged by a whole factor.

    Returns:
        Picture of shape (3, H, W) in [0, 1]. The numbers below its colour bar are the values that
        have the colour above them.
    """
    limit = target.abs().max().clamp_min(torch.finfo(target.dtype).tiny)
    panels = [
        colour(_fit(each, panel_size) / limit) for each in (target, current, current - target)
    ]
    side = panels[0].shape[1]
    size = max(LEAST_TEXT, (3 * side + 2 * GAP) // LINES)
    font = ImageFont.load_default(size)
    said = f"step {step}"
    slot = max([side, *(round(font.getlength(each)) + 1 for each in PANELS)])
    width = max(3 * slot + 2 * GAP, round(font.getlength(f"{name}    {said}")) + 1)
    top, line = 3 * size, 3 * size // 2
    bar = top + side + size // 2
    image = Image.new("RGB", (width, bar + 5 * size // 2), "white")
    draw = ImageDraw.Draw(image)
    draw.text((0, size), name, INK, font, anchor="ls")
    draw.text((width, size), said, SOFT_INK, font, anchor="rs")
    for place, (label, panel) in enumerate(zip(PANELS, panels, strict=True)):
        left = place * (slot + GAP)
        draw.text((left, size + line), label, INK, font, anchor="ls")
        image.paste(pixels_to_image(panel[None]), (left, top))
    _draw_scale(image, float(limit), bar, font, size)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


def _draw_scale(
    image: Image.Image,
    limit: float,
    top: int,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    size: int,
) -> None:
    """Draw the colour bar over the picture's width, and five values below it."""
    places = torch.linspace(-1, 1, image.width)
    values = places.abs() * places  # `colour` takes the root
    height = 3 * size // 4
    image.paste(pixels_to_image(colour(values.expand(height, -1))[None]), (0, top))
    draw = ImageDraw.Draw(image)
    foot = top + height
    for part, anchor in ((-1.0, "ls"), (-0.5, "ms"), (0.0, "ms"), (0.5, "ms"), (1.0, "rs")):
        left = round((part + 1) / 2 * (image.width - 1))
        draw.line((left, foot, left, foot + size // 6), SOFT_INK, max(1, size // 14))
        value = abs(part) * part * limit
        number = f"{value:.0f}" if 100 <= abs(value) < 100_000 else f"{value:.2g}"
        draw.text((left, foot + 5 * size // 4), number, INK, font, anchor=anchor)


def _fit(matrix: Tensor, panel_size: int) -> Tensor:
    side, grid = len(matrix), matrix[None, None]
    if side > panel_size:
        return functional.adaptive_avg_pool2d(grid, panel_size)[0, 0]
    return functional.interpolate(grid, scale_factor=max(1, panel_size // side))[0, 0]


def colour(values: Tensor) -> Tensor:
    """Return a matrix of values as colours.

    Args:
        values: Matrix of shape (H, W); -1 is full blue, 0 nearly white, 1 full red; what lies
            beyond is cut.

    Returns:
        Picture of shape (3, H, W) in [0, 1].
    """
    values = values.float()
    anchors = torch.tensor(ANCHORS, dtype=torch.float32)
    signed = values.abs().sqrt().clamp(max=1) * values.sign()
    place = (signed + 1) / 2 * (len(anchors) - 1)  # (H, W) in [0, 4]
    lower = place.floor().clamp(max=len(anchors) - 2).long()
    part = (place - lower)[..., None]
    return torch.lerp(anchors[lower], anchors[lower + 1], part).permute(2, 0, 1)
