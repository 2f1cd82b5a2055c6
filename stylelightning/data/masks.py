"""Reading masks: of label pictures, or one picture for each region."""

from collections.abc import Mapping

from torch import Tensor

from stylelightning.data.labels import colour_of, labels_of, split
from stylelightning.images import Picture, PictureSource, picture_of, source_name

Masks = PictureSource | dict[str, str]
"""A label picture, or a mask for each region by its name."""
LEAST_SIDE_RATIO = 0.02
"""By how much the shape of a mask may differ from its picture's, as a part."""
EMPTY = 0.5 / 255
"""Largest weight below which a mask is empty."""


def read_masks(source: Masks, of: Picture, what: str) -> dict[str, Tensor]:
    """Return the regions that masks of a picture show.

    Args:
        source: A label picture, whose regions are named by their colours, or a mask for each name:
            white where the region is, black where it is not, gray between; what is transparent is
            black.
        of: The picture that is masked.
        what: What the picture is called in a message, such as ``the content image``.

    Returns:
        Masks of shape (1, 1, h, w) in [0, 1], by name, which add up to 1 at most.

    Raises:
        OSError: If a file is missing or can't be read.
        ValueError: If a file is no picture or no mask, is empty or has another shape.
    """
    if not isinstance(source, Mapping):
        picture = _fitting(source, of, what)
        return labels_of(picture.pixels, source_name(source))
    if not source:
        raise ValueError(f"The masks of {what} must name a region, got none.")
    masks = {name: _soft(path, of, what) for name, path in source.items()}
    sides = [(mask.shape[2], mask.shape[3]) for mask in masks.values()]
    if len(set(sides)) > 1:
        raise ValueError(
            f"The masks of {what} must have one size, got "
            f"{' and '.join(f'{width}x{height}' for height, width in sides)} px."
        )
    total = sum(masks.values()).clamp_min(1)  # type: ignore[union-attr]
    return {name: mask / total for name, mask in masks.items()}


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
        found = read_masks(source, of, what)
        unknown = [name for name in found if name not in names]
        if unknown:
            raise ValueError(
                f"The masks of {what} name the region {unknown[0]!r}, which the content image does "
                f"not have: it has {', '.join(names)}."
            )
        return found
    colours = {name: colour_of(name) for name in names if name.startswith("#")}
    picture = _fitting(source, of, what)
    found = split(picture.pixels, colours, within=True) if colours else {}
    if not found:
        raise ValueError(
            f"The mask {source_name(source)} of {what} has none of the content image's regions, "
            f"which are {', '.join(names)}: give it their colours, or a mask for each name."
        )
    return found


def _soft(path: PictureSource, of: Picture, what: str) -> Tensor:
    picture = _fitting(path, of, what)
    mask = picture.pixels.mean(1, keepdim=True)
    if picture.alpha is not None:
        mask = mask * picture.alpha
    if float(mask.max()) < EMPTY:
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
    if abs(ratio - 1) > LEAST_SIDE_RATIO + rounding:
        raise ValueError(
            f"The mask {source_name(source)} must have the shape of {what}, "
            f"{of.width}x{of.height} px, in any size, got {picture.width}x{picture.height} px."
        )
    return picture
