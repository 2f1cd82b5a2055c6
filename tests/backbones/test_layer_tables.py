"""What a layer table says, for every backbone of the project's own, pooling and padding.

`test_torchvision_model.py` has the same for torchvision's networks.
"""

import copy
from collections.abc import Callable
from functools import partial
from typing import get_args

import pytest
import torch

from stylelightning.backbones import VGG16, VGG19, Backbone, Pixels, RandomMultiscale, SlimVGG
from stylelightning.backbones.padding import Padding
from stylelightning.backbones.pooling import Pooling

BACKBONES: dict[str, Callable[[], Backbone]] = {
    f"{network.__name__}-{pooling}-{padding}": partial(
        network, weights=None, pooling=pooling, padding=padding
    )
    for network in (VGG16, VGG19)
    for pooling in get_args(Pooling)
    for padding in get_args(Padding)
}
BACKBONES |= {
    f"RandomMultiscale-{padding}": partial(RandomMultiscale, padding=padding)
    for padding in get_args(Padding)
}
BACKBONES |= {
    f"SlimVGG-{padding}": partial(SlimVGG, padding=padding) for padding in get_args(Padding)
}
BACKBONES["Pixels"] = Pixels


@pytest.mark.parametrize("name", BACKBONES)
def test_a_layer_table_is_true(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = BACKBONES[name]()
    layers = backbone.layers
    # oracle: PyTorch's own shapes, on the device that computes nothing
    image = torch.zeros(1, 3, 96, 120)
    meta = copy.deepcopy(backbone).to("meta")(image.to("meta"), layers)
    features = backbone(image, layers)
    for layer, entry in backbone.layer_table.items():
        expected = (1, entry.channels, 96 // entry.stride, 120 // entry.stride)
        assert features[layer].shape == meta[layer].shape == expected, layer

    # the smallest side of a layer runs, and one pixel less is the error, ours and PyTorch's
    smallest = {backbone.layer_table[layer].smallest_side: layer for layer in layers}
    for side, layer in smallest.items():
        with pytest.raises(ValueError, match=f"needs sides of at least {side} pixels"):
            backbone(torch.zeros(1, 3, side - 1, side + 9), [layer])
    monkeypatch.setattr(type(backbone), "check_image", lambda *_: None)
    for layer, entry in backbone.layer_table.items():
        assert exists(backbone, layer, entry.smallest_side), layer
        assert not exists(backbone, layer, entry.smallest_side - 1), layer


def exists(backbone: Backbone, layer: str, side: int) -> bool:
    """Whether PyTorch itself computes a layer of a picture so small."""
    if side == 0:
        return False
    try:
        features = backbone(torch.zeros(1, 3, side, side + 9), [layer])[layer]
    except RuntimeError:
        return False
    return bool(features.numel())
