"""Which region of the picture is painted like which style image."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from torch import Tensor

from stylelightning.data.labels import same_region
from stylelightning.data.masks import Masks, read_masks, read_named_masks
from stylelightning.data.style_images import StyleImage
from stylelightning.functional.masks import Guidance
from stylelightning.images import Picture, source_name
from stylelightning.images.regions import Region, Regions, RegionStyle


@dataclass(frozen=True)
class RegionOptions:
    """How the regions of ``data.content_masks`` are used.

    Args:
        guidance: Which positions of a layer belong to a region: ``soft``, by the part of their own
            share of the picture that is in it; ``inside``, those that see nothing else; ``all``,
            those that see any of it.
        weighting: ``area`` for style terms that count as their regions' areas; ``equal`` for terms
            that count alike, which paints small regions more strongly.
        keep: Names of regions that stay as the content image has them.
        content: Factors of the content terms in some regions, by name.

    Raises:
        ValueError: If a choice or a number is out of its range.
    """

    guidance: Guidance = "soft"
    weighting: Literal["area", "equal"] = "area"
    keep: list[str] = field(default_factory=list)
    content: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the ranges."""
        choices = {"guidance": Guidance, "weighting": Literal["area", "equal"]}
        for name, kind in choices.items():
            if (value := getattr(self, name)) not in get_args(kind):
                raise ValueError(
                    f"`data.regions.{name}` must be one of {', '.join(get_args(kind))}, got "
                    f"{value!r}."
                )
        for name, factor in self.content.items():
            if not 0 <= factor < math.inf:
                raise ValueError(
                    "`data.regions.content` must have factors of at least 0, got "
                    f"{name}: {factor:g}."
                )


def read_regions(
    masks: Masks,
    content: Picture,
    images: Sequence[StyleImage],
    styles: Sequence[Picture],
    options: RegionOptions,
) -> Regions:
    """Return the regions of the picture, each with what it is painted like.

    A style image with ``regions`` paints those; one with a ``mask`` paints the regions whose names
    its own regions have, each like the one of its name; one with neither paints all that no other
    one names. What no mask covers is the region ``rest``.

    Args:
        masks: Those of the content image.
        content: The content image.
        images: The style images, as asked for.
        styles: The style images.
        options: How the regions are used.

    Raises:
        OSError: If a file is missing or can't be read.
        ValueError: If a mask is none, a name is unknown, or a region is neither painted nor kept.
    """
    found = read_masks(masks, content, "the content image")
    names = tuple(found)
    keep = _regions("`data.regions.keep`", options.keep, names)
    factors = dict(
        zip(
            _regions("`data.regions.content`", options.content, names),
            options.content.values(),
            strict=True,
        )
    )
    painted = _painted(images, styles, names)
    parts = []
    for name, mask in found.items():
        if name in keep:
            chosen: list[RegionStyle] = []
        elif not (chosen := painted[name]):
            raise ValueError(
                f"The region {name!r} of the content image has no style image: give one of "
                f"`data.style` `regions: [{name!r}]`, or keep the region with "
                f"`--data.regions.keep '[{name!r}]'`. The regions are {', '.join(names)}."
            )
        parts.append(Region(name, mask, tuple(chosen), factors.get(name, 1.0)))
    if not any(part.styles for part in parts):
        raise ValueError("`data.regions.keep` must leave a region to paint, but it names all.")
    return Regions(tuple(parts), options.guidance, options.weighting)


def _painted(
    images: Sequence[StyleImage], styles: Sequence[Picture], names: tuple[str, ...]
) -> dict[str, list[RegionStyle]]:
    """Return what paints each region."""
    painted: dict[str, list[RegionStyle]] = {name: [] for name in names}
    anything: list[int] = []
    for index, (image, style) in enumerate(zip(images, styles, strict=True)):
        if not image.weight:
            continue
        what = f"the style image {source_name(image.path)}"
        own: Mapping[str, Tensor] = {}
        if image.mask is not None:
            own = read_named_masks(image.mask, names, style, what)
        named = _regions(f"`regions` of {what}", image.regions, names)
        if not named and image.mask is None:
            anything.append(index)
        for name in dict.fromkeys(named) or own:
            if own and name not in own:
                raise ValueError(
                    f"The mask of {what} has no region {name!r}: it has {', '.join(own)}."
                )
            painted[name].append(RegionStyle(index, own.get(name)))
    for chosen in painted.values():
        if not chosen:
            chosen += [RegionStyle(index) for index in anything]
    return painted


def _regions(
    what: str, given: Sequence[str] | Mapping[str, float], names: Sequence[str]
) -> list[str]:
    """Return the regions that some names stand for, in order."""
    regions = []
    for name in given:
        region = same_region(name, names)
        if region is None:
            raise ValueError(
                f"{what} names the region {name!r}, which the content image does not have: it has "
                f"{', '.join(names)}."
            )
        regions.append(region)
    return regions
