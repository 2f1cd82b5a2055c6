"""What every backbone promises."""

import difflib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from stylelightning.backbones.weights.files import Origin

IMAGE_LAYER = "image"
"""The layer name of the picture itself, which no backbone computes."""

Features = dict[str, Tensor]
"""Feature maps by layer name, each of shape (B, C, h, w)."""

_LISTED = 40  # a VGG has 37


@dataclass(frozen=True)
class Layer:
    """Geometry of one layer of a backbone.

    Args:
        name: The layer's name in the field's terms, such as ``relu4_2``.
        channels: Number of channels of its feature map.
        stride: Distance in pixels of the picture between two neighbouring positions.
        receptive_field: Side in pixels of the square of the picture that one position sees; None
            where that is the whole picture, or no fixed square of it.
        smallest_side: Smallest side in pixels of a picture that the layer can be computed for.
        reach: Most pixels that position p sees before ``p * stride``, or from ``(p + 1) * stride``
            on; None where the receptive field lies about the middle of these.
    """

    name: str
    channels: int
    stride: int
    receptive_field: int | None
    smallest_side: int
    reach: int | None = None

    @property
    def margin(self) -> int:
        """Pixels that must be known around a tile for the positions in it.

        Raises:
            ValueError: If a position sees the whole picture, or no fixed square of it.
        """
        if self.receptive_field is None:
            raise ValueError(
                f"A position of the layer {self.name!r} sees the whole picture, or no fixed part "
                "of it, so the layer can't be computed tile by tile."
            )
        return (
            math.ceil((self.receptive_field - self.stride) / 2)
            if self.reach is None
            else self.reach
        )


class Backbone(nn.Module, ABC):
    """A frozen network that turns a picture into feature maps.

    A backbone never trains: its parameters don't require grad and it stays in eval mode. A
    subclass fills ``layer_table`` in its ``__init__`` and implements ``forward``.
    """

    layer_table: dict[str, Layer]
    """All layers by name, in depth order."""
    channels_last = True
    """Whether its convolutions are faster with channels last; those with few channels are not."""
    has_blocks = False
    """Whether it looks at ``recomputes``."""
    recomputes = False
    """Whether the maps inside its blocks are computed again for the gradient; the run sets it."""
    origin: Origin | None = None
    """Where its trained weights come from; None for untrained ones."""
    looks_around = False
    """Whether values of a map depend on those of all positions, beside what a position sees."""
    residual = False
    """Whether maps are sums with earlier ones, and not smoothed: Gram matrices carry them badly."""

    @abstractmethod
    def forward(self, image: Tensor, layers: Iterable[str]) -> Features:
        """Return the feature maps of the named layers, in one pass that stops at the deepest.

        Args:
            image: Pictures of shape (B, 3, H, W) in [0, 1]; the backbone normalises them itself.
            layers: Names out of ``layer_table``, in any order.

        Returns:
            One feature map of shape (B, C, h, w) for each name.
        """

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of all layers in depth order."""
        return tuple(self.layer_table)

    def train(self, mode: bool = True) -> "Backbone":
        """Stay in eval mode whatever is asked: the network is frozen."""
        return super().train(False)

    def check_layers(self, layers: Iterable[str]) -> None:
        """Refuse names that are not layers of this backbone.

        Raises:
            ValueError: If a name is unknown; the text lists the near ones.
        """
        for name in layers:
            if name not in self.layer_table:
                near = self._near(name)
                raise ValueError(
                    f"Unknown layer {name!r} for {type(self).__name__}. {near[0]}: "
                    f"{', '.join(near[1])}."
                )

    def check_image(self, image: Tensor, layers: Iterable[str]) -> None:
        """Refuse a tensor that is no picture, or a picture too small for the layers.

        Args:
            image: What came as the picture.
            layers: Names out of ``layer_table``.

        Raises:
            ValueError: If the shape is not (B, 3, H, W), or a side is smaller than a layer needs.
        """
        if image.ndim != 4 or image.shape[1] != 3:
            shape = tuple(image.shape)
            raise ValueError(f"`image` must have shape (B, 3, H, W), got {shape}.")
        height, width = image.shape[2:]
        for name in layers:
            if min(height, width) < self.layer_table[name].smallest_side:
                raise ValueError(
                    f"A picture of {width} x {height} pixels is too small for layer {name!r} of "
                    f"{type(self).__name__}, which needs sides of at least "
                    f"{self.layer_table[name].smallest_side} pixels. Take a larger picture or a "
                    "shallower layer."
                )

    def smallest_side(self, layers: Iterable[str]) -> int:
        """Return the smallest side in pixels of a picture that has all these layers."""
        return max((self.layer_table[name].smallest_side for name in layers), default=1)

    def _near(self, name: str) -> tuple[str, Sequence[str]]:
        close = difflib.get_close_matches(name, self.layers, n=4, cutoff=0.7)
        if close:
            return "Near ones", close
        if len(self.layers) <= _LISTED:
            return "Its layers", self.layers
        return f"Some of its {len(self.layers)} layers", self.layers[:: len(self.layers) // 8]


def check_choice(argument: str, value: str, choices: Sequence[str]) -> None:
    """Refuse an option that is not among its choices.

    Raises:
        ValueError: If it is not.
    """
    if value not in choices:
        raise ValueError(f"`{argument}` must be one of {', '.join(choices)}, got {value!r}.")
