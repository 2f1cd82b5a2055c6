"""The pictures of a run, at every size."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stylelightning import functional as F
from stylelightning.images.picture import Picture
from stylelightning.images.regions import Regions

ColoursAfter = Callable[[Tensor, Tensor, Sequence[Picture], Sequence[float]], Tensor]
"""Returns the picture to show, given the one that a run made, the content image in its own colours
and at that size, and the style images with their shares; pixels are (1, 3, H, W) in [0, 1]."""


@dataclass(frozen=True, eq=False)
class SourcePicture:
    """A content image or a style image.

    Args:
        own: The picture in its own colours.
        pixels: The picture in the colours that the run works on, (1, 3, H, W) in [0, 1].
        scale: Factor of a style image's size, above 0.
        share: Share of a style image in the blend; those of a run add up to 1.
    """

    own: Picture
    pixels: Tensor
    scale: float = 1.0
    share: float = 1.0


@dataclass(frozen=True, eq=False)
class HeldPicture:
    """A picture that the run's picture is held to, pixel by pixel, where its weights say so.

    Args:
        pixels: The picture, (1, 3, H, W) in [0, 1], of the shape of the run's.
        weights: Weights of its pixels in [0, 1], (1, 1, H, W).
    """

    pixels: Tensor
    weights: Tensor


@dataclass(frozen=True, eq=False)
class RunPictures:
    """What a run reads: its content image and its style images, and the size of its picture.

    Args:
        content_image: The content image, or None.
        style_images: The style images, in order.
        size: Longer side of the finished picture in pixels.
        shape: Height and width of the picture in any unit: only their ratio counts.
        style_scale: Longer side of a style image as a multiple of the picture's, but for the
            image's own ``scale``.
        colours_after: Returns the picture to show; None where it is the one that the run made.
        regions: The picture's regions, if it has masks; None for one whole.
        held_pictures: What the picture is held to beside its content image, such as other frames of
            a clip.
    """

    content_image: SourcePicture | None
    style_images: tuple[SourcePicture, ...]
    size: int
    shape: tuple[float, float]
    style_scale: float = 1.0
    colours_after: ColoursAfter | None = None
    regions: Regions | None = None
    held_pictures: tuple[HeldPicture, ...] = ()

    def picture_size(self, long_side: int) -> tuple[int, int]:
        """Return the picture's height and width in pixels at a longer side."""
        return F.fit_long_side(*self.shape, long_side)

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of each style image in the blend; they add up to 1."""
        return tuple(style.share for style in self.style_images)

    def style_sizes(self, long_side: int) -> list[tuple[int, int]]:
        """Return the style images' heights and widths in pixels at the picture's longer side."""
        sizes = []
        for style in self.style_images:
            side = max(1, round(long_side * self.style_scale * style.scale))
            sizes.append(F.fit_long_side(style.own.height, style.own.width, side))
        return sizes

    def content(self, long_side: int) -> Tensor | None:
        """Return the content image at a longer side, (1, 3, H, W), or None without one."""
        if self.content_image is None:
            return None
        return F.resize(self.content_image.pixels, self.picture_size(long_side))

    def styles(self, long_side: int) -> list[Tensor]:
        """Return the style images at the picture's longer side, each (1, 3, h, w)."""
        sizes = zip(self.style_images, self.style_sizes(long_side), strict=True)
        return [F.resize(style.pixels, size) for style, size in sizes]

    def held(self, long_side: int) -> list[HeldPicture]:
        """Return what the picture is held to, at a longer side."""
        size = self.picture_size(long_side)
        return [
            HeldPicture(F.resize(each.pixels, size), F.resize(each.weights, size))
            for each in self.held_pictures
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
        if self.content_image is not None:
            content = F.resize(self.content_image.own.pixels, size)
        sizes = zip(self.style_images, self.style_sizes(max(size)), strict=True)
        return content, [F.resize(style.own.pixels, each) for style, each in sizes]

    def finished(self, picture: Tensor) -> Tensor:
        """Return the picture to show of one that the run made, (1, 3, H, W) in [0, 1]."""
        if self.content_image is None:
            return picture
        size = (picture.shape[2], picture.shape[3])
        kept = None if self.regions is None else self.regions.kept(size)
        if self.colours_after is None and kept is None:
            return picture
        content = F.resize(self.content_image.own.pixels, size).to(picture)
        shown = picture
        if self.colours_after is not None:
            styles = [style.own for style in self.style_images]
            shown = self.colours_after(picture, content, styles, self.shares)
        return shown if kept is None else torch.lerp(shown, content, kept.to(shown))

    def alpha(self, size: tuple[int, int]) -> Tensor | None:
        """Return the content image's opacity at a size, (1, 1, *size), or None when opaque."""
        if self.content_image is None or self.content_image.own.alpha is None:
            return None
        return F.resize(self.content_image.own.alpha, size)
