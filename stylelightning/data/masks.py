"""Reading masks: of label pictures, or one picture for each region."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from stylelightning.data.labels import colour_of, labels_of, same_region, split
from stylelightning.images import Picture, PictureSource, picture_of, source_name
from stylelightning.images.regions import resized_mask
from stylelightning.images.transparency import own_colours

Masks = str | dict[str, str]
"""Path of a label picture, or of a mask for each region by its name."""
REST = "rest"
"""Name of what no mask covers."""
LEAST = 0.002
"""Part of the picture below which there is no rest."""
SHAPE_TOLERANCE = 0.02
"""By how much the shape of a mask may differ from its picture's, as a part."""
NOISE = 0.02
"""What JPEG leaves of black and takes from white, in [0, 1]."""


def read_masks(source: Masks, of: Picture, what: str) -> dict[str, Tensor]:
    """Return the regions that masks of a picture show, and the region ``rest`` of all others.

    Args:
        source: A label picture, whose regions are named by their colours, or a mask for each name:
            white where the region is, black where it is not, gray between; what is transparent is
            in none.
        of: The picture that is masked.
        what: What the picture is called in a message, such as ``the content image``.

    Returns:
        Masks of shape (1, 1, h, w) in [0, 1], by name, which add up to 1.

    Raises:
        OSError: If a file is missing or can't be read.
        ValueError: If a file is no picture or no mask, is empty or has another shape, or a name
            can't be a folder's.
    """
    if isinstance(source, Mapping):
        masks = _named(source, of, what)
    else:
        picture = _fitting(source, of, what)
        masks = labels_of(picture.pixels, picture.alpha, source_name(source))
    total = sum(masks.values(), torch.zeros(()))
    left = (1 - total).clamp_min(0)
    if float((left > 0.5).float().mean()) > LEAST:
        masks[REST] = masks.get(REST, 0) + left
        total = total + left
    # masks may overlap, or leave a little between them
    return {name: mask / total.clamp_min(NOISE) for name, mask in masks.items()}


def read_named_masks(
    source: Masks, names: tuple[str, ...], of: Picture, what: str
) -> dict[str, Tensor]:
    """Return the regions of a style image that have the names of some of the content image's.

    Args:
        source: A label picture with the same colours, or a mask for each name.
        names: Names of the content image's regions.
        of: The style image.
        what: What it is called in a message.

    Returns:
        Masks of shape (1, 1, h, w) in [0, 1], by name.

    Raises:
        OSError: If a file is missing or can't be read.
        ValueError: If a file is no picture or no mask, or has none of the names.
    """
    if isinstance(source, Mapping):
        found = {}
        for name, mask in _named(source, of, what).items():
            region = same_region(name, names)
            if region is None:
                raise ValueError(
                    f"The masks of {what} name the region {name!r}, which the content image does "
                    f"not have: it has {', '.join(names)}."
                )
            found[region] = mask
        return found
    colours = {name: colour for name in names if (colour := colour_of(name)) is not None}
    picture = _fitting(source, of, what)
    found = split(picture.pixels, colours, within=True) if colours else {}
    if picture.alpha is not None:
        shown = {name: mask * (picture.alpha >= 0.5) for name, mask in found.items()}
        found = {name: mask for name, mask in shown.items() if mask.any()}
    if not found:
        raise ValueError(
            f"The mask {source_name(source)} of {what} has none of the content image's regions, "
            f"which are {', '.join(names)}: give it their colours, or a mask for each name."
        )
    return found


def _named(source: Mapping[str, str], of: Picture, what: str) -> dict[str, Tensor]:
    """Return a mask for each name, all of the size of the largest."""
    if not source:
        raise ValueError(f"The masks of {what} must name a region, got none.")
    for name in source:
        if not name.isprintable() or {*name} & {*"/\\"} or name.strip() in ("", ".", ".."):
            raise ValueError(
                f"The masks of {what} name the region {name!r}, and pictures of it go to a folder "
                "of that name: give a name without / or \\, such as sky."
            )
    masks = {name: _soft(path, of, what) for name, path in source.items()}
    largest = max(masks.values(), key=Tensor.numel)
    size = (largest.shape[2], largest.shape[3])
    return {name: resized_mask(mask, size) for name, mask in masks.items()}


def _soft(path: PictureSource, of: Picture, what: str) -> Tensor:
    picture = _fitting(path, of, what)
    mask = ((picture.pixels.mean(1, keepdim=True) - NOISE) / (1 - 2 * NOISE)).clamp(0, 1)
    if picture.alpha is not None:
        mask = mask * picture.alpha
    if not mask.any():
        raise ValueError(
            f"The mask {source_name(path)} of {what} must be white somewhere, but it is black: "
            "white is where the region is."
        )
    return mask


def _fitting(source: PictureSource, of: Picture, what: str) -> Picture:
    picture = picture_of(source)
    ratio = picture.width / picture.height * of.height / of.width
    # a size is rounded to whole pixels
    rounding = 1 / min(picture.width, picture.height)
    if abs(ratio - 1) > SHAPE_TOLERANCE + rounding:
        raise ValueError(
            f"The mask {source_name(source)} must have the shape of {what}, "
            f"{of.width}x{of.height} px, in any size, got {picture.width}x{picture.height} px."
        )
    if picture.alpha is None:
        return picture
    # a layer may be half opaque, to show the picture under it: it is painted with plain colours too
    return replace(
        picture,
        pixels=own_colours(picture.pixels, picture.alpha),
        alpha=picture.alpha / picture.alpha.max(),
    )
