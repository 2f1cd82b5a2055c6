"""A clip of the project's own making: a textured wall, and a ball that rolls in front of it."""

import math
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from stylelightning.images import write_picture

OCTAVES = (4, 8, 16, 32, 64)
"""Cells across of the noise that the wall is made of."""


def wall(size: int, seed: int = 0) -> Tensor:
    """Return a textured picture of three colours, (1, 3, size, size) in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    height = torch.zeros(1, 1, size, size)
    for cells in OCTAVES:
        noise = torch.rand((1, 1, cells, cells), generator=generator)
        height += functional.interpolate(noise, size=(size, size), mode="bicubic") / cells**0.5
    height = (height - height.min()) / (height.max() - height.min())
    low, middle, high = (torch.tensor(each)[None, :, None, None] for each in COLOURS)
    first = torch.lerp(low, middle, (2 * height).clamp(0, 1))
    return torch.lerp(first, high, (2 * height - 1).clamp(0, 1))


COLOURS = ((0.16, 0.24, 0.33), (0.56, 0.52, 0.42), (0.87, 0.80, 0.66))
"""Of the wall: its hollows, its middle, its heights."""


def frame(background: Tensor, number: int, count: int) -> Tensor:
    """Return a frame: the wall with the ball at its place, which comes in and rolls across.

    Args:
        background: The wall, (1, 3, H, H).
        number: Which frame, from 0.
        count: Number of frames.
    """
    size = background.shape[2]
    radius, part = 0.17 * size, number / max(1, count - 1)
    centre = ((0.25 + 0.5 * part) * size, (0.55 + 0.08 * math.sin(2 * math.pi * part)) * size)
    down, across = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    x, y = (across + 0.5 - centre[0]) / radius, (down + 0.5 - centre[1]) / radius
    length = (x.square() + y.square()).sqrt()
    turn = (centre[0] - 0.25 * size) / radius  # it rolls without slipping
    u, v = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    checks = ((torch.sin(9 * u) * torch.sin(9 * v)) * 4).clamp(-1, 1) / 2 + 0.5
    light = (1.1 - 0.5 * (x + y + 1).square().clamp(0, 1.6) / 1.6)[None, None]
    red, yellow = torch.tensor([0.75, 0.2, 0.15]), torch.tensor([0.95, 0.8, 0.3])
    ball = torch.lerp(red[None, :, None, None], yellow[None, :, None, None], checks[None, None])
    alpha = ((1 - length) * radius + 0.5).clamp(0, 1)[None, None]
    return torch.lerp(background, (ball * light).clamp(0, 1), alpha)


def draw(
    folder: Path, size: int, count: int, moves: bool = True, length: int | None = None
) -> None:
    """Write the frames of the clip.

    Args:
        folder: Where to.
        size: Their side in pixels.
        count: Their number.
        moves: Whether the ball rolls; else all frames are the first.
        length: Number of frames of the whole clip, of which the first ``count`` are written; None
            for ``count``.
    """
    background = wall(size)
    for number in range(count):
        place = number if moves else 0
        path = folder / f"scene_{number + 1}.png"
        write_picture(path, frame(background, place, length or count))
