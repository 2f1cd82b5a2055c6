"""What a convolution reads beyond the border of a picture."""

from typing import Literal

Padding = Literal["zeros", "replicate", "reflect", "circular"]
"""Modes of padding, by the names that ``torch.nn.Conv2d`` gives them."""


def smallest_padded_side(padding: Padding, width: int) -> int:
    """Return the smallest side of a map that can be padded.

    Args:
        padding: Mode of padding.
        width: Number of positions added on each side.

    Returns:
        Side in positions: reflection needs one more than it adds, since it leaves the border
        itself out, and a circle can't go round more than once.
    """
    return {"zeros": 1, "replicate": 1, "reflect": width + 1, "circular": max(width, 1)}[padding]
