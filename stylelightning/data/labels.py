"""Label pictures: regions that are told apart by their colours."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from stylelightning.functional.masks import as_labels

TOLERANCE = 0.1
"""Largest difference from a label's colour in red, green or blue, in [0, 1]: what JPEG leaves."""
PURE = 0.03
"""Largest difference from a colour that has a name of its own."""
LEAST = 0.002
"""Part of the picture below which a colour is no label but what lies between two."""
MOST = 16
"""Labels of a picture; one with more is a photograph rather than a label picture."""
FILLED = 0.04
"""Largest difference from a label's colour in most pixels, in [0, 1]: they are filled with it."""
STRAY = 0.2
"""Part of the pixels that may differ more: those at borders."""
COLOURS = {
    "black": (0.0, 0.0, 0.0),
    "white": (1.0, 1.0, 1.0),
    "red": (1.0, 0.0, 0.0),
    "green": (0.0, 1.0, 0.0),
    "blue": (0.0, 0.0, 1.0),
    "yellow": (1.0, 1.0, 0.0),
    "cyan": (0.0, 1.0, 1.0),
    "magenta": (1.0, 0.0, 1.0),
}
"""The colours that have names: each channel is off or full."""


def labels_of(pixels: Tensor, opacity: Tensor | None, name: str) -> dict[str, Tensor]:
    """Return the regions of a label picture by their colours, such as ``blue`` or ``#804000``.

    A pixel with a colour between two labels', as a resized picture or a JPEG has them, belongs to
    the nearer one. What is transparent belongs to none.

    Args:
        pixels: The picture, (1, 3, H, W) in [0, 1].
        opacity: Its opacity, (1, 1, H, W) in [0, 1]; None where it is opaque.
        name: What it is called in a message.

    Returns:
        Masks of 0 and 1, (1, 1, H, W), by name, the largest region first.

    Raises:
        ValueError: If it is no label picture.
    """
    shown = torch.ones_like(pixels[0, 0], dtype=torch.bool)
    if opacity is not None:
        shown = opacity[0, 0] >= 0.5
    found = _labels(pixels, shown)
    stray = 1.0
    if found:
        _, near = as_labels(pixels, torch.stack(found), FILLED)
        stray = float((~near & shown).float().mean())
    if len(found) > MOST or stray > STRAY:
        raise ValueError(
            f"The mask {name} must be a label picture, of at most {MOST} colours that differ by "
            f"more than {TOLERANCE:.0%} and fill regions, but it looks like a photograph: fill "
            "each region with one colour, or give each a mask of its own, such as {sky: sky.png}."
        )
    masks = split(pixels, {name_of(colour): colour for colour in found})
    return {each: mask * shown for each, mask in masks.items()}


def _labels(pixels: Tensor, shown: Tensor) -> list[Tensor]:
    """Return the colours that fill a part of the picture, the most frequent first."""
    # not those on the way from one region to the next
    levels = (pixels[0, :, _is_flat(pixels) & shown] * 255).round().long()
    packed, counts = torch.unique(
        (levels[0] << 16) + (levels[1] << 8) + levels[2], return_counts=True
    )
    colours = torch.stack([packed >> 16, packed >> 8 & 255, packed & 255], 1) / 255  # (n, 3)
    found: list[Tensor] = []
    left = counts.clone()
    while len(found) <= MOST and bool(left.any()):
        colour = colours[left.argmax()]
        near = (colours - colour).abs().amax(1) <= TOLERANCE
        if int(left[near].sum()) >= LEAST * shown.numel():
            found.append(colour)
        left[near] = 0
    return found


def _is_flat(pixels: Tensor) -> Tensor:
    """Return which pixels have the colour of all around them, (H, W)."""
    largest, smallest = (functional.max_pool2d(each, 3, 1, 1) for each in (pixels, -pixels))
    return (largest + smallest).amax(1)[0] <= TOLERANCE


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
    """Return the name of a colour: ``blue`` or another word of ``COLOURS``, or as ``#804000``."""
    for name, pure in COLOURS.items():
        if float((colour - torch.tensor(pure)).abs().max()) <= PURE:
            return name
    return "#" + "".join(f"{round(float(level) * 255):02x}" for level in colour)


def colour_of(name: str) -> Tensor | None:
    """Return the colour of a name, (3,) in [0, 1], or None where it is the name of no colour."""
    word = name.lower()
    if word in COLOURS:
        return torch.tensor(COLOURS[word])
    digits = word.removeprefix("#")
    if len(word) == 7 and len(digits) == 6 and set(digits) <= set("0123456789abcdef"):
        return torch.tensor([int(digits[place : place + 2], 16) for place in (0, 2, 4)]) / 255
    return None


def same_region(name: str, names: Iterable[str]) -> str | None:
    """Return which of some regions a name stands for, or None for none of them.

    A region has its own name, and those of all colours within the tolerance of its own.
    """
    names = list(names)
    if name in names:
        return name
    own = {each: colour for each in names if (colour := colour_of(each)) is not None}
    given = colour_of(name)
    if given is None or not own:
        return None
    differences = {each: float((colour - given).abs().max()) for each, colour in own.items()}
    nearest = min(differences, key=lambda each: differences[each])
    return nearest if differences[nearest] <= TOLERANCE + torch.finfo().eps else None
