"""Pictures as coloured half blocks, two pixels a letter."""

import os
from collections.abc import Mapping
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

UPPER_HALF = "\N{UPPER HALF BLOCK}"
PLAIN = "\x1b[0m"
LEVELS = (0, 95, 135, 175, 215, 255)
PALETTE = np.array(
    [(red, green, blue) for red in LEVELS for green in LEVELS for blue in LEVELS]
    + [(8 + 10 * gray,) * 3 for gray in range(24)]
)
"""Colours 16 to 255 of a terminal with 256: a cube and grays, as xterm has them."""

Pixels = NDArray[np.uint8]


def block_size(
    height: int, width: int, columns: int, lines: int, share: float = 0.4
) -> tuple[int, int]:
    """Return the size at which a picture fills a terminal's width or a part of its height.

    A letter is taken to be twice as high as wide, so that half of it is a square pixel.

    Example:
        >>> block_size(200, 300, 80, 24)
        (18, 27)

    Args:
        height: Height of the picture, in any unit.
        width: Its width.
        columns: Columns of the terminal.
        lines: Its lines.
        share: Most of its height that is taken, in (0, 1].

    Returns:
        Height and width in pixels; the height is even.
    """
    rows = max(1, int(lines * share))
    scale = min(max(1, columns - 1) / width, 2 * rows / height)
    return 2 * max(1, round(height * scale / 2)), max(1, round(width * scale))


def half_blocks(pixels: Pixels, true_colour: bool) -> list[str]:
    """Return a picture as rows of letters, each with the colours of two pixels.

    Args:
        pixels: Picture of shape (H, W, 3), H even.
        true_colour: Whether the terminal has 2^24 colours; else it has 256.

    Returns:
        H / 2 rows of W letters, each row with plain colours at its end.
    """
    code = _true_colours if true_colour else _palette_colours
    return [
        _row(code(upper), code(lower))
        for upper, lower in zip(pixels[::2], pixels[1::2], strict=True)
    ]


def has_true_colour(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether a terminal says that it has 2^24 colours."""
    return environment.get("COLORTERM", "").lower() in ("truecolor", "24bit")


def why_no_blocks(stream: TextIO | None, environment: Mapping[str, str] = os.environ) -> str:
    """Return why coloured blocks can't be shown; empty where they can.

    Args:
        stream: Where they would be written.
        environment: The variables of the process.
    """
    if stream is None or not stream.isatty():
        return "standard output is no terminal"
    if environment.get("NO_COLOR"):
        return "NO_COLOR is set"
    if environment.get("TERM") == "dumb":
        return "TERM is dumb: the terminal can't move its cursor"
    if "utf" not in (stream.encoding or "").lower():
        return f"the terminal has {stream.encoding}, which has no blocks"
    return ""


def _row(upper: list[str], lower: list[str]) -> str:
    parts, before = [], ("", "")
    for above, below in zip(upper, lower, strict=True):
        codes = [f"38;{above}"] if above != before[0] else []
        codes += [f"48;{below}"] if below != before[1] else []
        parts.append((f"\x1b[{';'.join(codes)}m" if codes else "") + UPPER_HALF)
        before = above, below
    return "".join(parts) + PLAIN


def _true_colours(row: Pixels) -> list[str]:
    return [f"2;{red};{green};{blue}" for red, green, blue in row.tolist()]


def _palette_colours(row: Pixels) -> list[str]:
    away: NDArray[Any] = (row[:, None].astype(int) - PALETTE) ** 2
    return [f"5;{16 + index}" for index in away.sum(2).argmin(1).tolist()]
