"""What a run's pictures show its losses at a size, in regions where there are some."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from stylelightning.backbones.base import Backbone, Features, Layer
from stylelightning.backbones.tiled_maps import map_size
from stylelightning.backbones.windows import Maps
from stylelightning.functional.masks import Guidance, area_weights, field_weights
from stylelightning.images import RegionStyle, RunPictures
from stylelightning.images.regions import Region, resized_mask
from stylelightning.losses import Loss
from stylelightning.losses.base import IMAGE_LAYER
from stylelightning.losses.references import (
    Reference,
    References,
    RegionReferences,
    uneven,
    with_weights,
)
from stylelightning.losses.regional import RegionalLoss
from stylelightning.objective import Objective, See

log = logging.getLogger(__name__)

PIXELS = Layer(IMAGE_LAYER, 3, 1, 1, 1)
"""The picture itself as a layer."""


def in_regions(losses: Mapping[str, Loss], pictures: RunPictures) -> dict[str, Loss]:
    """Return the losses of a run, each style term in regions where its pictures have some.

    Args:
        losses: The losses by name.
        pictures: The run's pictures.

    Raises:
        ValueError: If a style term can't be computed in regions.
    """
    if pictures.regions is None:
        return dict(losses)
    if any(region.content != 1 for region in pictures.regions.parts):
        for name, loss in losses.items():
            if loss.needs_content and not loss.takes_weights:
                log.warning(
                    "The term %r holds the content image alike everywhere: it does not heed "
                    "`data.regions.content`, as a ContentLoss does.",
                    name,
                )
    return {name: RegionalLoss(loss) if loss.needs_style else loss for name, loss in losses.items()}


def references_of(
    objective: Objective,
    backbone: Backbone,
    pictures: RunPictures,
    long_side: int,
    start: Tensor,
    maps: See | None = None,
) -> References:
    """Return what the pictures show the losses at a size.

    Args:
        objective: The losses, and what gives them feature maps.
        backbone: The network, for the geometry of its layers.
        pictures: The run's pictures.
        long_side: Longer side of the picture in pixels.
        start: The picture that the scale starts from, (1, 3, H, W) in [0, 1], on the device and in
            the precision of all.
        maps: What gives the feature maps of an image; None for the objective.

    Raises:
        ValueError: If a layer's positions see no fixed part of the picture, which ``inside`` and
            ``all`` need.
    """
    content = pictures.content(long_side)
    content = None if content is None else content.to(start)
    styles = [style.to(start) for style in pictures.styles(long_side)]
    found = objective.references(content, styles, pictures.shares, start, maps)
    found = replace(found, held=_held(pictures, long_side, start))
    if pictures.regions is None or found.content is None or content is None:
        return found
    regions, size = pictures.regions, (content.shape[2], content.shape[3])
    weigh = partial(_layer_weights, backbone.layer_table, regions.guidance)
    masks = [resized_mask(region.mask.to(start), size) for region in regions.parts]
    parts = []
    for region, mask in zip(regions.parts, masks, strict=True):
        if region.styles:
            shares = _shares(pictures, region)
            chosen = [
                Reference(
                    _masked(found.styles[each.image].features, styles[each.image], each, weigh),
                    share,
                )
                for each, share in zip(region.styles, shares, strict=True)
            ]
            weights = weigh(mask, found.content)
            parts.append(RegionReferences(region.name, weights, chosen, regions.share(region)))
    if any(region.content != 1 for region in regions.parts):
        factors = torch.ones_like(masks[0])
        for region, mask in zip(regions.parts, masks, strict=True):
            factors = factors + (region.content - 1) * mask
        held = {
            name: area_weights(factors, map_size(found.content, name)) for name in found.content
        }
        found = replace(found, content=with_weights(found.content, held))
    return replace(found, regions=parts)


def _held(pictures: RunPictures, long_side: int, like: Tensor) -> list[Reference]:
    """Return what the picture is held to: each a picture with the weights of its pixels."""
    return [
        Reference(
            with_weights({IMAGE_LAYER: each.pixels.to(like)}, {IMAGE_LAYER: each.weights.to(like)})
        )
        for each in pictures.held(long_side)
    ]


def _shares(pictures: RunPictures, region: Region) -> list[float]:
    """Return the shares of a region's style images, which add up to 1."""
    shares = [pictures.shares[style.image] for style in region.styles]
    if len(shares) == len(pictures.style_images):
        return shares  # as without regions, to the last bit
    return [share / sum(shares) for share in shares]


Weigh = Callable[[Tensor, Maps], Features]
"""Gives the weights of all layers' positions from a mask."""


def _masked(features: Maps, image: Tensor, style: RegionStyle, weigh: Weigh) -> Maps:
    """Return a style image's feature maps with weights where it has a mask."""
    if style.mask is None:
        return features
    mask = resized_mask(style.mask.to(image), (image.shape[2], image.shape[3]))
    return with_weights(features, uneven(weigh(mask, features)))


def _layer_weights(
    layers: Mapping[str, Layer], guidance: Guidance, mask: Tensor, maps: Maps
) -> Features:
    """Return the weights of the positions of each layer."""
    weights = {}
    for name in maps:
        layer, size = layers.get(name, PIXELS), map_size(maps, name)
        if guidance == "soft":
            weights[name] = area_weights(mask, size)
        elif layer.receptive_field is None:
            raise ValueError(
                f"`data.regions.guidance: {guidance}` needs layers whose positions see a fixed "
                f"square of the picture, which {name!r} does not have: take `soft`."
            )
        else:
            geometry = (layer.stride, layer.receptive_field)
            weights[name] = field_weights(mask, size, *geometry, guidance)
    return weights
