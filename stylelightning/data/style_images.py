"""Which style images a run has, and how much of each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StyleImage:
    """One of several style images.

    Args:
        path: Path of the picture.
        weight: How much it counts, at least 0; the weights of all are divided by their sum.
        scale: Factor of its size, above 0, on top of ``style_scale``.

    Raises:
        ValueError: If a number is out of its range.
    """

    path: str
    weight: float = 1.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 <= self.weight < math.inf:
            raise ValueError(
                f"The weight of the style image {self.path} must be at least 0, got {self.weight}."
            )
        if not 0 < self.scale < math.inf:
            raise ValueError(
                f"The scale of the style image {self.path} must be above 0, got {self.scale}."
            )


def style_images(style: str | Sequence[str | StyleImage] | None) -> tuple[StyleImage, ...]:
    """Return the style images that an option asks for.

    Args:
        style: A path, a list of paths and of images with weights, or None for no style image.

    Raises:
        ValueError: If the list is empty, all weights are 0, or an entry has other keys.
    """
    if style is None:
        return ()
    images = tuple(
        StyleImage(each) if isinstance(each, str) else each
        for each in ([style] if isinstance(style, str) else style)
    )
    for image in images:  # jsonargparse takes an entry that it can't read as text for a path
        if image.path.lstrip().startswith(("{", "[")) and not Path(image.path).exists():
            raise ValueError(
                "An entry of `data.style` must be a path, or have the keys path, weight and scale "
                f"with numbers for the last two, got {image.path}."
            )
    if not images:
        raise ValueError("`data.style` must name at least one image, or be null, got [].")
    if not sum(image.weight for image in images):
        raise ValueError("`data.style` must have an image with a weight above 0.")
    return images
