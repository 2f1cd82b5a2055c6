"""Hair and fur: strokes along a flow, and noise that is smeared along it."""

from dataclasses import dataclass

import numpy as np
from draw import Array
from PIL import Image, ImageDraw


def sample(values: Array, x: Array, y: Array) -> Array:
    """Return the values of the pixels that contain the points (x, y)."""
    rows = np.clip(y.astype(np.int64), 0, values.shape[0] - 1)
    columns = np.clip(x.astype(np.int64), 0, values.shape[1] - 1)
    picked: Array = values[rows, columns]
    return picked


def smear(noise: Array, flow: Array, steps: int, stride: float) -> Array:
    """Return noise averaged along a flow: streaks of mean 0 and standard deviation 1.

    Line integral convolution: Cabral and Leedom, SIGGRAPH 1993.

    Args:
        noise: Picture of one channel.
        flow: Unit vectors (right, down) of shape (H, W, 2).
        steps: Samples on either side of a pixel.
        stride: Pixels from one sample to the next.
    """
    height, width = noise.shape
    total = noise.copy()
    for sign in (-stride, stride):
        y, x = np.mgrid[0:height, 0:width].astype(np.float32) + 0.5
        for _ in range(steps):
            step = sample(flow, x, y)
            x += sign * step[..., 0]
            y += sign * step[..., 1]
            total += sample(noise, x, y)
    streaks: Array = (total - total.mean()) / total.std()
    return streaks


@dataclass(frozen=True)
class Coat:
    """How strokes look; lengths and widths in pixels of the canvas.

    Args:
        length: Length of a stroke, of shape (N,).
        width: Width at the root, of shape (N,).
        colour: Colours in [0, 1], of shape (N, 3).
        opacity: From 0 to 1, of shape (N,).
        curl: How far the heading bends at each step, in radians.
        stray: Length of a step past the edge of the coat, as part of the step before it.
    """

    length: Array
    width: Array
    colour: Array
    opacity: Array
    curl: float
    stray: float = 0.5


def trace(flow: Array, roots: Array, coat: Coat, rng: np.random.Generator, points: int) -> Array:
    """Return paths along the flow from the roots, of shape (N, points, 2).

    The flow is the seen part of a unit vector: strokes towards the viewer are short.
    """
    paths = np.empty((len(roots), points, 2), np.float32)
    paths[:, 0] = roots
    heading = sample(flow, roots[:, 0], roots[:, 1]).copy()
    bend = rng.normal(0, coat.curl, len(roots))
    for i in range(1, points):
        here = sample(flow, paths[:, i - 1, 0], paths[:, i - 1, 1])
        gone = np.abs(here).sum(1, keepdims=True) < 1e-3  # past the edge: on a little, and out
        heading = np.where(gone, coat.stray * heading, 0.5 * heading + 0.5 * here)
        turn = bend + rng.normal(0, 0.5 * coat.curl, len(roots))
        cos, sin = np.cos(turn), np.sin(turn)
        heading = np.stack(
            [cos * heading[:, 0] - sin * heading[:, 1], sin * heading[:, 0] + cos * heading[:, 1]],
            1,
        )
        paths[:, i] = paths[:, i - 1] + heading * (coat.length / (points - 1))[:, None]
    return paths


def draw_strands(picture: Array, paths: Array, coat: Coat) -> Array:
    """Return the picture in [0, 1] with strokes over it that taper to a point, in their order."""
    canvas = Image.fromarray((255 * np.clip(picture, 0, 1) + 0.5).astype(np.uint8))
    pen = ImageDraw.Draw(canvas, "RGBA")
    along = np.gradient(paths, axis=1)
    along /= np.linalg.norm(along, axis=2, keepdims=True) + 1e-6
    across = np.stack([-along[..., 1], along[..., 0]], 2)
    taper = np.sin(np.pi * np.linspace(0.22, 1, paths.shape[1])) ** 0.8
    half = coat.width[:, None, None] / 2 * taper[None, :, None]
    outline = np.concatenate([paths + half * across, (paths - half * across)[:, ::-1]], 1)
    corners = outline.reshape(len(paths), -1)
    colours = np.concatenate([coat.colour, coat.opacity[:, None]], 1)
    inks = (255 * np.clip(colours, 0, 1) + 0.5).astype(int)
    for corner, ink in zip(corners.tolist(), inks.tolist(), strict=True):
        pen.polygon(corner, fill=tuple(ink))
    return np.asarray(canvas).astype(np.float32) / 255
