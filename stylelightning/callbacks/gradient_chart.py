"""A chart of gradients: their norms as bars, the angles between them as a matrix."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from stylelightning.callbacks.gram_chart import colour

ROW = 36
"""Height of a row and width of a cell of the matrix, in pixels."""
TEXT = 14
"""Height of the text in pixels."""
BAR = 220
"""Length of the longest bar in pixels."""
MARGIN = 16
"""Pixels between the parts."""
INK, PALE, BLUE = (40, 40, 40), (200, 200, 200), (66, 113, 158)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw_chart(
    title: str, norms: Mapping[str, float], cosines: Mapping[tuple[str, str], float]
) -> Tensor:
    """Return a picture of a row for each term: its name, a bar of its norm, and its cosines.

    Args:
        title: What is written above.
        norms: L2 norms of the gradients by term, at least 0; one that is not finite has no bar.
        cosines: Cosines of pairs of terms, in [-1, 1]; what is missing is left gray.

    Returns:
        Picture of shape (3, H, W) in [0, 1]: bars in proportion to the largest norm, cosines from
        blue (-1) over white (0) to red (1).
    """
    names = list(norms)
    font = ImageFont.load_default(TEXT)
    label = max(_width(name, font) for name in names)
    number = max(_width(f"{value:.3g}", font) for value in norms.values())
    bars = MARGIN + label + MARGIN
    matrix = bars + BAR + MARGIN + number + 2 * MARGIN
    head = MARGIN + 2 * TEXT + label + 8
    cells = max(ROW * len(names), _width("cosine", font))
    width = max(matrix + cells + MARGIN, 2 * MARGIN + _width(title, font))
    image = Image.new("RGB", (width, head + ROW * len(names) + MARGIN), "white")
    draw = ImageDraw.Draw(image)
    draw.text((MARGIN, MARGIN), title, INK, font)
    draw.text((matrix, MARGIN), "cosine", INK, font)
    draw.text((bars, head - 8), "norm of the gradient", INK, font, anchor="ls")
    lengths = {name: value if math.isfinite(value) else 0 for name, value in norms.items()}
    largest = max(lengths.values()) or 1
    for row, name in enumerate(names):
        top = head + ROW * row
        middle = top + ROW // 2
        draw.text((MARGIN, middle), name, INK, font, anchor="lm")
        draw.line((bars, top + 4, bars, top + ROW - 4), PALE)
        length = round(BAR * lengths[name] / largest)
        if length:
            draw.rectangle((bars, top + 8, bars + length, top + ROW - 8), BLUE)
        draw.text((bars + length + 8, middle), f"{norms[name]:.3g}", INK, font, anchor="lm")
        _draw_upright(image, name, (matrix + ROW * row + (ROW - TEXT) // 2, head - 8), font)
        _draw_cells(draw, [_cosine(cosines, name, other) for other in names], (matrix, top))
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    return pixels.float() / 255


def _cosine(cosines: Mapping[tuple[str, str], float], first: str, second: str) -> float | None:
    """Return the cosine of two terms in any order."""
    return cosines.get((first, second), cosines.get((second, first)))


def _draw_cells(
    draw: ImageDraw.ImageDraw, values: Sequence[float | None], corner: tuple[int, int]
) -> None:
    """Draw a row of the matrix."""
    font = ImageFont.load_default(TEXT - 2)
    left, top = corner
    for value in values:
        fill: tuple[int, ...] = (225, 225, 225)
        if value is not None:
            signed = torch.tensor([[value * abs(value)]])  # `colour` takes the root
            fill = tuple((colour(signed).flatten() * 255).round().int().tolist())
        draw.rectangle((left, top, left + ROW - 2, top + ROW - 2), fill)
        ink = "white" if sum(fill) < 330 else INK
        text = "" if value is None else f"{value:.2f}".replace("0.", ".", 1)
        draw.text((left + ROW // 2 - 1, top + ROW // 2 - 1), text, ink, font, anchor="mm")
        left += ROW


def _draw_upright(image: Image.Image, text: str, foot: tuple[int, int], font: Font) -> None:
    """Write a text from a place upwards."""
    width = _width(text, font)
    upright = Image.new("RGB", (width, TEXT + 6), "white")
    ImageDraw.Draw(upright).text((0, 0), text, INK, font)
    image.paste(upright.rotate(90, expand=True), (foot[0], foot[1] - width))


def _width(text: str, font: Font) -> int:
    return round(font.getlength(text)) + 1
