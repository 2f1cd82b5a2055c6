"""How one frame has moved to another: optical flow, and how far it can be trusted."""

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.images import pixels_to_image

SMALLEST_SIDE = 12
"""Of a frame whose flow can be found, in pixels."""


@dataclass(frozen=True, eq=False)
class Motion:
    """Where the pixels of a frame are in another one.

    Args:
        flow: Optical flow from the frame to the other, in pixels, (1, 2, H, W).
        trust: How far it can be trusted, from 0 to 1, (1, 1, H, W).
    """

    flow: Tensor
    trust: Tensor

    @property
    def reliable(self) -> float:
        """The part of the pixels that can be followed, from 0 to 1."""
        return float(self.trust.mean())

    def moved(self, other: Tensor, outside: Tensor) -> Tensor:
        """Return the other frame's picture moved to the places of this frame.

        Args:
            other: A picture of the other frame, (1, 3, H, W).
            outside: What is shown of a place outside of it, such as this frame's content image.
        """
        return torch.where(F.stays_inside(self.flow) > 0, F.warp(other, self.flow), outside)


def motion(frame: Tensor, other: Tensor) -> Motion:
    """Return where the pixels of a frame are in another one.

    Args:
        frame: The frame, (1, 3, H, W) in [0, 1].
        other: The other, of the same size.
    """
    gray, others = _gray(frame), _gray(other)
    flow, back = _flow(gray, others), _flow(others, gray)
    return Motion(flow, F.flow_weights(flow, back))


def check_flow() -> None:
    """Refuse to go on without the package that finds the flow.

    Raises:
        ValueError: If it is missing.
    """
    if find_spec("cv2") is None:
        raise ValueError(
            "A clip needs the package opencv-python-headless: pip install 'stylelightning[video]'."
        )


def _gray(frame: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(pixels_to_image(frame).convert("L"))


def _flow(
    frame: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    other: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> Tensor:
    """Return the flow that dense inverse search finds, (1, 2, H, W).

    Source: Kroeger, Timofte, Dai and Van Gool, ECCV 2016, https://arxiv.org/abs/1603.03590, as
    OpenCV has it, with its preset of medium quality.
    """
    import cv2

    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    found = search.calc(frame, other, None)  # type: ignore[call-overload]
    return torch.from_numpy(found).permute(2, 0, 1)[None].contiguous().float()
