"""Feature maps of a part of a picture, which know where they lie in the whole."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from stylelightning.backbones.base import Features

_WINDOW = "window of "

Maps = Mapping[str, Tensor]
"""Feature maps by layer name, each (B, C, h, w); some are computed only when they are asked for."""


@dataclass(frozen=True)
class Window:
    """Where a part of a feature map lies in the whole, in positions.

    Args:
        top: Its first row.
        left: Its first column.
        height: Number of rows of the whole map.
        width: Number of columns of the whole map.
    """

    top: int
    left: int
    height: int
    width: int


def with_windows(features: Features, windows: Mapping[str, Window]) -> Features:
    """Return feature maps that say where they lie in the whole.

    Args:
        features: Maps of a part of the picture, by layer.
        windows: Where each layer's map lies.
    """
    places = {
        f"{_WINDOW}{layer}": torch.tensor([each.top, each.left, each.height, each.width])
        for layer, each in windows.items()
    }
    return {**features, **places}


def window_of(features: Maps, layer: str) -> Window | None:
    """Return where a layer's map lies in the whole; None if it is the whole."""
    place = features.get(f"{_WINDOW}{layer}")
    return None if place is None else Window(*place.tolist())


def cut(whole: Tensor, features: Maps, layer: str) -> Tensor:
    """Return what lies, in a whole map, where a layer's map does.

    Args:
        whole: Tensor of shape (..., H, W), as large as the layer's whole map.
        features: Maps of the picture, or of a part of it.
        layer: Name of the layer.
    """
    window = window_of(features, layer)
    if window is None:
        return whole
    height, width = features[layer].shape[2:]
    rows = slice(window.top, window.top + height)
    return whole[..., rows, window.left : window.left + width]
