"""Any classification network of torchvision's as a backbone."""

import logging
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Self, get_args

import torch
from torch import Tensor, fx
from torchvision.models import WeightsEnum, get_model_weights

from stylelightning.backbones.base import Backbone, Features, Layer, check_choice
from stylelightning.backbones.feature_graph import (
    INCEPTIONS,
    build_network,
    check_network,
    cut,
    in_blocks,
    trace,
)
from stylelightning.backbones.graph_rewriting import (
    put_out_of_place,
    replace_padding,
    replace_pools,
    turn_pools_into_modules,
)
from stylelightning.backbones.map_shapes import MapShapes, following, smallest_sides
from stylelightning.backbones.normalization import (
    NORMALIZATIONS,
    Normalization,
    NormalizationName,
    Normalize,
)
from stylelightning.backbones.padding import Padding
from stylelightning.backbones.pooling import Pooling
from stylelightning.backbones.receptive_fields import reach, receptive_fields, side
from stylelightning.backbones.weights.finding import find_weights
from stylelightning.backbones.weights.torchvision_layouts import load_weights
from stylelightning.functional import smoothed_by_softmax

log = logging.getLogger(__name__)

_SMALL, _LARGE = (512, 768), (1024, 1280)
"""Height and width in pixels of two pictures: what differs between them follows the picture."""


class TorchvisionModel(Backbone):
    """The feature maps of a classification network of torchvision's, frozen.

    Layers are the nodes of the network by torchvision's names, such as ``layer1.0.relu`` of a
    ResNet, and its blocks, such as ``layer1.0``, which end in one. Those are layers whose height
    and width follow the picture's; maps with the channels last, as in Swin and ConvNeXt, are given
    as (B, C, h, w) too. Nothing is computed in place, so a ``conv`` or ``bn`` layer holds what
    comes before the next. Networks that read pictures of one size only, such as ViT, are refused.

    Args:
        network: Name of the network in torchvision, such as ``resnet50``, ``convnext_tiny``,
            ``squeezenet1_1``.
        weights: Trained weights: a name of torchvision's (``DEFAULT``, ``IMAGENET1K_V2``),
            downloaded once into the folder of torch.hub; or the path of a local file (.pth or
            .safetensors) in torchvision's layout; or null for untrained ones.
        pooling: Kind of every pool, whose windows stay: ``max``, ``avg``, or ``l2``, the root of
            the mean of the squares; null as the network was trained. Means over the whole
            picture, as in squeeze-and-excitation, stay means.
        padding: What every padded convolution and pool reads beyond the border: ``zeros`` as the
            network was trained (a pool then reads nothing), ``replicate`` or ``reflect`` against
            dark or striped borders, ``circular`` for pictures that tile.
        normalization: What is done to a picture in [0, 1] first: ``imagenet`` subtracts the
            mean and divides by the deviation, ``caffe`` is blue-green-red in [0, 255] minus the
            mean, ``imagenet255`` red-green-blue in [0, 255] minus ImageNet's mean, ``centred``
            [-0.5, 0.5]. null takes what the network was trained with.
        softmax_smoothing: Whether each layer goes through a softmax over all its values, which
            residual networks need for Gram matrices; the values then have the mean 1.
        seed: Seed of untrained weights, without effect on others.

    Raises:
        FileNotFoundError: If the weights are not there and can't be downloaded.
        OSError: If the downloaded weights are damaged.
        ValueError: If an argument is not one of its choices, the network has no feature maps of
            pictures of any size, or the weights are not this network's.

    Source: the smoothing is that of Wang, Li and Vasconcelos, "Rethinking and improving the
    robustness of image style transfer", CVPR 2021, https://arxiv.org/abs/2104.05623
    """

    has_blocks = True

    def __init__(
        self,
        network: str,
        weights: str | None = "DEFAULT",
        pooling: Pooling | None = None,
        padding: Padding = "zeros",
        normalization: NormalizationName | None = None,
        softmax_smoothing: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_network(network)
        if pooling is not None:
            check_choice("pooling", pooling, get_args(Pooling))
        check_choice("padding", padding, get_args(Padding))
        if normalization is not None:
            check_choice("normalization", normalization, tuple(NORMALIZATIONS))
        entries = get_model_weights(network)
        found = None if weights is None else find_weights(weights, network, entries)
        if found is None:
            log.warning(
                f"Untrained {network}: its filters are drawn from seed {seed}, and its pictures "
                "are not those of trained ones. Trained filters: `weights: DEFAULT`, or the path "
                "of a file."
            )
        graph, nodes = trace(build_network(network, seed))
        put_out_of_place(graph)
        turn_pools_into_modules(graph)
        shapes = MapShapes(graph)
        small, large = shapes.at(*_SMALL), shapes.at(*_LARGE)
        self._nodes = _maps(nodes, small, large, network)
        self._channels_last = {
            node for node in self._nodes.values() if 3 not in following(small[node], large[node])
        }
        self.network = cut(graph, self._nodes)
        fields = receptive_fields(self.network, small, large)
        replace_pools(self.network, pooling, padding)
        replace_padding(self.network, padding)
        sides = smallest_sides(MapShapes(self.network), set(self._nodes.values()), min(_SMALL))
        self.layer_table = {
            name: Layer(
                name,
                large[node][-1 if node in self._channels_last else 1],
                _stride(small[node], large[node]),
                side(fields[node]),
                sides[node],
                reach(fields[node]),
            )
            for name, node in self._nodes.items()
        }
        self.softmax_smoothing = self.looks_around = softmax_smoothing
        self.residual = not softmax_smoothing and _adds_maps(self.network, set(sides))
        if found is not None:
            load_weights(self.network, found, network)
            self.origin = found.origin
        trained = found.entry if found and found.entry else entries.DEFAULT
        self.normalize = Normalize(_normalization(normalization, network, trained))
        self._extractors: dict[tuple[frozenset[str], bool], fx.GraphModule] = {}
        self.requires_grad_(False)
        self.eval()

    def forward(self, image: Tensor, layers: Iterable[str]) -> Features:
        """Return the feature maps of the named layers, computing only what these need.

        Args:
            image: Pictures of shape (B, 3, H, W) in [0, 1].
            layers: Names out of ``layer_table``, in any order.

        Returns:
            One feature map of shape (B, C, h, w) for each name.

        Raises:
            ValueError: If a layer is unknown or the picture too small for one.
        """
        wanted = frozenset(layers)
        self.check_layers(wanted)
        self.check_image(image, wanted)
        if not wanted:
            return {}
        maps: Features = self._extractor(wanted)(self.normalize(image))
        for name in wanted:
            if self._nodes[name] in self._channels_last:
                maps[name] = maps[name].permute(0, 3, 1, 2)  # (B, h, w, C) to (B, C, h, w)
            if self.softmax_smoothing:
                maps[name] = smoothed_by_softmax(maps[name])
        return maps

    def _extractor(self, wanted: frozenset[str]) -> fx.GraphModule:
        key = wanted, self.recomputes
        if key not in self._extractors:
            nodes = {name: node for name, node in self._nodes.items() if name in wanted}
            graph = cut(self.network, nodes)
            self._extractors[key] = in_blocks(graph) if self.recomputes else graph
        return self._extractors[key]

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move the parameters; extractors are made again, since they may hold old ones."""
        self._extractors.clear()
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self


def _maps(
    nodes: Mapping[str, str],
    small: Mapping[str, torch.Size],
    large: Mapping[str, torch.Size],
    network: str,
) -> dict[str, str]:
    """Return the nodes that are feature maps."""
    maps = {
        name: node
        for name, node in nodes.items()
        if node in small
        and node in large
        and len(large[node]) == 4
        and list(following(small[node], large[node])) in ([2, 3], [1, 2])
    }
    *_, answer = nodes.values()
    if not maps or answer not in large:
        raise ValueError(
            f"`network` {network} has no feature maps of pictures of any size: it reads pictures "
            "of one size only. Take a convolutional network, such as resnet50 or convnext_tiny."
        )
    return maps


def _stride(small: torch.Size, large: torch.Size) -> int:
    axis, length = next(iter(following(small, large).items()))
    return round((_LARGE[0] - _SMALL[0]) / (length - small[axis]))


def _adds_maps(network: fx.GraphModule, maps: set[str]) -> bool:
    """Return whether two feature maps are added anywhere."""
    return any(
        node.target in (operator.add, torch.add, "add")
        and sum(source.name in maps for source in node.all_input_nodes) > 1
        for node in network.graph.nodes
    )


def _normalization(
    name: NormalizationName | None, network: str, entry: WeightsEnum
) -> Normalization:
    if name is not None:
        return NORMALIZATIONS[name]
    if network in INCEPTIONS:  # torchvision converts ImageNet's normalisation to this one
        return Normalization((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    preset = entry.transforms()
    return Normalization(tuple(preset.mean), tuple(preset.std))
