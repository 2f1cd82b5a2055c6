"""The pictures that a student learns from, and the crops that are drawn from them."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

from stylelightning.files.shipped import shipped
from stylelightning.images import pictures_of_folder, read_picture

Pixels = np.ndarray
"""A picture of shape (H, W, 3), eight bits a value."""


def read_pictures(folder: str | Path, key: str) -> list[Pixels]:
    """Return the pictures of a folder and of those in it, in the order of their paths.

    Args:
        folder: The folder.
        key: Key of the config that names it, for messages.

    Raises:
        FileNotFoundError: If the folder is not there or holds no picture.
        ValueError: If a picture can't be read.
    """
    paths = picture_files(folder)
    if not paths:
        raise FileNotFoundError(
            f"`{key}`: there are no pictures in {shipped(Path(folder).expanduser()).absolute()}. "
            "`python -m stylelightning.distillation.photographs` collects some."
        )
    return [_read(path) for path in paths]


def picture_files(folder: str | Path) -> list[Path]:
    """Return the paths of the pictures in a folder and in those in it, sorted."""
    folder = shipped(Path(folder).expanduser())
    return pictures_of_folder(folder, deep=True) if folder.is_dir() else []


def draw_crop(
    pictures: Sequence[Pixels],
    side: int,
    random: Generator,
    largest: float = 4,
    alters: bool = True,
) -> Tensor:
    """Return a crop of one of some pictures, as it is or shrunk.

    Altered, half are flipped, a third have their channels permuted, a third are noisy, and a sixth
    are blended with white noise, as the pictures of an optimisation that starts there are.

    Args:
        pictures: The pictures.
        side: Side of the crop in pixels.
        random: What draws it.
        largest: Largest side that is cropped and shrunk, as a multiple of ``side``.
        alters: Whether the crop is altered.

    Returns:
        Picture of shape (3, side, side) in [0, 1].
    """
    pixels = pictures[int(random.integers(len(pictures)))]
    taken = min(int(side * largest ** random.uniform(0, 1)), *pixels.shape[:2])
    y, x = (int(random.integers(length - taken + 1)) for length in pixels.shape[:2])
    crop = torch.from_numpy(pixels[y : y + taken, x : x + taken].copy())
    image = crop.permute(2, 0, 1)[None].float() / 255
    image = functional.interpolate(image, (side, side), mode="bilinear", antialias=True)[0]
    if not alters:
        return image
    if random.random() < 1 / 2:
        image = image.flip(2)
    if random.random() < 1 / 3:
        image = image[torch.from_numpy(random.permutation(3))]
    if random.random() < 1 / 3:
        noise = torch.from_numpy(random.standard_normal(image.shape, np.float32))
        image = (image + noise * random.uniform(0, 0.1)).clamp(0, 1)
    if random.random() < 1 / 6:
        image = image.lerp(draw_noise(side, random), random.uniform(0, 1))
    return image


def draw_noise(side: int, random: Generator, amplitude: float | None = None) -> Tensor:
    """Return white noise around a colour, uniform in each channel.

    Args:
        side: Side in pixels.
        random: What draws it.
        amplitude: Its range, from 0 for the colour alone to 1 for all of [0, 1] whatever the
            colour; None for one that is drawn, larger ones more often.

    Returns:
        Picture of shape (3, side, side) in [0, 1].
    """
    colour = torch.from_numpy(random.uniform(0, 1, (3, 1, 1)).astype(np.float32))
    noise = torch.from_numpy(random.uniform(0, 1, (3, side, side)).astype(np.float32))
    return colour.lerp(noise, math.sqrt(random.uniform(0, 1)) if amplitude is None else amplitude)


def _read(path: Path) -> Pixels:
    found = read_picture(path).pixels[0].permute(1, 2, 0)
    pixels: Pixels = (found * 255).round().byte().contiguous().numpy()
    return pixels
