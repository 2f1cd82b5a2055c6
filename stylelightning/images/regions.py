"""The regions of a run's picture, and how each is painted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn import functional

from stylelightning.functional.masks import Guidance


@dataclass(frozen=True, eq=False)
class RegionStyle:
    """What of a style image a region is painted like.

    Args:
        image: Index of the style image.
        mask: Where in it, (1, 1, h, w) in [0, 1]; None for the whole of it.
    """

    image: int
    mask: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Region:
    """A region of the picture.

    Args:
        name: Its name.
        mask: Where it is, (1, 1, H, W) in [0, 1].
        styles: What it is painted like; none for a region that is kept as the content image has it.
        content: Factor of the content terms there.
    """

    name: str
    mask: Tensor
    styles: Sequence[RegionStyle]
    content: float = 1.0


@dataclass(frozen=True, eq=False)
class Regions:
    """All regions of a run's picture.

    Args:
        parts: The regions; their masks add up to 1 at most.
        guidance: Which positions of a layer belong to a region: ``soft``, by the part of their own
            share of the picture that is in it; ``inside``, those that see nothing else; ``all``,
            those that see any of it.
        weighting: ``area`` for terms that count as their regions' areas, so that each pixel is
            painted as strongly; ``equal`` for terms that count alike.
    """

    parts: tuple[Region, ...]
    guidance: Guidance = "soft"
    weighting: Literal["area", "equal"] = "area"

    @property
    def painted(self) -> tuple[Region, ...]:
        """The regions that have a style image."""
        return tuple(region for region in self.parts if region.styles)

    def share(self, region: Region) -> float:
        """Return the part of a style term that a painted region has."""
        if self.weighting == "equal":
            return 1 / len(self.painted)
        return float(region.mask.mean())

    def kept(self, size: tuple[int, int]) -> Tensor | None:
        """Return where the content image is kept as it is, (1, 1, *size); None for nowhere."""
        masks = [resized_mask(each.mask, size) for each in self.parts if not each.styles]
        return sum(masks[1:], masks[0]) if masks else None


def resized_mask(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Return a mask at another size; masks that add up to 1 go on doing so.

    Args:
        mask: Mask of shape (1, 1, H, W) in [0, 1].
        size: Height and width in pixels.
    """
    if tuple(mask.shape[2:]) == size:
        return mask
    return functional.interpolate(mask, size, mode="bilinear", antialias=True)
