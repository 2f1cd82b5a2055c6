"""The pictures that a run's options name."""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace

from lightning.pytorch import LightningDataModule
from PIL import Image
from torch import Tensor

from stylelightning.colours import Colours
from stylelightning.data.regions import RegionOptions, read_regions
from stylelightning.data.steps import Steps
from stylelightning.data.style_images import StyleImage, style_images
from stylelightning.images import (
    Picture,
    PictureSource,
    RunPictures,
    SourcePicture,
    check_source,
    picture_of,
    source_name,
)

log = logging.getLogger(__name__)

FLAT = 0.01
"""Standard deviation in [0, 1] below which an image has one colour only."""


class StyleTransferData(LightningDataModule):
    """The content image and the style images.

    Args:
        content: Path of the content image; null for a run without one. In Python any picture may
            also be an image of Pillow's or a tensor: (3, H, W) or (1, 3, H, W), bytes or floats in
            [0, 1].
        style: Path of the style image; null for a run without one. A list blends several: each
            entry is a path, or has a ``path``, a ``weight`` and a ``scale``, such as
            ``[{path: a.jpg, weight: 2}, {path: b.jpg, scale: 0.5}]``.
        size: Longer side of the finished picture in pixels; null for the content image's own
            (the style image's own when there is no content image).
        style_scale: Longer side of a style image as a multiple of the picture's. Above 1 the
            strokes come out larger, below 1 smaller. A style image keeps its own aspect ratio.
        aspect_ratio: Width divided by height of a picture without a content image, such as 1.5;
            null for the first style image's own.
        content_masks: Regions of the content image: the path of a label picture, each of whose
            colours is a region such as ``blue`` or ``#804000``, or a mask for each name, such as
            ``{sky: sky.png}``, white where the region is. Entries of ``style`` name the ``regions``
            that they paint, or have a ``mask`` of their own with regions of the same names; what no
            mask covers is the region ``rest``. null for no regions.
        regions: How the regions are used.
        colours: What is done to the images' colours before the first step and after the last, such
            as ``ContentToStyle``, ``StyleToContent`` or ``LuminanceOnly``; null for nothing.

    Raises:
        TypeError: If a picture is given as something else.
        ValueError: If ``size``, ``style_scale`` or ``aspect_ratio`` is not above 0, an image is
            missing, the entries of ``style`` make no sense, or there is a content image beside an
            ``aspect_ratio``.
    """

    def __init__(
        self,
        content: PictureSource | None = None,
        style: PictureSource | Sequence[PictureSource | StyleImage] | None = None,
        size: int | None = 512,
        style_scale: float = 1.0,
        aspect_ratio: float | None = None,
        colours: Colours | None = None,
        content_masks: str | dict[str, str] | None = None,
        regions: RegionOptions = RegionOptions(),  # noqa: B008 - frozen
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
        if content is not None and not isinstance(content, Image.Image | Tensor):
            check_source(content)
        self.content_source = content
        self.content_masks = content_masks
        self.region_options = regions
        self.style_images = style_images(style)
        self._check_masks(content, self.style_images, content_masks, regions)
        self.requested_size = size
        self.style_scale = style_scale
        self.aspect_ratio = aspect_ratio
        self.colours = colours
        self._pictures: RunPictures | None = None

    @property
    def pictures(self) -> RunPictures:
        """The run's pictures.

        Raises:
            RuntimeError: If they have not been read yet.
        """
        if self._pictures is None:
            raise RuntimeError("The pictures are read in `setup`: call it first.")
        return self._pictures

    def setup(self, stage: str) -> None:
        """Read the pictures and treat their colours.

        Raises:
            OSError: If a file is missing or can't be read.
            ValueError: If a file is no picture.
        """
        content, longest = None, self.requested_size
        if self.content_source is not None:
            content = _source(picture_of(self.content_source, longest))
            longest = longest or max(content.own.height, content.own.width)
        total = sum(image.weight for image in self.style_images)
        styles = [
            replace(
                _source(self._read_style(image, longest)),
                scale=image.scale,
                share=image.weight / total,
            )
            for image in self.style_images
        ]
        if self.colours is not None and content is not None:
            own, shares = [style.own for style in styles], [style.share for style in styles]
            pixels, others = self.colours.before(content.own, own, shares)
            content = replace(content, pixels=pixels)
            pairs = zip(styles, others, strict=True)
            styles = [replace(style, pixels=treated) for style, treated in pairs]
        regions = None
        if self.content_masks is not None and content is not None:
            regions = read_regions(
                self.content_masks,
                content.own,
                self.style_images,
                [style.own for style in styles],
                self.region_options,
            )
        base = (content or styles[0]).own
        self._pictures = RunPictures(
            content,
            tuple(styles),
            self.requested_size or max(base.height, base.width),
            (base.height, base.width) if self.aspect_ratio is None else (1, self.aspect_ratio),
            self.style_scale,
            None if self.colours is None else self.colours.after,
            regions,
        )
        self._warn_of_enlarging(self._pictures)

    @staticmethod
    def _check_masks(
        content: PictureSource | None,
        styles: Sequence[StyleImage],
        masks: str | dict[str, str] | None,
        regions: RegionOptions,
    ) -> None:
        """Refuse masks without a content image, and what needs masks without any."""
        if masks is not None:
            if content is None or not styles:
                missing = "content" if content is None else "style"
                raise ValueError(
                    f"`data.content_masks` needs a content image and a style image, got no "
                    f"{missing} image: give --data.{missing} PATH or leave the masks out."
                )
            return
        needs = [
            ("`mask` of an entry of `data.style`", any(image.mask for image in styles)),
            ("`regions` of an entry of `data.style`", any(image.regions for image in styles)),
            ("`data.regions`", regions != RegionOptions()),
        ]
        for what, given in needs:
            if given:
                raise ValueError(
                    f"{what} needs regions of the content image: give `data.content_masks`, a "
                    "label picture or a mask for each name, or leave it out."
                )

    def _read_style(self, image: StyleImage, longest: int | None) -> Picture:
        if longest is not None:  # the picture may start as a style image, which then fills it
            longest = math.ceil(longest * max(1, self.style_scale * image.scale))
        picture = picture_of(image.path, longest)
        if float(picture.pixels.std((2, 3), correction=0).max()) < FLAT:
            if len(self.style_images) == 1:
                log.warning(
                    "The style image has one colour only, and so will the picture: style terms "
                    "ask for nothing else. Give another --data.style."
                )
            else:
                log.warning("The style image %s has one colour only.", source_name(image.path))
        return picture

    def _warn_of_enlarging(self, pictures: RunPictures) -> None:
        alone = len(self.style_images) == 1
        sizes = pictures.style_sizes(pictures.size)
        for image, style, size in zip(self.style_images, pictures.style_images, sizes, strict=True):
            own, used = max(style.own.height, style.own.width), max(size)
            if used > own:
                log.warning(
                    "The style image%s is %d px and is enlarged to %d px: its strokes will be "
                    "soft. A smaller %s keeps them sharp.",
                    "" if alone else f" {source_name(image.path)}",
                    own,
                    used,
                    "--data.style_scale" if alone else "scale of it",
                )

    def train_dataloader(self) -> Steps:
        """Return the endless loader of empty batches."""
        return Steps()


def _source(picture: Picture) -> SourcePicture:
    return SourcePicture(picture, picture.pixels)
