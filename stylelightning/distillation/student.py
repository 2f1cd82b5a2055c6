"""The network that is trained: a VGG of fewer channels, with linear maps to its teacher's."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from stylelightning.backbones import Features
from stylelightning.backbones.base import Layer
from stylelightning.backbones.normalization import NORMALIZATIONS, Normalize
from stylelightning.backbones.vgg import VGG
from stylelightning.backbones.vgg_layers import vgg_layers, vgg_network


class Student(nn.Module):
    """A VGG with its teacher's layers, down to one of them, and fewer channels.

    Args:
        teacher: The network whose features it shall have.
        channels: Number of channels in each block that it has.
        deepest: The last layer, such as ``relu5_1``.

    Raises:
        ValueError: If the teacher has no such layer that ends in a ReLU, or the numbers of channels
            are not one for each block down to it.
    """

    def __init__(self, teacher: VGG, channels: Sequence[int], deepest: str) -> None:
        super().__init__()
        names = teacher.layers
        if deepest not in names or not deepest.startswith("relu"):
            raise ValueError(f"`deepest` must be a layer such as relu5_1, got {deepest!r}.")
        blocks = int(deepest[4])
        if len(channels) != blocks or min(channels) < 1:
            raise ValueError(
                f"`channels` must be {blocks} numbers from 1, one for each block down to "
                f"{deepest}, got {list(channels)}."
            )
        every = vgg_layers(teacher.convolutions[:blocks], channels)
        wanted = names[: names.index(deepest) + 1]
        self.layers: Mapping[str, Layer] = {name: every[name] for name in wanted}
        self.network = vgg_network(self.layers.values(), teacher.pooling)
        self.normalize = Normalize(NORMALIZATIONS["imagenet"])
        self.maps = nn.ModuleDict(
            {
                name: nn.Conv2d(layer.channels, teacher.layer_table[name].channels, 1, bias=False)
                for name, layer in self.layers.items()
                if name.startswith("relu")
            }
        )

    @property
    def learnt(self) -> tuple[str, ...]:
        """Names of the layers that are compared with the teacher's, in depth order."""
        return tuple(self.maps)

    def forward(self, image: Tensor) -> Features:
        """Return the maps of the layers that are compared, before they are mapped.

        Args:
            image: Pictures of shape (B, 3, H, W) in [0, 1].
        """
        features: Features = {}
        x = self.normalize(image)
        for name, module in self.network.named_children():
            x = module(x)
            if name in self.maps:
                features[name] = x
        return features

    def before(self, image: Tensor, layer: str) -> Tensor:
        """Return what a layer reads.

        Args:
            image: Pictures of shape (B, 3, H, W) in [0, 1].
            layer: Name of the layer.
        """
        x: Tensor = self.normalize(image)
        for name, module in self.network.named_children():
            if name == layer:
                break
            x = module(x)
        return x

    def guess(self, layer: str, x: Tensor) -> Tensor:
        """Return what the student takes the teacher's map to be.

        Args:
            layer: Name of the layer.
            x: The student's map there, of shape (B, C, h, w).
        """
        mapped: Tensor = self.maps[layer](x)
        return mapped


@torch.no_grad()
def set_map(student: Student, layer: str, weight: Tensor) -> None:
    """Set a linear map.

    Args:
        student: The student.
        layer: Name of the layer.
        weight: Matrix of shape (teacher's channels, student's channels).
    """
    target = student.maps[layer].weight
    assert isinstance(target, Tensor)
    target.copy_(weight[:, :, None, None])
