"""A VGG of fewer channels, trained on a larger one's features, that comes with the package."""

import logging
from pathlib import Path

import torch
from torch import nn

from stylelightning.backbones.normalization import NORMALIZATIONS, Normalize
from stylelightning.backbones.padding import Padding
from stylelightning.backbones.pooling import Pooling
from stylelightning.backbones.vgg_layers import VGGLayers, check_options, vgg_layers, vgg_network
from stylelightning.backbones.weights.files import log_origin, origin_of
from stylelightning.backbones.weights.slim_file import SlimFile, read_slim_file

log = logging.getLogger(__name__)

SLIM = "slim"
"""What ``weights`` calls the file in the package."""
SLIM_FILE = Path(__file__).with_name("slim_vgg16.safetensors")
"""The file in the package."""


class SlimVGG(VGGLayers):
    """A slim VGG-16 down to ``relu5_1``, with fewer channels and nothing to download.

    It was trained to have the features of Oxford's VGG-16, and its ``relu`` layers are given
    through lenses: square matrices by which lengths and angles of features are those of VGG-16's,
    as far as the student has them. So a loss and its weight mean what they mean with VGG-16.
    ``conv`` and ``pool`` layers are the student's own.

    Args:
        weights: ``slim``, the file in the package, or the path of one that
            ``python -m stylelightning distill`` wrote.
        pooling: How a block's map is halved: ``max`` as it was trained, ``avg`` for smoother
            pictures (Gatys et al.), or ``l2``, the root of the mean of the squares.
        pooling_factor: What a pooled map is multiplied by, above 0.
        padding: What convolutions read beyond the border: ``zeros`` as it was trained,
            ``replicate`` or ``reflect`` against dark or striped borders, ``circular`` for pictures
            that tile.
        first_padding: What ``conv1_1`` alone reads beyond the border; null for the same as all.
        lenses: Whether features are given through the lenses; without them, they are the
            student's own, after a ReLU.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If an argument is not one of its choices or out of its range, or the file is
            damaged or of another kind.

    Source: docs/slim-vgg.md. The filters were derived from those of Simonyan and Zisserman, "Very
    deep convolutional networks for large-scale image recognition", ICLR 2015,
    https://arxiv.org/abs/1409.1556, under CC BY 4.0.
    """

    def __init__(
        self,
        weights: str = SLIM,
        pooling: Pooling = "max",
        pooling_factor: float = 1.0,
        padding: Padding = "zeros",
        first_padding: Padding | None = None,
        lenses: bool = True,
    ) -> None:
        check_options(pooling, padding, first_padding)
        path = _file_of(weights)
        content = read_slim_file(path)
        every = vgg_layers(content.convolutions, content.channels, padding, first_padding)
        layers = dict(list(every.items())[:-1])  # the last block was cut before its pool
        super().__init__(layers, pooling_factor)
        self.network = vgg_network(layers.values(), pooling, padding, first_padding)
        shapes = {key: tensor.shape for key, tensor in self.network.state_dict().items()}
        lensed = {name: layers[name].channels for name in layers if name.startswith("relu")}
        if wrong := content.first_wrong(shapes, lensed):
            raise ValueError(f"`weights` of SlimVGG: {wrong} in {path.absolute()}.")
        self.network.load_state_dict(dict(content.filters))
        self.normalize = Normalize(NORMALIZATIONS["imagenet"])
        if lenses:
            self.lenses.update(_lenses(content, self))
        self.origin = log_origin(origin_of(path), type(self).__name__)
        self.requires_grad_(False)
        self.eval()


def _file_of(weights: str | None) -> Path:  # the parser lets null pass
    if weights == SLIM:
        return SLIM_FILE
    path = Path(weights or "").expanduser()
    if weights and (path.suffix or path.name != weights or path.exists()):
        return path
    raise ValueError(
        f"Unknown `weights` {weights!r} for SlimVGG: `{SLIM}` is the file in the package, and the "
        "path of one that `python -m stylelightning distill` wrote works too."
    )


def _lenses(content: SlimFile, backbone: VGGLayers) -> dict[str, nn.Module]:
    lenses: dict[str, nn.Module] = {}
    for name, matrix in content.lenses.items():
        channels = backbone.layer_table[name].channels
        lens = nn.Conv2d(channels, channels, 1, bias=False, device="meta").to_empty(device="cpu")
        with torch.no_grad():
            lens.weight.copy_(matrix[:, :, None, None])
        lenses[name] = lens
    return lenses
