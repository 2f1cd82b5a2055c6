"""Label pictures: regions that are told apart by their colours."""

from collections.abc import Mapping

import torch
from torch import Tensor

from stylelightning.functional.masks import as_labels

TOLERANCE = 0.1
"""Largest difference from a label's colour in red, green or blue, in [0, 1]: what JPEG leaves."""
LEAST = 0.002
"""Part of the picture below which a colour is no label but a rest between two."""
MOST = 16
"""Labels of a picture; one with more is a photograph rather than a label picture."""
STRAY = 0.2
"""Part of the pixels that may have none of the labels' colours."""


def labels_of(pixels: Tensor, name: str) -> dict[str, Tensor]:
    """Return the regions of a label picture by their colours, such as ``#0000ff``.

    A pixel with a colour between two labels', as a resized picture or a JPEG has them, belongs to
    the nearer one.

    Args:
        pixels: The picture, (1, 3, H, W) in [0, 1].
        name: What it is called in a message.

    Returns:
        Masks of 0 and 1, (1, 1, H, W), by name, the largest region first.

    Raises:
        ValueError: If it is no label picture.
    """
    levels = (pixels[0] * 255).round().long()
    packed = (levels[0] << 16) + (levels[1] << 8) + levels[2]
    values, counts = torch.unique(packed, return_counts=True)
    order = counts.argsort(descending=True, stable=True)
    found: list[Tensor] = []
    left = torch.ones_like(packed, dtype=torch.bool)
    for value in values[order].tolist():
        colour = torch.tensor([value >> 16, value >> 8 & 255, value & 255]) / 255
        _, near = as_labels(pixels, colour[None], TOLERANCE)
        if not bool((near & left & (packed == value)).any()):
            continue
        if float((near & left).float().mean()) < LEAST:
            break
        found.append(colour)
        left &= ~near
        if len(found) > MOST:
            break
    stray = float(left.float().mean())
    if len(found) > MOST or stray > STRAY:
        raise ValueError(
            f"The mask {name} must be a label picture, of at most {MOST} colours that differ by "
            f"more than {TOLERANCE:g}, but it looks like a photograph: fill each region with one "
            "colour, or give each a mask of its own, such as {sky: sky.png}."
        )
    return split(pixels, {name_of(colour): colour for colour in found})


def split(pixels: Tensor, colours: Mapping[str, Tensor], within: bool = False) -> dict[str, Tensor]:
    """Return the regions of a label picture that have some colours.

    Args:
        pixels: The picture, (1, 3, H, W) in [0, 1].
        colours: The colours, (3,) each, by name.
        within: Whether pixels of other colours belong to no region, and not to the nearest one.

    Returns:
        Masks of 0 and 1, (1, 1, H, W), by name; those of colours that the picture lacks are left
        out.
    """
    index, near = as_labels(pixels, torch.stack(list(colours.values())), TOLERANCE)
    masks = {}
    for number, name in enumerate(colours):
        mask = (index == number) & near if within else index == number
        if mask.any():
            masks[name] = mask[None, None].float()
    return masks


def name_of(colour: Tensor) -> str:
    """Return the name of a colour, such as ``#0000ff``."""
    return "#" + "".join(f"{round(float(level) * 255):02x}" for level in colour)


def colour_of(name: str) -> Tensor:
    """Return the colour of a name, (3,) in [0, 1]."""
    return torch.tensor([int(name[place : place + 2], 16) for place in (1, 3, 5)]) / 255
