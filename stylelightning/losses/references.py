"""What a run's images show its losses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from stylelightning.backbones.base import Features

_WEIGHTS = "weights of "
ROUNDING = 1e-5
"""What resizing a mask may take from its weights, as a part of the largest."""


def with_weights(features: Features, weights: Mapping[str, Tensor]) -> Features:
    """Return feature maps of which each position counts more or less.

    Args:
        features: Feature maps by layer.
        weights: Weights of positions in [0, 1] by layer, each (1, 1, h, w); a layer that has none
            counts as a whole.
    """
    return {**features, **{f"{_WEIGHTS}{layer}": each for layer, each in weights.items()}}


def weights_of(features: Features, layer: str) -> Tensor | None:
    """Return the weights of a layer's positions, (1, 1, h, w), or None where all count alike."""
    return features.get(f"{_WEIGHTS}{layer}")


def uneven(weights: Mapping[str, Tensor]) -> Features:
    """Return the weights of those layers whose positions don't count alike, but for rounding."""
    return {
        name: each
        for name, each in weights.items()
        if bool(each.min() < (1 - ROUNDING) * each.max()) or not bool(each.any())
    }


def of_layers(features: Features, layers: Iterable[str]) -> Features:
    """Return the feature maps of some layers, with the weights of their positions."""
    chosen: Features = {}
    for layer in layers:
        for key in (layer, f"{_WEIGHTS}{layer}"):
            if key in features:
                chosen[key] = features[key]
    return chosen


@dataclass(frozen=True)
class Reference:
    """A style image as the losses see it.

    Args:
        features: Its feature maps by layer, each (1, C, h, w); ``image`` is the image itself. In a
            region they come with weights of their positions.
        share: Its share in the blend of all style images, from 0 to 1; the shares add up to 1.
    """

    features: Features
    share: float = 1.0


@dataclass(frozen=True)
class RegionReferences:
    """What a region of the picture is compared with.

    Args:
        name: The region's name.
        weights: Weights of the picture's positions by layer, each (1, 1, h, w).
        styles: The style images, or the regions of some, that it is painted like.
        share: Its part in a term; those of all regions add up to 1.
    """

    name: str
    weights: Features
    styles: Sequence[Reference]
    share: float


@dataclass(frozen=True)
class References:
    """What the picture is compared with.

    Args:
        content: Feature maps of the content image by layer, or None when there is none.
        styles: The style images; their sizes may differ.
        regions: The regions of the picture, if each has style images of its own.
        held: Pictures that the picture is held to, pixel by pixel, such as the last frame of a clip
            moved to its place in this one: each has the layer ``image`` alone, with weights.
    """

    content: Features | None = None
    styles: Sequence[Reference] = ()
    regions: Sequence[RegionReferences] = ()
    held: Sequence[Reference] = ()
