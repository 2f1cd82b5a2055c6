"""Where a clip stands still, so that its paint may stay."""

import torch
from torch import Tensor
from torch.nn import functional

from stylelightning import functional as F
from stylelightning.parametrizations import Parametrization

SETTLED = 4
"""Frames for which a pixel must have stood still, and been painted, before its paint stays."""
FLOW = 0.25
"""Length in pixels of the flow up to which a pixel is still; it is moving from the double."""
MEAN = 5
"""Side in pixels of the square over which noise is averaged out."""
REACH = 7
"""Side in pixels of the square of which all must stand still: strokes are about as wide."""


class Stillness:
    """Finds the pixels of a clip that look as they did when they were painted.

    It compares with that moment and not with the frame before, so that a slow change of light is
    followed too; and the flow must be next to nothing, since a sky looks the same while the camera
    pans. What has just come into view is painted for a few frames before it stays.

    Args:
        first: The first frame that is painted, (1, 3, H, W) in [0, 1]: all of it is settled.
        tolerance: Change of a pixel, the range of colours being [0, 1], up to which it is still;
            it is moving from the double.
    """

    def __init__(self, first: Tensor, tolerance: float) -> None:
        self._then = first
        self._age = torch.full_like(first[:, :1], SETTLED)
        self._tolerance = tolerance

    def advance(self, frame: Tensor, flow: Tensor) -> Tensor:
        """Return how far each pixel's paint stays, from 0 to 1, (1, 1, H, W).

        Args:
            frame: The frame that is painted next, (1, 3, H, W) in [0, 1].
            flow: Its flow to the frame that was painted before it, in pixels, (1, 2, H, W).
        """
        change = _mean(frame - self._then).abs().amax(1, keepdim=True)
        length = flow.square().sum(1, keepdim=True).sqrt()
        moves = torch.maximum(change / self._tolerance, length / FLOW)
        still = (2 - functional.max_pool2d(moves, REACH, 1, REACH // 2)).clamp(0, 1)
        self._then = torch.lerp(frame, self._then, still)
        self._age = (still * (self._age + 1)).clamp(max=SETTLED)
        return still * (self._age - (SETTLED - 1)).clamp(0, 1)


class StillParametrization(Parametrization):
    r"""A picture of which some pixels stay as they are.

    .. math:: x = s\, x_0 + (1 - s)\, y

    with y what the optimizer changes. A frame's losses see the finished pixels beside those that
    are painted, and the optimizer, which moves every pixel by about its rate however small the
    gradient is, cannot move what stands still.

    Args:
        moving: What y is.
        start: The picture :math:`x_0`, (1, 3, H, W) in [0, 1].
        still: How far each pixel stays, s from 0 to 1, (1, 1, H, W).
    """

    start: Tensor
    still: Tensor

    def __init__(self, moving: Parametrization, start: Tensor, still: Tensor) -> None:
        super().__init__()
        self.moving = moving
        self.maps = moving.maps
        self.register_buffer("start", start)
        self.register_buffer("still", still)

    def encode(self, picture: Tensor) -> None:
        """Put a picture in new parameters; what stays goes to its size."""
        self.moving.encode(picture)
        size = (picture.shape[2], picture.shape[3])
        self.start, self.still = (
            F.resize(each, size).to(picture) for each in (self.start, self.still)
        )

    def decode(self) -> Tensor:
        """Return the picture, with its gradient where it may change."""
        return torch.lerp(self.moving.decode(), self.start, self.still)

    def project(self) -> None:
        """Bring what changes back to [0, 1]."""
        self.moving.project()


def _mean(picture: Tensor) -> Tensor:
    return functional.avg_pool2d(picture, MEAN, 1, MEAN // 2, count_include_pad=False)
