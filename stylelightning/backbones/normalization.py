"""What is done to a picture before a network reads it."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

NormalizationName = Literal["imagenet", "caffe", "imagenet255", "centred"]
"""Names of the normalisations that weights come with."""


@dataclass(frozen=True)
class Normalization:
    """How a network wants its pictures.

    Args:
        mean: What is subtracted from red, green and blue in [0, 1].
        std: What red, green and blue are divided by after that.
        bgr: Whether the network reads blue first.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    bgr: bool = False


_IMAGENET_MEAN = (0.485, 0.456, 0.406)

NORMALIZATIONS: dict[NormalizationName, Normalization] = {
    "imagenet": Normalization(_IMAGENET_MEAN, (0.229, 0.224, 0.225)),
    # In Caffe's own terms: blue, green, red in [0, 255], minus 103.939, 116.779, 123.68.
    "caffe": Normalization((123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255,) * 3, bgr=True),
    # pytorch-neural-style-transfer's: [0, 255] minus the mean, with torchvision's weights.
    "imagenet255": Normalization(_IMAGENET_MEAN, (1 / 255,) * 3),
    # STROTSS's: [-0.5, 0.5], with torchvision's weights.
    "centred": Normalization((0.5,) * 3, (1.0,) * 3),
}
"""The normalisations by name."""


class Normalize(nn.Module):
    """Turn a picture into what a network reads.

    Args:
        normalization: How the network wants its pictures.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, normalization: Normalization) -> None:
        super().__init__()
        self.bgr = normalization.bgr
        for name, values in (("mean", normalization.mean), ("std", normalization.std)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Return the normalised picture.

        Args:
            image: Pictures of shape (B, 3, H, W), red, green and blue in [0, 1].

        Returns:
            Pictures of the same shape.
        """
        x = (image - self.mean) / self.std
        return x.flip(1) if self.bgr else x
