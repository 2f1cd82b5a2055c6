"""The layers that all VGGs share: their names, their geometry, and the pass through them."""

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import get_args

from torch import Tensor, nn

from stylelightning.backbones.base import Backbone, Features, Layer, check_choice
from stylelightning.backbones.normalization import Normalize
from stylelightning.backbones.padding import Padding, smallest_padded_side
from stylelightning.backbones.pooling import Pooling, pool2d
from stylelightning.backbones.recomputing import recompute


class VGGLayers(Backbone):
    """The layers of a VGG without its classifier: ``conv1_1, relu1_1, conv1_2, ..., pool5``.

    ReLU is out of place, so a ``conv`` layer holds what comes before it. A subclass fills
    ``network``, whose modules have the layers' names, and ``normalize``.

    Args:
        layers: All layers by name, in depth order.
        pooling_factor: What a pooled map is multiplied by, above 0.

    Raises:
        ValueError: If the factor is out of its range.
    """

    has_blocks = True
    network: nn.Sequential
    normalize: Normalize

    def __init__(self, layers: dict[str, Layer], pooling_factor: float | None = 1.0) -> None:
        super().__init__()
        if pooling_factor is None or not 0 < pooling_factor < math.inf:  # the parser lets null pass
            raise ValueError(f"`pooling_factor` must be a number above 0, got {pooling_factor}.")
        self.layer_table = layers
        self.pooling_factor = pooling_factor
        self.lenses = nn.ModuleDict()
        """What a layer's map goes through before it is given, by layer; maps go on without it."""

    def forward(self, image: Tensor, layers: Iterable[str]) -> Features:
        """Return the feature maps of the named layers, in one pass that stops at the deepest.

        Args:
            image: Pictures of shape (B, 3, H, W) in [0, 1].
            layers: Names out of ``layer_table``, in any order.

        Returns:
            One feature map of shape (B, C, H // stride, W // stride) for each name.

        Raises:
            ValueError: If a layer is unknown or the picture too small for one.
        """
        wanted = set(layers)
        self.check_layers(wanted)
        self.check_image(image, wanted)
        features: Features = {}
        x = self.normalize(image)
        for names in self._segments(wanted):
            run = partial(recompute, self._run) if self.recomputes else self._run
            x, found = run(x, names, wanted)
            features |= found
        return {
            name: self.lenses[name](x) if name in self.lenses else x for name, x in features.items()
        }

    def _segments(self, wanted: set[str]) -> list[list[str]]:
        """Return the layers down to the deepest wanted one, cut after pools and wanted ones.

        What is wanted is kept anyway, and the map of a pool is small.
        """
        segments: list[list[str]] = [[]]
        left = set(wanted)
        for name in self.layers:
            if not left:
                break
            left.discard(name)
            segments[-1].append(name)
            if name in wanted or name.startswith("pool"):
                segments.append([])
        return [names for names in segments if names]

    def _run(self, x: Tensor, names: Iterable[str], wanted: set[str]) -> tuple[Tensor, Features]:
        """Return the map of the last of some layers that follow each other, and the wanted ones."""
        found: Features = {}
        for name in names:
            x = self.network.get_submodule(name)(x)
            if self.pooling_factor != 1 and name.startswith("pool"):
                x = x * self.pooling_factor
            if name in wanted:
                found[name] = x
        return x, found


def vgg_layers(
    convolutions: Sequence[int],
    channels: Sequence[int],
    padding: Padding = "zeros",
    first_padding: Padding | None = None,
) -> dict[str, Layer]:
    """Return the layers of a VGG by name, in depth order.

    Args:
        convolutions: Number of convolutions in each block.
        channels: Number of channels in each block.
        padding: What convolutions read beyond the border.
        first_padding: What the first one alone reads there; None for the same as all.
    """
    table: list[Layer] = []
    stride, receptive_field, smallest = 1, 1, 1
    for block, (count, width) in enumerate(zip(convolutions, channels, strict=True), start=1):
        for n in range(1, count + 1):
            receptive_field += 2 * stride
            mode = padding if table else first_padding or padding
            smallest = max(smallest, smallest_padded_side(mode, 1) * stride)
            for kind in ("conv", "relu"):
                name = f"{kind}{block}_{n}"
                table.append(Layer(name, width, stride, receptive_field, smallest))
        receptive_field += stride
        stride *= 2
        smallest = max(smallest, stride)
        table.append(Layer(f"pool{block}", width, stride, receptive_field, smallest))
    return {layer.name: layer for layer in table}


def vgg_network(
    layers: Iterable[Layer],
    pooling: Pooling = "max",
    padding: Padding = "zeros",
    first_padding: Padding | None = None,
) -> nn.Sequential:
    """Return the modules of some layers, by their names; their filters are still to be filled.

    Args:
        layers: The layers, in depth order from the first.
        pooling: How a block's map is halved.
        padding: What convolutions read beyond the border.
        first_padding: What the first one alone reads there; None for the same as all.
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    channels = 3
    for layer in layers:
        if layer.name.startswith("conv"):
            mode = padding if modules else first_padding or padding
            modules[layer.name] = nn.Conv2d(
                channels, layer.channels, 3, padding=1, padding_mode=mode, device="meta"
            )
            channels = layer.channels
        elif layer.name.startswith("relu"):
            modules[layer.name] = nn.ReLU()
        else:
            modules[layer.name] = pool2d(pooling)
    # filled later: drawing the usual initial weights takes time and the global random numbers
    return nn.Sequential(modules).to_empty(device="cpu")


def check_options(pooling: Pooling, padding: Padding, first_padding: Padding | None) -> None:
    """Refuse options of a VGG that are not among their choices.

    Raises:
        ValueError: If one is not.
    """
    check_choice("pooling", pooling, get_args(Pooling))
    check_choice("padding", padding, get_args(Padding))
    if first_padding is not None:
        check_choice("first_padding", first_padding, get_args(Padding))
