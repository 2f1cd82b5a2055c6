"""The regions of the picture, shown once."""

from collections.abc import Sequence

import numpy as np
import torch
from lightning.pytorch import Trainer
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from stylelightning import functional as F
from stylelightning.callbacks.background import BackgroundWriter
from stylelightning.callbacks.periodic import boards, run_folder
from stylelightning.data.labels import colour_of
from stylelightning.images import Region, RunPictures, write_picture
from stylelightning.images.regions import resized_mask

TAG = "Picture/regions"
"""TensorBoard's tag of the chart."""
TINTS = (
    (0.12, 0.47, 0.71),
    (1.00, 0.50, 0.05),
    (0.17, 0.63, 0.17),
    (0.84, 0.15, 0.16),
    (0.58, 0.40, 0.74),
    (0.95, 0.85, 0.10),
    (0.09, 0.75, 0.81),
    (0.89, 0.47, 0.76),
)
"""Colours of regions that are not named by one; they begin again after the last."""
STRENGTH = 0.55
"""Part that the colour of a region has in its pixels."""
ROW = 22
"""Height in pixels of a line of the legend."""
TEXT = 14
"""Height of the text in pixels."""


def show_regions(
    trainer: Trainer, pictures: RunPictures, size: int, writer: BackgroundWriter
) -> None:
    """Have the regions of a run written to its folder and to TensorBoard, if it has any.

    Args:
        trainer: The run's trainer.
        pictures: The run's pictures.
        size: Longer side of the chart's picture in pixels, at most this.
        writer: What writes it.
    """
    if pictures.regions is None:
        return
    path, step, writers = run_folder(trainer).regions, trainer.global_step, boards(trainer)

    def write() -> None:
        chart = draw_regions(pictures, min(size, pictures.size))
        write_picture(path, chart[None])
        for board in writers:
            board.add_image(TAG, chart, step)

    writer.later(write)


def draw_regions(pictures: RunPictures, long_side: int) -> Tensor:
    """Return the content image tinted by region, above a line for each: name, part, style images.

    Args:
        pictures: Pictures with regions.
        long_side: Longer side of the content image in pixels.

    Returns:
        Picture of shape (3, H, W) in [0, 1].

    Raises:
        ValueError: If they have no regions.
    """
    if pictures.regions is None or pictures.content_image is None:
        raise ValueError("A chart of regions needs pictures that have some.")
    parts, size = pictures.regions.parts, pictures.picture_size(long_side)
    shown = F.resize(pictures.content_image.own.pixels, size)[0]
    grey = shown.mean(0, keepdim=True).expand(3, -1, -1)
    tinted = shown.clone()
    for number, region in enumerate(parts):
        tint = _tint(number, region)[:, None, None]
        mask = resized_mask(region.mask, size)[0]
        tinted += mask * (torch.lerp(grey, tint.expand_as(grey), STRENGTH) - shown)
    return torch.cat([tinted.clamp(0, 1), _legend(parts, pictures, size[1])], 1)


def _legend(parts: Sequence[Region], pictures: RunPictures, width: int) -> Tensor:
    image = Image.new("RGB", (width, ROW * len(parts) + ROW // 2), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(TEXT)
    for number, region in enumerate(parts):
        top = ROW // 4 + ROW * number
        fill = tuple(round(255 * level) for level in _tint(number, region).tolist())
        draw.rectangle((6, top + 4, 6 + TEXT, top + 4 + TEXT), fill)
        images = [pictures.style_images[style.image].own.path.name for style in region.styles]
        words = f"{region.name}  {region.mask.mean():.0%}  {', '.join(images) or 'kept'}"
        draw.text((16 + TEXT, top + ROW // 2), words, (40, 40, 40), font, anchor="lm")
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


def _tint(number: int, region: Region) -> Tensor:
    """Return the colour that a region is named by, or one of the chart's own."""
    own = colour_of(region.name)
    return torch.tensor(TINTS[number % len(TINTS)]) if own is None else own
