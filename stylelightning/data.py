"""The content image and the style image, at every scale."""

import logging
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor

from stylelightning import functional as F
from stylelightning.colours import Colours
from stylelightning.images import Picture, read_picture

log = logging.getLogger(__name__)

FLAT = 0.01
"""Standard deviation in [0, 1] below which an image has one colour only."""


class Steps:
    """An endless loader of empty batches: a step needs no data but the picture itself.

    It has a state, an empty one, so that Lightning knows a run can resume in the middle.
    """

    def __iter__(self) -> Iterator[Tensor]:
        """Yield empty tensors for ever."""
        while True:
            yield torch.empty(0)

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: all batches are alike."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Do nothing: all batches are alike."""


class StyleTransferData(LightningDataModule):
    """The content image and the style image.

    Args:
        content: Path of the content image; null for a run without one.
        style: Path of the style image; null for a run without one.
        size: Longer side of the finished picture in pixels; null for the content image's own
            (the style image's own when there is no content image).
        style_scale: Longer side of the style image as a multiple of the picture's. Above 1 the
            strokes come out larger, below 1 smaller. The style image keeps its own aspect ratio.
        aspect_ratio: Width divided by height of a picture without a content image, such as 1.5;
            null for the style image's own.
        colours: What is done to the images' colours before the first step and after the last, such
            as ``ContentToStyle``, ``StyleToContent`` or ``LuminanceOnly``; null for nothing.

    Raises:
        ValueError: If ``size``, ``style_scale`` or ``aspect_ratio`` is not above 0, an image is
            missing, or there is a content image beside an ``aspect_ratio``.
    """

    def __init__(
        self,
        content: str | None = None,
        style: str | None = None,
        size: int | None = 512,
        style_scale: float = 1.0,
        aspect_ratio: float | None = None,
        colours: Colours | None = None,
    ) -> None:
        super().__init__()
        if size is not None and size < 1:
            raise ValueError(f"`data.size` must be at least 1 pixel, got {size}.")
        if not 0 < style_scale < math.inf:
            raise ValueError(f"`data.style_scale` must be above 0, got {style_scale}.")
        if content is None and style is None:
            raise ValueError(
                "A run needs a content image, a style image or both: give --data.content PATH "
                "or --data.style PATH."
            )
        if aspect_ratio is not None and not 0 < aspect_ratio < math.inf:
            raise ValueError(f"`data.aspect_ratio` must be above 0, got {aspect_ratio}.")
        if aspect_ratio is not None and content is not None:
            raise ValueError(
                f"`data.aspect_ratio` is {aspect_ratio}, but the picture has the content image's: "
                "give --data.content null or --data.aspect_ratio null."
            )
        if colours is not None and (content is None or style is None):
            missing = "content" if content is None else "style"
            raise ValueError(
                f"`data.colours` needs a content image and a style image, got no {missing} image: "
                f"give --data.{missing} PATH or --data.colours null."
            )
        self.content_path = content
        self.style_path = style
        self.requested_size = size
        self.style_scale = style_scale
        self.aspect_ratio = aspect_ratio
        self.colours = colours
        self._content: Picture | None = None
        self._style: Picture | None = None
        self._shown: Tensor | None = None

    def setup(self, stage: str) -> None:
        """Read the pictures and treat their colours.

        Raises:
            OSError: If a file is missing or can't be read.
            ValueError: If a file is no picture.
        """
        if self.content_path is not None:
            self._content = read_picture(self.content_path)
        if self.style_path is not None:
            self._style = read_picture(self.style_path)
            own, used = _long_side(self._style), round(self.size * self.style_scale)
            if used > own:
                log.warning(
                    "The style image is %d px and is enlarged to %d px: its strokes will be soft. "
                    "A smaller --data.style_scale keeps them sharp.",
                    own,
                    used,
                )
            if float(self._style.pixels.std((2, 3)).max()) < FLAT:
                log.warning(
                    "The style image has one colour only, and so will the picture: style terms "
                    "ask for nothing else. Give another --data.style."
                )
        if self.colours is not None and self._content is not None and self._style is not None:
            self._shown = self._content.pixels
            content, style = self.colours.before(self._content, self._style)
            self._content = replace(self._content, pixels=content)
            self._style = replace(self._style, pixels=style)

    def train_dataloader(self) -> Steps:
        """Return the endless loader of empty batches."""
        return Steps()

    @property
    def size(self) -> int:
        """Longer side of the finished picture in pixels."""
        return self.requested_size or _long_side(self._base)

    def picture_size(self, long_side: int) -> tuple[int, int]:
        """Return the picture's height and width in pixels at a longer side.

        The aspect ratio is the content image's; without one it is ``aspect_ratio`` or the style
        image's.
        """
        if self.aspect_ratio is not None:
            return F.fit_long_side(1, self.aspect_ratio, long_side)
        return F.fit_long_side(self._base.height, self._base.width, long_side)

    def style_size(self, long_side: int) -> tuple[int, int] | None:
        """Return the style image's height and width in pixels at the picture's longer side."""
        if self._style is None:
            return None
        return F.fit_long_side(
            self._style.height, self._style.width, max(1, round(long_side * self.style_scale))
        )

    def content(self, long_side: int) -> Tensor | None:
        """Return the content image at a longer side, (1, 3, H, W), or None without one."""
        if self._content is None:
            return None
        return F.resize(self._content.pixels, self.picture_size(long_side))

    def styles(self, long_side: int) -> list[Tensor]:
        """Return the style images at the picture's longer side, each (1, 3, h, w)."""
        size = self.style_size(long_side)
        if self._style is None or size is None:
            return []
        return [F.resize(self._style.pixels, size)]

    def finished(self, picture: Tensor) -> Tensor:
        """Return the picture to show of one that the run made, (1, 3, H, W) in [0, 1]."""
        if self.colours is None or self._shown is None:
            return picture
        size = (picture.shape[2], picture.shape[3])
        return self.colours.after(picture, F.resize(self._shown, size).to(picture))

    def alpha(self, size: tuple[int, int]) -> Tensor | None:
        """Return the content image's opacity at a size, (1, 1, *size), or None when opaque."""
        if self._content is None or self._content.alpha is None:
            return None
        return F.resize(self._content.alpha, size)

    @property
    def _base(self) -> Picture:
        base = self._content or self._style
        if base is None:
            raise RuntimeError("The pictures are read in `setup`: call it first.")
        return base


def _long_side(picture: Picture) -> int:
    return max(picture.height, picture.width)
