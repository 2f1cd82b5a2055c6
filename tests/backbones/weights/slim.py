"""Slim networks of a few channels, with random filters and lenses."""

import math
from collections.abc import Sequence
from pathlib import Path

import torch

from stylelightning.backbones.vgg_layers import vgg_layers, vgg_network
from stylelightning.backbones.weights.slim_file import SlimFile, write_slim_file

CONVOLUTIONS = (2, 2, 3, 3, 1)
"""Of VGG-16 down to ``relu5_1``."""
ABOUT = {"name": "tiny", "licence": "CC0", "credit": "nobody"}


def tiny_slim(channels: Sequence[int], convolutions: Sequence[int] | None = None) -> SlimFile:
    """Return a network whose features keep their size from layer to layer.

    Args:
        channels: Number of channels in each block.
        convolutions: Number of convolutions in each block; None for VGG-16's.
    """
    counts = CONVOLUTIONS[: len(channels)] if convolutions is None else convolutions
    *layers, _ = vgg_layers(counts, channels).values()  # without the last pool
    generator = torch.Generator().manual_seed(0)
    filters = {}
    for name, tensor in vgg_network(layers).state_dict().items():
        size = math.sqrt(2 / tensor[0].numel()) if tensor.ndim == 4 else 0.1
        # values of half precision, so that a file keeps them
        filters[name] = (size * torch.randn(tensor.shape, generator=generator)).half().float()
    lenses = {
        layer.name: torch.randn((layer.channels, layer.channels), generator=generator)
        .half()
        .float()
        for layer in layers
        if layer.name.startswith("relu")
    }
    return SlimFile(filters, lenses, ABOUT)


def slim_path(folder: Path, content: SlimFile) -> str:
    """Write a network into a folder and return the path of its file."""
    path = folder / "slim.safetensors"
    write_slim_file(path, content)
    return str(path)
