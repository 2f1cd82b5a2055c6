"""What a run's images show its losses."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from torch import Tensor

from stylelightning.backbones.base import Features
from stylelightning.backbones.tiled_maps import TiledMaps
from stylelightning.backbones.windows import Maps, cut

_WEIGHTS = "weights of "
ROUNDING = 1e-5
"""What resizing a mask may take from its weights, as a part of the largest."""


@overload
def with_weights(features: Features, weights: Mapping[str, Tensor]) -> Features: ...
@overload
def with_weights(features: Maps, weights: Mapping[str, Tensor]) -> Maps: ...
def with_weights(features: Maps, weights: Mapping[str, Tensor]) -> Maps:
    """Return feature maps of which each position counts more or less.

    Args:
        features: Feature maps of a picture by layer, or of a part of it.
        weights: Weights of the whole picture's positions in [0, 1] by layer, each (1, 1, h, w); a
            layer that has none counts as a whole.
    """
    if isinstance(features, TiledMaps):
        return features.beside(
            {f"{_WEIGHTS}{name}": (name, each) for name, each in weights.items()}
        )
    found = {f"{_WEIGHTS}{name}": cut(each, features, name) for name, each in weights.items()}
    return {**features, **found}


def weights_of(features: Maps, layer: str) -> Tensor | None:
    """Return the weights of a layer's positions, (1, 1, h, w), or None where all count alike."""
    return features.get(f"{_WEIGHTS}{layer}")


def uneven(weights: Mapping[str, Tensor]) -> Features:
    """Return the weights of those layers whose positions don't count alike, but for rounding."""
    return {
        name: each
        for name, each in weights.items()
        if bool(each.min() < (1 - ROUNDING) * each.max()) or not bool(each.any())
    }


def of_layers(features: Maps, layers: Iterable[str]) -> Maps:
    """Return the feature maps of some layers, with the weights of their positions."""
    if isinstance(features, TiledMaps):
        return features.only(layers)
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
            region they come with weights of their positions. Those of a large image are computed
            when they are asked for.
        share: Its share in the blend of all style images, from 0 to 1; the shares add up to 1.
    """

    features: Maps
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
        picture: The picture that the scale starts from, (1, 3, H, W) in [0, 1], or None where it is
            not known.
        compute: What gives the feature maps of any picture, for targets that are those of a picture
            made of these, such as a turned style image. It is there while a loss prepares, and no
            loss keeps it.
        held: Pictures that the picture is held to, pixel by pixel, such as the last frame of a clip
            moved to its place in this one: each has the layer ``image`` alone, with weights.
    """

    content: Maps | None = None
    styles: Sequence[Reference] = ()
    regions: Sequence[RegionReferences] = ()
    held: Sequence[Reference] = ()
    picture: Tensor | None = None
    compute: Callable[[Tensor], Features] | None = None

    def features(self, picture: Tensor) -> Features:
        """Return the feature maps of a picture that is made of these.

        Args:
            picture: Picture of shape (1, 3, H, W) in [0, 1].

        Raises:
            ValueError: If there is nothing that computes them.
        """
        if self.compute is None:
            raise ValueError(
                "The features of another picture are needed, and `compute` of References is None: "
                "take the references of an Objective."
            )
        return self.compute(picture)
