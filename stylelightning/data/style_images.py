"""Which style images a run has, and how much of each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from torch import Tensor

from stylelightning.images import PictureSource, check_source, source_name


@dataclass(frozen=True)
class StyleImage:
    """One of several style images.

    Args:
        path: Path of the picture; in Python also an image of Pillow's or a tensor.
        weight: How much it counts, at least 0; the weights of all are divided by their sum.
        scale: Factor of its size, above 0, on top of ``style_scale``.
        mask: Regions of the image by the names of the content image's: a label picture of the same
            colours, or a mask for each name; each paints the region of its name.
        regions: Names of the content image's regions that it paints; empty for those of its mask,
            or without one for all that no other style image names.

    Raises:
        ValueError: If a number is out of its range.
    """

    path: PictureSource
    weight: float = 1.0
    scale: float = 1.0
    mask: str | dict[str, str] | None = None
    regions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 <= self.weight < math.inf:
            raise ValueError(
                f"The weight of the style image {source_name(self.path)} must be at least 0, got "
                f"{self.weight}."
            )
        if not 0 < self.scale < math.inf:
            raise ValueError(
                f"The scale of the style image {source_name(self.path)} must be above 0, got "
                f"{self.scale}."
            )


def style_images(
    style: PictureSource | Sequence[PictureSource | StyleImage] | None,
) -> tuple[StyleImage, ...]:
    """Return the style images that an option asks for.

    Args:
        style: A picture, a list of pictures and of images with weights, or None for no style image.

    Raises:
        TypeError: If an entry is no picture.
        ValueError: If the list is empty, all weights are 0, or an entry has other keys.
    """
    if style is None:
        return ()
    entries: Sequence[PictureSource | StyleImage]
    entries = style if isinstance(style, list | tuple) else [style]  # type: ignore[list-item]
    images = tuple(each if isinstance(each, StyleImage) else StyleImage(each) for each in entries)
    for image in images:  # jsonargparse takes an entry that it can't read as text for a path
        if not isinstance(image.path, Image.Image | Tensor):
            check_source(image.path)
        if (
            isinstance(image.path, str)
            and image.path.lstrip().startswith(("{", "["))
            and not Path(image.path).exists()
        ):
            raise ValueError(
                "An entry of `data.style` must be a path, or have the keys path, weight and scale "
                "with numbers for the last two, or mask and regions, whose names are a list, got "
                f"{image.path}."
            )
    if not images:
        raise ValueError("`data.style` must name at least one image, or be null, got [].")
    if not sum(image.weight for image in images):
        raise ValueError("`data.style` must have an image with a weight above 0.")
    return images
