"""The content image and the style images, at every scale."""

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
from stylelightning.style_images import StyleImage, style_images

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
    """The content image and the style images.

    Args:
        content: Path of the content image; null for a run without one.
        style: Path of the style image; null for a run without one. A list blends several: each
            entry is a path, or has a ``path``, a ``weight`` and a ``scale``, such as
            ``[{path: a.jpg, weight: 2}, {path: b.jpg, scale: 0.5}]``.
        size: Longer side of the finished picture in pixels; null for the content image's own
            (the style image's own when there is no content image).
        style_scale: Longer side of a style image as a multiple of the picture's. Above 1 the
            strokes come out larger, below 1 smaller. A style image keeps its own aspect ratio.
        aspect_ratio: Width divided by height of a picture without a content image, such as 1.5;
            null for the first style image's own.
        colours: What is done to the images' colours before the first step and after the last, such
            as ``ContentToStyle``, ``StyleToContent`` or ``LuminanceOnly``; null for nothing.

    Raises:
        ValueError: If ``size``, ``style_scale`` or ``aspect_ratio`` is not above 0, an image is
            missing, the entries of ``style`` make no sense, or there is a content image beside an
            ``aspect_ratio``.
    """

    def __init__(
        self,
        content: str | None = None,
        style: str | list[str | StyleImage] | None = None,
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
        self.style_images = style_images(style)
        self.requested_size = size
        self.style_scale = style_scale
        self.aspect_ratio = aspect_ratio
        self.colours = colours
        self._content: Picture | None = None
        self._styles: list[Picture] = []
        self._given: list[Picture] = []
        self._shown: Tensor | None = None

    def setup(self, stage: str) -> None:
        """Read the pictures and treat their colours.

        Raises:
            OSError: If a file is missing or can't be read.
            ValueError: If a file is no picture.
        """
        if self.content_path is not None:
            self._content = read_picture(self.content_path)
        self._styles = self._given = [self._read_style(image) for image in self.style_images]
        if self.colours is not None and self._content is not None:
            self._shown = self._content.pixels
            content, styles = self.colours.before(self._content, self._styles, self.shares)
            self._content = replace(self._content, pixels=content)
            pairs = zip(self._styles, styles, strict=True)
            self._styles = [replace(style, pixels=pixels) for style, pixels in pairs]
        for image, style in zip(self.style_images, self._styles, strict=True):
            self._warn_of_enlarging(image, style)

    def _read_style(self, image: StyleImage) -> Picture:
        picture = read_picture(image.path)
        if float(picture.pixels.std((2, 3)).max()) < FLAT:
            if len(self.style_images) == 1:
                log.warning(
                    "The style image has one colour only, and so will the picture: style terms "
                    "ask for nothing else. Give another --data.style."
                )
            else:
                log.warning("The style image %s has one colour only.", image.path)
        return picture

    def _warn_of_enlarging(self, image: StyleImage, style: Picture) -> None:
        own, used = _long_side(style), round(self.size * self.style_scale * image.scale)
        if used > own:
            log.warning(
                "The style image%s is %d px and is enlarged to %d px: its strokes will be soft. "
                "A smaller %s keeps them sharp.",
                "" if len(self.style_images) == 1 else f" {image.path}",
                own,
                used,
                "--data.style_scale" if len(self.style_images) == 1 else "scale of it",
            )

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

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of each style image in the blend; they add up to 1."""
        total = sum(image.weight for image in self.style_images)
        return tuple(image.weight / total for image in self.style_images)

    def style_sizes(self, long_side: int) -> list[tuple[int, int]]:
        """Return the style images' heights and widths in pixels at the picture's longer side."""
        return [
            F.fit_long_side(
                style.height,
                style.width,
                max(1, round(long_side * self.style_scale * image.scale)),
            )
            for image, style in zip(self.style_images, self._styles, strict=True)
        ]

    def content(self, long_side: int) -> Tensor | None:
        """Return the content image at a longer side, (1, 3, H, W), or None without one."""
        if self._content is None:
            return None
        return F.resize(self._content.pixels, self.picture_size(long_side))

    def styles(self, long_side: int) -> list[Tensor]:
        """Return the style images at the picture's longer side, each (1, 3, h, w)."""
        sizes = self.style_sizes(long_side)
        return [
            F.resize(style.pixels, size) for style, size in zip(self._styles, sizes, strict=True)
        ]

    def references(self, size: tuple[int, int]) -> tuple[Tensor | None, list[Tensor]]:
        """Return the images that a finished picture is measured by: in their own colours.

        Args:
            size: Height and width of the picture in pixels.

        Returns:
            The content image at that size, or None, and the style images at the size at which a
            run reads them beside such a picture.
        """
        content = None
        if self._content is not None:
            content = F.resize(self._content.pixels if self._shown is None else self._shown, size)
        sizes = zip(self._given, self.style_sizes(max(size)), strict=True)
        return content, [F.resize(style.pixels, each) for style, each in sizes]

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
        if self._content is not None:
            return self._content
        if not self._styles:
            raise RuntimeError("The pictures are read in `setup`: call it first.")
        return self._styles[0]


def _long_side(picture: Picture) -> int:
    return max(picture.height, picture.width)
