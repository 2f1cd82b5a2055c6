"""What reading a picture gives."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture in memory, upright, in sRGB.

    Two pictures are equal only if they are the same object; compare their tensors instead.

    Args:
        pixels: Colours of shape (1, 3, H, W), float32 in [0, 1].
        alpha: Opacity of shape (1, 1, H, W), float32 in [0, 1]; None when every pixel is opaque.
        path: Absolute path of the file.
    """

    pixels: Tensor
    alpha: Tensor | None
    path: Path

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.pixels.shape[2]

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.pixels.shape[3]
