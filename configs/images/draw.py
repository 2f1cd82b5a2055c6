"""Draw the two pictures of the examples: content.jpg and style.jpg.

Both come from this script alone: numpy computes every pixel, pillow writes the files, and fixed
seeds make each run draw the same. The content picture is a small renderer: a height field seen
column by column, polygons with a depth buffer, a second view from under the water for the
reflections. The style picture is a painting machine: brush strokes follow a flow field, from
large to small, and leave a relief of paint that is lit at the end.

Usage: python configs/images/draw.py [--out FOLDER]
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]
Integers = NDArray[np.int64]
Colour = Sequence[float]  # red, green, blue
Point = tuple[float, float, float]  # right, up, away: metres from below the camera

JPEG_QUALITY = 92

# The photograph.
CONTENT_SIZE = (768, 512)  # width, height
SUPERSAMPLING = 2  # samples per pixel and axis
EYE = 8.0  # camera above the water, in metres
FOCAL = 1.12  # focal length in picture widths
HORIZON = 0.60  # rows above the horizon, as part of the height
MIRROR_MARGIN = 40  # rows that waves may reach beyond the mirrored view
FAR = 1e9  # depth of the sky
CELL = 7.0  # one tree may stand in each square of this size
FOREST_ORIGIN = (-1500.0, 60.0)
FOREST_CELLS = (430, 400)
HEADLAND = (66.0, 178.0)
LIGHTHOUSE = (58.0, 176.0)
SUN = np.array((-0.885, 0.305, -0.26)) / np.linalg.norm((-0.885, 0.305, -0.26))
GLOW = np.array((-0.83, 0.27, 0.49))  # where the evening sky is warmest
SUNLIGHT = np.array((3.9, 2.32, 1.13))
SKYLIGHT = np.array((0.25, 0.33, 0.51))

# The painting.
STYLE_SIZE = (720, 576)
PAINT_SCALE = 1.5  # canvas pixels per picture pixel
BRISTLES = (512, 2048)  # brush texture: across, along
PALETTE = {
    "ink": "0d1240",
    "ultramarine": "1d2f95",
    "cobalt": "2a62c4",
    "turquoise": "1fa7ad",
    "aqua": "8fd6c4",
    "cream": "f8ecc6",
    "ochre": "d3952b",
    "gold": "f4c545",
    "orange": "f0802c",
    "vermilion": "dd3f22",
    "crimson": "8e1c2c",
    "moss": "6d8a3a",
    "pine": "16504f",
}
RAMPS = {  # from the dark to the light end of each part, or from the inside out
    "sky": "ink ultramarine ultramarine cobalt turquoise aqua cream",
    "sun": "cream cream gold orange vermilion orange gold aqua",
    "far": "ink ultramarine crimson cobalt turquoise aqua",
    "middle": "crimson vermilion orange ochre gold cream",
    "near": "ink pine pine turquoise moss ochre gold",
    "petal": "crimson vermilion vermilion orange gold cream",
    "heart": "ink ink crimson ochre ink crimson",
}
SUN_DISC = (0.86, 0.30, 0.185)  # x, y, radius in picture heights, as all that follows
VORTICES = (  # x, y, strength
    (0.32, 0.25, 1.3),
    (0.86, 0.30, -1.25),
    (0.58, 0.02, 0.45),
    (0.02, 0.05, -0.5),
    (1.20, 0.05, 0.5),
)
HILLS = (  # ramp, base, amplitude, frequency, phase, bands
    ("far", 0.50, 0.045, 6.0, 0.6, 66.0),
    ("middle", 0.60, 0.050, 4.2, 2.4, 57.0),
    ("near", 0.74, 0.045, 3.6, 0.2, 48.0),
)
FLOWERS = (  # x, y, radius; from back to front
    (1.17, 0.67, 0.060),
    (0.33, 0.68, 0.060),
    (0.88, 0.70, 0.055),
    (0.60, 0.72, 0.050),
    (0.17, 0.80, 0.135),
    (0.74, 0.83, 0.095),
    (1.03, 0.86, 0.150),
    (0.47, 0.90, 0.110),
)


def smoothstep(low: float | Array, high: float | Array, x: float | Array) -> Array:
    """Return 0 below ``low``, 1 above ``high`` and an S-curve between; ``low > high`` falls."""
    t = np.clip((np.asarray(x) - low) / (np.asarray(high) - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a: Array, b: Array, amount: Array) -> Array:
    """Return colours between ``a`` (amount 0) and ``b`` (amount 1)."""
    return a + (b - a) * amount[..., None]


def blur(values: Array, rows: float, columns: float) -> Array:
    """Return ``values`` under a Gaussian of these standard deviations, wrapping at the edges."""
    shape = values.shape[:2]
    fy = np.fft.fftfreq(shape[0])[:, None] * rows
    fx = np.fft.rfftfreq(shape[1]) * columns
    gain = np.exp(-2 * np.pi**2 * (fy**2 + fx**2)).reshape(
        *fy.shape[:1], -1, *[1] * (values.ndim - 2)
    )
    spectrum = np.fft.rfft2(values, axes=(0, 1)) * gain
    return np.fft.irfft2(spectrum, s=shape, axes=(0, 1)).astype(np.float32)


def blurred_noise(
    rng: np.random.Generator, shape: tuple[int, int], rows: float, columns: float
) -> Array:
    """Return smooth noise of mean 0 and standard deviation 1 that wraps at the edges."""
    noise = blur(rng.standard_normal(shape), rows, columns)
    even: Array = (noise - noise.mean()) / noise.std()
    return even


def lattice(ix: Integers, iy: Integers, seed: int) -> Array:
    """Return a random number in [0, 1] for each pair of integers."""
    n = ix.astype(np.uint32) * np.uint32(374761393) + iy.astype(np.uint32) * np.uint32(668265263)
    n = n + np.uint32(seed * 2246822519 % 2**32)
    n = (n ^ (n >> np.uint32(13))) * np.uint32(1274126177)
    n = n ^ (n >> np.uint32(16))
    numbers: Array = (n & np.uint32(0xFFFFFF)).astype(np.float32) / np.float32(0xFFFFFF)
    return numbers


def value_noise(x: Array, y: Array, seed: int = 0) -> Array:
    """Return noise in [0, 1] with features of size 1."""
    x, y = np.broadcast_arrays(x, y)
    fx, fy = np.floor(x), np.floor(y)
    ix, iy = fx.astype(np.int64), fy.astype(np.int64)
    tx, ty = (x - fx).astype(np.float32), (y - fy).astype(np.float32)
    tx = tx**3 * (tx * (tx * 6 - 15) + 10)
    ty = ty**3 * (ty * (ty * 6 - 15) + 10)
    a, b = lattice(ix, iy, seed), lattice(ix + 1, iy, seed)
    c, d = lattice(ix, iy + 1, seed), lattice(ix + 1, iy + 1, seed)
    return (a + (b - a) * tx) * (1 - ty) + (c + (d - c) * tx) * ty


def fractal_noise(
    x: Array, y: Array, octaves: int, seed: int, gain: float = 0.5, ridged: bool = False
) -> Array:
    """Return octaves of noise in [0, 1], each half as large; ``ridged`` gives sharp crests."""
    total = np.zeros(np.broadcast(x, y).shape, np.float32)
    for octave in range(octaves):
        noise = value_noise(x, y, seed + octave)
        if ridged:
            noise = (1 - np.abs(2 * noise - 1)) ** 2
        total += gain**octave * noise
        x, y = 1.6 * x + 1.2 * y + 17.3, -1.2 * x + 1.6 * y + 5.1  # turned, so no grid shows
    return total / sum(gain**octave for octave in range(octaves))


# ------------------------------------------------------------------ content: the land


def mountains(x: Array, z: Array) -> Array:
    """Return the height of the range beyond the lake, in metres."""
    ridges = fractal_noise(x / 2600, z / 2600, 9, 11, 0.48, ridged=True)
    valley = 0.50 + 0.5 * smoothstep(0, 2200, np.abs(x - 250 + 0.05 * z))
    behind_lighthouse = 1 - 0.42 * smoothstep(0.08, 0.34, x / z)
    size = 1850 * valley * behind_lighthouse * (0.75 + 0.5 * value_noise(x / 3000, z / 3000, 3))
    height: Array = smoothstep(1800, 5200, z) * (size * ridges + 60) - 40
    return height


def hills(x: Array, z: Array) -> Array:
    """Return the height of the wooded hills behind the village."""
    height = 215 * fractal_noise(x / 330, z / 330, 6, 31, 0.45) - 10
    start = smoothstep(330, 900, z + 0.55 * x + 90 * (value_noise(x / 160, z / 160, 5) - 0.5))
    return start * height * (0.30 + 0.70 * smoothstep(60, 520, np.abs(x - 10))) - 3


def quay(x: Array) -> Array:
    """Return how far away the village's waterfront is."""
    away: Array = (
        208 + 0.9 * np.maximum(x + 110, 0) + 14 * np.sin(x / 17) - 0.2 * np.minimum(x + 110, 0)
    )
    return away


def village_slope(x: Array, z: Array) -> Array:
    """Return the height of the ground that the village stands on."""
    edge = z - quay(x)
    back = 1 - 0.6 * smoothstep(180, 380, edge)
    height = 1.9 * smoothstep(0, 1.2, edge) + 20 * smoothstep(4, 130, edge) * back
    height = height * smoothstep(30, -40, x) - 3 * smoothstep(10, 40, x)
    return np.where(edge < 0, -3, height + 0.8 * fractal_noise(x / 14, z / 14, 3, 43) - 0.4)


def headland(x: Array, z: Array) -> Array:
    """Return the height of the cliff under the lighthouse."""
    dx, dz = x - HEADLAND[0], z - HEADLAND[1]
    outline = 30 * (fractal_noise(x / 26, z / 26, 5, 51) - 0.5)
    outline += 6 * (fractal_noise(x / 7, z / 7, 4, 57, 0.55, ridged=True) - 0.4)
    r = np.hypot(np.minimum(dx, 0), dz) - 0.42 * np.maximum(dx, 0) + outline
    body = smoothstep(37, 12, r)
    ledge = np.floor(body * 6)
    body = 0.45 * body + 0.55 * (ledge + smoothstep(0.15, 0.85, body * 6 - ledge)) / 6
    top = 21 + 0.05 * dx + 5 * (fractal_noise(x / 30, z / 30, 4, 53) - 0.5)
    rubble = fractal_noise(x / 6, z / 6, 4, 55, 0.55, ridged=True) - 0.25
    rubble *= 3.4 * smoothstep(58, 34, r) * (1 - smoothstep(0.8, 1, body))
    height: Array = top * body + rubble - 2.2 * smoothstep(18, 52, r) - 0.4
    return height


def where(
    mask: Mask, function: Callable[[Array, Array], Array], x: Array, z: Array, other: float
) -> Array:
    """Return ``function(x, z)``, computed only where ``mask`` holds, and ``other`` elsewhere."""
    out = np.full(mask.shape, other, np.float32)
    if mask.any():
        out[mask] = function(x[mask], z[mask])
    return out


def ground(x: Array, z: Array) -> Array:
    """Return the height of the bare ground; below 0 is under water."""
    x, z = np.broadcast_arrays(x, z)
    parts = (
        where(z > 1700, mountains, x, z, -40),
        where((z > 250) & (z < 5000), hills, x, z, -40),
        where((z > 195) & (z < 750) & (x < 42), village_slope, x, z, -40),
        where((z < 300) & (x > 5), headland, x, z, -40),
    )
    highest: Array = np.maximum.reduce(parts)
    return highest


def ground_at(x: float, z: float) -> float:
    """Return the height of the ground under one point."""
    return float(ground(np.array([x]), np.array([z]))[0])


@cache
def forest() -> tuple[Array, ...]:
    """Return x, z, height, radius and kind (0 none, 1 conifer, 2 broadleaf) of all trees."""
    column, row = np.meshgrid(np.arange(FOREST_CELLS[0]), np.arange(FOREST_CELLS[1]))
    u, v, size, luck, kind = np.random.default_rng(71).random((5, *column.shape))
    x = FOREST_ORIGIN[0] + (column + 0.15 + 0.7 * u) * CELL
    z = FOREST_ORIGIN[1] + (row + 0.15 + 0.7 * v) * CELL
    height = ground(x, z)
    slope = np.hypot(ground(x + 2, z) - height, ground(x, z + 2) - height) / 2
    cape = (x > 5) & (z < 330)
    houses = np.exp(-((np.maximum(z - quay(x) - 20, 0) / 75) ** 2)) * (x < 0) * (z < 600)
    bare = 0.38 + 0.30 * houses + 0.22 * cape + 0.2 * smoothstep(1500, 2800, z)
    grows = value_noise(x / 75, z / 75, 75) + 0.18 * (luck - 0.5) > bare
    grows &= (height > 1.4) & (height < 300) & (slope < np.where(cape, 0.5, 0.9))
    grows &= np.hypot(x - LIGHTHOUSE[0], z - LIGHTHOUSE[1]) > 9
    conifer = kind > 0.35
    tall = np.where(conifer, 6 + 8 * size, 3.5 + 3.5 * size) * np.where(cape, 0.38, 1)
    radius = (1.9 + 1.5 * size) * np.where(cape, 0.62, 1)
    table = (x, z, tall, radius, np.where(grows, np.where(conifer, 1, 2), 0))
    return tuple(values.astype(np.float32) for values in table)


def trees(x: Array, z: Array) -> Array:
    """Return the height of the tree crowns above the ground."""
    tallest = np.zeros(x.shape, np.float32)
    column = np.floor((x - FOREST_ORIGIN[0]) / CELL - 0.5).astype(np.int64)
    row = np.floor((z - FOREST_ORIGIN[1]) / CELL - 0.5).astype(np.int64)
    ragged = 0.5 * (value_noise(x * 1.3, z * 1.3, 61) - 0.35)
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        cell = np.clip(row + i, 0, FOREST_CELLS[1] - 1), np.clip(column + j, 0, FOREST_CELLS[0] - 1)
        tree_x, tree_z, height, radius, kind = (values[cell] for values in forest())
        r = np.minimum(np.hypot(x - tree_x, z - tree_z) / radius + ragged, 1)
        crown = np.where(kind > 1, np.sqrt(1 - r * np.abs(r)), 1 - r) * height
        tallest = np.maximum(tallest, np.where(kind > 0, crown, 0))
    return tallest


def surface(x: Array, z: Array) -> Array:
    """Return the height of the ground with its trees."""
    x, z = np.broadcast_arrays(x, z)
    height = ground(x, z)
    return height + where((z < 2800) & (height > 0.8) & (height < 310), trees, x, z, 0)


# ------------------------------------------------------------------ content: light and air


def sky_gradient(rx: Array, ry: Array) -> Array:
    """Return the colour of the clear evening sky towards the directions (rx, ry, 1)."""
    length = np.sqrt(rx * rx + ry * ry + 1)
    up = np.maximum(ry, 0) / length
    toward = np.clip((rx * GLOW[0] + ry * GLOW[1] + GLOW[2]) / length, 0, 1)
    zenith, middle = np.array((0.045, 0.145, 0.38)), np.array((0.33, 0.45, 0.63))
    colour = mix(zenith, middle, np.exp(-up / 0.19))
    colour = mix(colour, np.array((1.25, 0.80, 0.47)), 0.9 * np.exp(-up / 0.085))
    glowing: Array = (
        colour + np.array((1.1, 0.54, 0.18)) * (toward**3.2 * np.exp(-up / 0.26))[..., None]
    )
    return glowing


def high_clouds(colour: Array, rx: Array, ry: Array) -> Array:
    """Lay a broken deck of high cloud, seen in perspective, over the sky."""
    x, z = rx / (np.maximum(ry, 0.004) + 0.06), 1 / (np.maximum(ry, 0.004) + 0.06)
    bend = 0.9 * (fractal_noise(x * 0.5, z * 0.5, 3, 77) - 0.5)

    def deck(dx: float, dz: float) -> Array:
        return fractal_noise((x + dx) * 0.75 + bend + 3.1, (z + dz) * 0.5 + 1.7, 7, 91, 0.52)

    thickness = deck(0, 0)
    light = 0.5 + 4.5 * (thickness - deck(-0.22, 0.10)) - 0.5 * smoothstep(0.6, 0.8, thickness)
    cloud = mix(np.array((0.42, 0.39, 0.52)), np.array((1.75, 1.05, 0.62)), np.clip(light, 0, 1.15))
    cover = 0.88 * smoothstep(0.47, 0.66, thickness) * smoothstep(0.05, 0.16, ry)
    return mix(colour, cloud, cover)


def low_clouds(colour: Array, rx: Array, ry: Array) -> Array:
    """Lay a bank of cumulus, lit from the left, behind the mountains."""

    def bank(dx: float, dy: float) -> Array:
        x, y = rx + dx, ry + dy
        lumps = 1 - np.abs(2 * fractal_noise(x * 9 + 1, y * 13, 5, 151) - 1)
        return 0.72 * fractal_noise(x * 5.2 + 9.3, y * 8.5 + 2.2, 7, 141, 0.55) + 0.28 * lumps

    thickness = bank(0, 0)
    ceiling = 0.10 + 0.20 * fractal_noise(rx * 3.1 + 4.4, np.full_like(ry, 0.5), 3, 161)
    depth = thickness - 0.52 + 0.9 * (ceiling - ry) * (ry < ceiling + 0.2)
    depth -= 0.25 * smoothstep(0, 0.1, 0.06 - ry)
    light = 0.36 + 9 * (thickness - bank(-0.02, 0.016)) + 1.6 * (ry - 0.13)
    light -= 0.9 * np.maximum(depth - 0.05, 0)
    cloud = mix(np.array((0.47, 0.42, 0.55)), np.array((1.9, 1.12, 0.64)), np.clip(light, 0, 1.2))
    fade = np.exp(-np.maximum(0.16 - ry, 0) / 0.07)
    cloud = mix(np.array((1.25, 0.80, 0.47)), cloud, fade)
    cover = 0.93 * fade * smoothstep(-0.005, 0.05, depth) * smoothstep(0.30, 0.2, ry)
    cover *= smoothstep(0.30, 0.16, rx)  # a calm sky behind the lighthouse
    return mix(colour, cloud, cover)


def haze(colour: Array, depth: Array, rx: Array) -> Array:
    """Return colours of shape (N, 3) seen through ``depth`` metres of evening air."""
    clear = np.exp(-depth[:, None] / np.array((11500.0, 9000.0, 6800.0)))
    toward = np.clip(rx * GLOW[0] + GLOW[2], 0, 1)[:, None] ** 3
    air = np.array((0.44, 0.52, 0.70)) * (1 - 0.6 * toward) + np.array((0.86, 0.56, 0.36)) * toward
    seen: Array = colour * clear + air * (1 - clear)
    return seen


def sunlit(x: Array, y: Array, z: Array, steps: int = 22) -> Array:
    """Return how much sun reaches each point past hills and trees, from 0 to 1."""
    lit = np.ones(x.shape, np.float32)
    reach = np.clip(z * 0.30, 40, 2500)
    for step in range(steps):
        s = reach * ((step + 0.6) / steps) ** 2 + 0.0032 * z
        clearance = y + SUN[1] * s - surface(x + SUN[0] * s, z + SUN[2] * s)
        lit = np.minimum(lit, np.clip(0.5 + clearance / (0.03 * s + 0.3), 0, 1))
    return lit


def land_albedo(x: Array, y: Array, z: Array, tree: Array, slope: Array) -> Array:
    """Return how each point of the land reflects light: grass, rock, snow, trees or beach."""
    height = y - tree
    fine = fractal_noise(x / 3, z / 3 + y / 2.5, 4, 151)
    dry = smoothstep(0.3, 0.7, 0.6 * fractal_noise(x / 60, z / 60, 4, 161) + 0.4 * fine)
    albedo = mix(np.array((0.12, 0.19, 0.045)), np.array((0.34, 0.29, 0.09)), dry)
    layers = smoothstep(0.25, 0.75, fractal_noise(x / 5 + z / 9, y / 1.6, 5, 171))
    rock = mix(np.array((0.085, 0.062, 0.052)), np.array((0.31, 0.215, 0.145)), layers)
    albedo = mix(albedo, rock, smoothstep(0.55, 0.95, slope + 0.5 * (fine - 0.5)))
    crag = fractal_noise(x / 200, z / 200 + y / 120, 5, 181)
    crag = mix(np.array((0.10, 0.105, 0.11)), np.array((0.24, 0.22, 0.21)), crag)
    albedo = mix(albedo, crag, smoothstep(900, 2600, z) * smoothstep(0.25, 0.6, slope))
    line = 680 + 420 * (fractal_noise(x / 500, z / 500, 4, 191) - 0.5)
    snow = smoothstep(line, line + 160, height) * smoothstep(1.5, 0.85, slope)
    albedo = mix(albedo, np.array((0.86, 0.89, 0.95)), snow)
    autumn = 0.8 * smoothstep(0.5, 1, value_noise(x / 9, z / 9, 7))
    leaf = mix(np.array((0.045, 0.085, 0.035)), np.array((0.20, 0.17, 0.035)), autumn)
    albedo = mix(albedo, leaf * (0.6 + 0.9 * fine[:, None]), smoothstep(0.3, 0.9, tree))
    sand = np.array((0.28, 0.23, 0.17)) * (0.6 + 0.8 * fine[:, None])
    albedo = mix(albedo, sand, smoothstep(1.4, 0.3, height) * (z < 700))
    return albedo * (1 - 0.6 * smoothstep(0.7, 0.1, y) * (z < 700))[:, None]


def land_colour(x: Array, y: Array, z: Array) -> Array:
    """Return the light that points of the land send out, of shape (N, 3)."""
    near = np.maximum(z * 0.0011, 0.12)
    top, bare = surface(x, z), ground(x, z)
    normal = np.stack([top - surface(x + near, z), near, top - surface(x, z + near)], 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    wide = near * 4
    slope = np.hypot((ground(x + wide, z) - bare) / wide, (ground(x, z + wide) - bare) / wide)
    tree = top - bare
    sun = np.clip(normal @ SUN, 0, 1) * sunlit(x, y, z)
    sky = np.clip(0.55 + 0.45 * normal[:, 1], 0, 1)
    sky *= np.where(tree > 0.3, 0.55 + 0.45 * np.clip(tree / 8, 0, 1), 1)
    bounce = np.clip(0.2 - 0.4 * normal[:, 0], 0, 1)[:, None] * np.array((0.30, 0.19, 0.10))
    light = sun[:, None] * SUNLIGHT + sky[:, None] * SKYLIGHT + bounce
    colour: Array = land_albedo(x, y, z, tree, slope) * light
    return colour


def lambert(normal: Array, albedo: Colour | Array) -> Array:
    """Return the colour of a matt surface in the evening sun."""
    n = normal / np.linalg.norm(normal)
    bounce = np.array((0.16, 0.10, 0.06)) * (0.5 - 0.3 * n[0])
    light = max(float(n @ SUN), 0) * SUNLIGHT + SKYLIGHT * (0.72 + 0.28 * n[1]) + bounce
    colour: Array = np.asarray(albedo) * light
    return colour


# ------------------------------------------------------------------ content: the camera


def land_depth(width: int, rows: Array, eye: float) -> Array:
    """Return how far away the land is in each pixel, and infinity where there is none.

    Every column walks away from the camera; the highest elevation so far is the skyline.
    """
    steps = ((60, 130, 160), (130, 420, 1100), (420, 1600, 600), (1600, 14000, 700))
    z = np.concatenate([np.geomspace(a, b, n, endpoint=False) for a, b, n in steps])
    column = pixel_columns(width)
    elevation = np.empty((len(z), width), np.float32)
    for i in range(0, len(z), 200):
        away = z[i : i + 200, None]
        height = surface(column * away, away)
        elevation[i : i + 200] = np.where(height > 0, (height - eye) / away, -9)
    skyline = np.maximum.accumulate(elevation, 0)
    depth = np.full((len(rows), width), np.inf, np.float32)
    for c in range(width):
        first = np.searchsorted(skyline[:, c], rows)
        hit = first < len(z)
        after = first[hit]
        before = np.maximum(after - 1, 0)
        low, high = elevation[before, c], elevation[after, c]
        t = np.clip((rows[hit] - low) / np.maximum(high - low, 1e-6), 0, 1)
        depth[hit, c] = z[before] + (z[after] - z[before]) * np.where(low > -8, t, 1)
    return depth


def pixel_columns(width: int) -> Array:
    """Return the slope to the right of each column's rays."""
    return ((np.arange(width) + 0.5 - width / 2) / (FOCAL * width)).astype(np.float32)


class View:
    """Sky and land seen from above the lake, to which solid things are added.

    Args:
        width: Pixels across.
        above: Rows above the horizon.
        below: Rows below the horizon.
        eye: Height of the camera; below 0 is the mirror image seen in the water.
    """

    def __init__(self, width: int, above: int, below: int, eye: float) -> None:
        self.width, self.above, self.eye = width, above, eye
        self.focal = FOCAL * width
        self.columns = pixel_columns(width)
        self.rows = (above - np.arange(above + below) - 0.5) / self.focal  # slope upwards
        rx, ry = np.meshgrid(self.columns, self.rows)
        self.colour = low_clouds(high_clouds(sky_gradient(rx, ry), rx, ry), rx, ry)
        depth = land_depth(width, self.rows, eye)
        r, c = np.nonzero(np.isfinite(depth))
        z = depth[r, c]
        land = land_colour(self.columns[c] * z, eye + self.rows[r] * z, z)
        self.colour[r, c] = haze(land, z, self.columns[c])
        water = np.full_like(depth, np.inf)
        if eye > 0:
            water[self.rows < 0] = -eye / self.rows[self.rows < 0, None]
        self.is_water = water < depth
        self.depth = np.minimum(np.minimum(water, depth), FAR)

    def polygon(self, corners: Sequence[Point] | Array, colour: Array | Colour) -> None:
        """Fill a flat convex polygon where nothing nearer hides it."""
        points = np.asarray(corners, float)
        x = points[:, 0] / points[:, 2] * self.focal + self.width / 2
        y = self.above - (points[:, 1] - self.eye) / points[:, 2] * self.focal
        left, right = max(int(x.min()), 0), min(int(x.max()) + 2, self.width)
        top, bottom = max(int(y.min()), 0), min(int(y.max()) + 2, len(self.rows))
        next_x, next_y = np.roll(x, -1), np.roll(y, -1)
        area = float(np.sum(x * next_y - next_x * y))
        if left >= right or top >= bottom or abs(area) < 1e-3:
            return
        gy, gx = np.mgrid[top:bottom, left:right] + 0.5
        inside = np.ones(gx.shape, bool)
        for x0, y0, x1, y1 in zip(x, y, next_x, next_y, strict=True):
            inside &= ((x1 - x0) * (gy - y0) - (y1 - y0) * (gx - x0)) * area >= -1e-4
        rx, ry = (gx - self.width / 2) / self.focal, (self.above - gy) / self.focal
        normal = np.cross(points[1] - points[0], points[2] - points[0])
        facing = normal[0] * rx + normal[1] * ry + normal[2]
        z = normal @ (points[0] - (0, self.eye, 0)) / np.where(facing == 0, 1e-9, facing)
        z = np.clip(z, points[:, 2].min(), points[:, 2].max())
        height = self.eye + ry * z
        part = np.s_[top:bottom, left:right]
        draw = inside & (z < self.depth[part] + 0.02) & (height >= -0.02)
        z, rx = z[draw], rx[draw]
        worn = fractal_noise(rx * z * 1.3 + z * 0.9, height[draw] * 2.2, 3, 201)
        self.colour[part][draw] = haze(colour * (0.86 + 0.28 * worn[:, None]), z, rx)
        self.depth[part][draw] = z
        self.is_water[part][draw] = False

    def face(self, corners: Sequence[Point], albedo: Colour, inside: Array) -> Array:
        """Fill a lit polygon and return its normal, which points away from ``inside``."""
        points = np.asarray(corners, float)
        normal = np.cross(points[1] - points[0], points[2] - points[0])
        if normal @ (points.mean(0) - inside) < 0:
            normal = -normal
        self.polygon(points, lambert(normal, albedo))
        unit: Array = normal / np.linalg.norm(normal)
        return unit


# ------------------------------------------------------------------ content: solid things


@dataclass(frozen=True)
class Place:
    """A spot on the map with a heading: turns plans into points of the world."""

    x: float
    z: float
    yaw: float = 0.0

    def __call__(self, u: float, v: float, y: float) -> Point:
        """Return the point ``u`` across, ``v`` deep and ``y`` up."""
        cos, sin = float(np.cos(self.yaw)), float(np.sin(self.yaw))
        return (self.x + u * cos - v * sin, y, self.z + u * sin + v * cos)


def box(
    view: View, at: Place, size: tuple[float, float], low: float, high: float, albedo: Colour
) -> None:
    """Draw a box of ``size`` (across, deep) between two heights."""
    a, b = size[0] / 2, size[1] / 2
    ring = ((-a, -b), (a, -b), (a, b), (-a, b))
    middle = np.array(at(0, 0, (low + high) / 2))
    for p, q in zip(ring, ring[1:] + ring[:1], strict=True):
        view.face([at(*p, low), at(*q, low), at(*q, high), at(*p, high)], albedo, middle)
    view.face([at(*p, high) for p in ring], albedo, middle)


def windows(
    view: View,
    wall: Callable[[float, float], Point],
    span: float,
    floors: int,
    normal: Array,
    rng: np.random.Generator,
) -> None:
    """Draw rows of framed windows, some of them lit; ``wall`` maps (0 to 1, height) to points."""
    count, half = max(int(span // 2.3), 1), 0.42 / span
    for floor in range(floors):
        for k in range(count):
            t, sill = (k + 0.5) / count, 1.5 + 2.7 * floor
            corners = ((t - half, 0.0), (t + half, 0.0), (t + half, 1.35), (t - half, 1.35))
            pane = np.array([wall(u, sill + y) for u, y in corners]) + 0.08 * normal
            frame = pane + 0.28 * (pane - pane.mean(0)) - 0.03 * normal
            view.polygon(frame, lambert(normal, (0.72, 0.66, 0.56)))
            view.polygon(pane, (1.9, 1.05, 0.36) if rng.random() < 0.3 else (0.07, 0.09, 0.13))


@dataclass(frozen=True)
class House:
    """Sizes in metres and colours of a gabled house."""

    across: float
    deep: float
    wall: float
    roof: float
    plaster: Colour
    tile: Colour


def house(view: View, at: Place, plan: House, rng: np.random.Generator) -> None:
    """Draw a house with gables, windows, eaves and a chimney."""
    base = ground_at(at.x, at.z) - 0.6
    a, b, eaves, top = (
        plan.across / 2,
        plan.deep / 2,
        base + plan.wall,
        base + plan.wall + plan.roof,
    )
    middle = np.array(at(0, 0, (base + eaves) / 2))
    ring = ((-a, -b), (a, -b), (a, b), (-a, b))
    for (u0, v0), (u1, v1) in zip(ring, ring[1:] + ring[:1], strict=True):

        def wall(
            t: float, y: float, u0: float = u0, v0: float = v0, u1: float = u1, v1: float = v1
        ) -> Point:
            return at(u0 + (u1 - u0) * t, v0 + (v1 - v0) * t, base + y)

        corners = [wall(0, 0), wall(1, 0), wall(1, plan.wall), wall(0, plan.wall)]
        normal = view.face(corners, plan.plaster, middle)
        if u0 == u1:
            gable = [wall(0, plan.wall), wall(1, plan.wall), wall(0.5, plan.wall + plan.roof)]
            view.face(gable, plan.plaster, middle)
        span = float(np.hypot(u1 - u0, v1 - v0))
        windows(view, wall, span, max(int(plan.wall // 2.7), 1), normal, rng)
    out = 0.45
    drip = eaves - out * plan.roof / b
    for side in (-b - out, b + out):
        slab = [at(-a - out, side, drip), at(a + out, side, drip)]
        slab += [at(a + out, 0, top + 0.05), at(-a - out, 0, top + 0.05)]
        view.face(slab, plan.tile, middle)
    x, _, z = at(a * 0.45, b * 0.3, 0)
    chimney = Place(x, z, at.yaw)
    box(view, chimney, (0.8, 0.8), eaves + plan.roof * 0.4, top + 1, (0.42, 0.24, 0.17))


def lathe(
    view: View, at: Place, rings: Sequence[tuple[float, float, Colour]], sides: int = 48
) -> None:
    """Draw a solid of revolution from rings of (radius, height, albedo of the part above)."""
    angles = np.linspace(0, 2 * np.pi, sides + 1)
    for (r0, y0, albedo), (r1, y1, _) in pairwise(rings):
        for start, end in pairwise(angles):
            middle = (start + end) / 2
            normal = np.array((np.cos(middle), (r0 - r1) / max(y1 - y0, 1e-3), np.sin(middle)))
            around = ((r0, y0, start), (r0, y0, end), (r1, y1, end), (r1, y1, start))
            corners = [at(r * np.cos(angle), r * np.sin(angle), y) for r, y, angle in around]
            if normal[2] < 0.25 or normal[1] > 0.2:  # the rest faces away
                view.polygon(corners, lambert(normal, albedo))


def lighthouse(view: View) -> None:
    """Draw the lighthouse: plinth, bands, gallery, lantern and dome."""
    at = Place(*LIGHTHOUSE)
    base, height, stout, bands = ground_at(at.x, at.z) - 1, 28.0, 1.35, 5
    white, red, dark, stone = (
        (0.86, 0.82, 0.74),
        (0.62, 0.09, 0.06),
        (0.06, 0.065, 0.075),
        (0.4,) * 3,
    )
    rings: list[tuple[float, float, Colour]] = [(3.7, base, stone), (3.7, base + 1.6, stone)]
    for i in range(bands):
        t = i / bands
        rings.append((3.1 - 1.15 * t, base + 1.6 + (height - 1.6) * t, red if i % 2 else white))
    top = base + height
    rings += [(1.95, top, dark), (2.75, top + 0.5, dark), (2.75, top + 0.9, dark)]
    rings += [(1.45, top + 0.9, white), (1.45, top + 1.4, (2.4, 1.9, 1.0)), (1.45, top + 3.4, dark)]
    rings += [(1.75, top + 3.5, red), (1.2, top + 4.4, red), (0.3, top + 5.1, dark)]
    rings += [(0.12, top + 5.4, dark), (0.08, top + 7, dark)]
    lathe(view, at, [(stout * r, y, albedo) for r, y, albedo in rings])
    for angle in np.linspace(0, 2 * np.pi, 20, endpoint=False):
        x, _, z = at(2.65 * stout * np.cos(angle), 2.65 * stout * np.sin(angle), 0)
        box(view, Place(x, z), (0.12, 0.12), top + 0.9, top + 1.9, dark)
    for angle in np.linspace(0.3, 2 * np.pi + 0.3, 5, endpoint=False):
        x, _, z = at(1.47 * stout * np.cos(angle), 1.47 * stout * np.sin(angle), 0)
        box(view, Place(x, z), (0.16, 0.16), top + 1.4, top + 3.4, dark)
    for y in (5.0, 11.0, 17.0, 24.0):
        r = stout * (3.16 - 1.15 * y / height)
        turn = ((-2.04, 0.0), (-1.76, 0.0), (-1.76, 1.3), (-2.04, 1.3))
        pane = [at(r * np.cos(angle), r * np.sin(angle), base + y + dy) for angle, dy in turn]
        view.polygon(pane, (0.06, 0.07, 0.09))


def village(view: View) -> None:
    """Draw the houses along the waterfront, the far ones first, and the church."""
    rng = np.random.default_rng(5)
    plasters = [(0.80, 0.74, 0.62), (0.74, 0.52, 0.30), (0.72, 0.66, 0.60)]
    plasters += [(0.66, 0.34, 0.22), (0.82, 0.70, 0.46), (0.46, 0.54, 0.56)]
    tiles = ((0.42, 0.15, 0.08), (0.36, 0.13, 0.09), (0.30, 0.16, 0.12), (0.46, 0.20, 0.10))
    for row, back in reversed(list(enumerate((9, 25, 42, 60)))):
        for k in range(11):
            x = -146 + k * 12.5 + rng.uniform(-2.5, 2.5) + row * 5
            z = float(quay(np.array(x))) + back + rng.uniform(-2.5, 2.5)
            churchyard = abs(x + 69) < 13 and row in (1, 2)
            if churchyard or x > -22 - row * 3 or rng.random() < 0.10 + 0.1 * row:
                continue
            plan = House(
                across=rng.uniform(7, 10.5),
                deep=rng.uniform(6, 7.5),
                wall=rng.choice((3.2, 5.6, 5.8)),
                roof=rng.uniform(2.6, 3.8),
                plaster=plasters[rng.integers(len(plasters))],
                tile=tiles[rng.integers(len(tiles))],
            )
            yaw = rng.normal(0.15, 0.25) + rng.integers(2) * np.pi / 2
            house(view, Place(x, z, yaw), plan, rng)
    church(view, Place(-72, float(quay(np.array(-72.0))) + 36, 0.12), rng)


def church(view: View, at: Place, rng: np.random.Generator) -> None:
    """Draw a church with a pointed steeple."""
    base, copper = ground_at(at.x, at.z), (0.13, 0.21, 0.20)
    nave = House(15, 8, 7.5, 5.5, (0.72, 0.66, 0.56), (0.30, 0.13, 0.09))
    house(view, Place(at.x + 7, at.z + 2, at.yaw), nave, rng)
    tower = Place(at.x - 2, at.z, at.yaw)
    box(view, tower, (4.6, 4.6), base - 1, base + 15, (0.74, 0.68, 0.58))
    spire = [(3.5, base + 15, copper), (1.3, base + 20, copper), (0.05, base + 29, copper)]
    lathe(view, tower, spire, sides=8)
    bell = ((-0.6, 11.0), (0.6, 11.0), (0.6, 13.4), (-0.6, 13.4))
    view.polygon([tower(u, -2.4, base + y) for u, y in bell], (0.06, 0.06, 0.08))


def hull(view: View, at: Place, size: float) -> None:
    """Draw a boat's hull with a deck and a cabin."""
    stations = np.linspace(0, 1, 25)
    timber, navy, cream = (0.42, 0.25, 0.12), (0.10, 0.16, 0.30), (0.80, 0.74, 0.64)
    planks = ((0.0, 0.35, (0.30, 0.05, 0.04)), (0.35, 0.86, navy), (0.86, 1.0, cream))

    def plank(t: float, side: float, level: float) -> Point:
        beam = 1.35 * float(np.sin(np.pi * (0.32 + 0.68 * t))) ** 0.75 if t < 1 else 0.0
        y = level * (1.25 + 0.55 * t * t) - 0.25
        across = side * beam * (0.55 + 0.45 * level)
        return at((t - 0.5) * 9 * size * (1 - 0.06 * (1 - level) * t), across * size, y * size)

    for t0, t1 in pairwise(stations):
        keel = np.array(at((t0 + t1 - 1) / 2 * 9 * size, 0, 0.5))
        for side in (1, -1):
            for low, high, albedo in planks:
                corners = [plank(t0, side, low), plank(t1, side, low)]
                view.face([*corners, plank(t1, side, high), plank(t0, side, high)], albedo, keel)
        deck = [plank(t0, -1, 1), plank(t1, -1, 1), plank(t1, 1, 1), plank(t0, 1, 1)]
        view.polygon(deck, lambert(np.array((0, 1, 0)), timber))
    cabin = Place(at.x - 0.7 * size, at.z)
    box(view, cabin, (2.8 * size, 1.3 * size), size, 1.9 * size, (0.78, 0.72, 0.62))


def sail(view: View, tack: Point, head: Point, clew: Point, albedo: Colour, belly: float) -> None:
    """Draw a sail as a bellied sheet that lets some light through."""
    foot, luff, cells = np.subtract(clew, tack), np.subtract(head, tack), 14
    u, v = np.meshgrid(np.linspace(0, 1, cells + 1), np.linspace(0, 1, cells + 1), indexing="ij")
    sheet = np.array(tack) + luff * v[..., None] + foot * (u * (1 - v))[..., None]
    sheet[..., 0] += np.sign(foot[0]) * 0.48 * np.sin(np.pi * v) * u
    sheet[..., 2] -= belly * np.sin(0.9 * np.pi * u) * np.sin(np.pi * np.clip(v * 0.9 + 0.08, 0, 1))
    for i in range(cells):
        for j in range(cells):
            a, b, c, d = sheet[i, j], sheet[i + 1, j], sheet[i + 1, j + 1], sheet[i, j + 1]
            normal = np.cross(b - a, c - a) + np.cross(c - a, d - a)
            facing = -np.sign(normal[2]) * float(normal @ SUN) / float(np.linalg.norm(normal))
            light = SUNLIGHT * 0.8 * (max(facing, 0) + 0.55 * max(-facing, 0)) + SKYLIGHT * 0.9
            seam = 0.9 if j % 3 == 0 else 1.0
            for triangle in ((a, b, c), (a, c, d)):
                view.polygon(np.array(triangle), np.array(albedo) * light * seam)


def sailing_boat(view: View, at: Place, size: float) -> None:
    """Draw a sloop with a cream mainsail and an orange jib."""
    hull(view, at, size)
    wood, mast, top = (0.35, 0.24, 0.14), at.x + 0.5 * size, 12.2 * size
    box(view, Place(mast, at.z), (0.16 * size, 0.16 * size), 0.8 * size, top, wood)
    boom = Place(mast - 2.2 * size, at.z)
    box(view, boom, (4.4 * size, 0.14 * size), 1.95 * size, 2.1 * size, wood)
    luff = (mast - 0.1 * size, 2.3 * size, at.z), (mast - 0.05 * size, top - 0.3 * size, at.z)
    sail(view, *luff, (mast - 4.3 * size, 2.3 * size, at.z), (0.88, 0.80, 0.66), 1.3 * size)
    stay = (mast + 4.1 * size, 1.7 * size, at.z), (mast + 0.2 * size, top - 1.8 * size, at.z)
    sheet = (mast + 0.3 * size, 2.0 * size, at.z - 0.8 * size)
    sail(view, *stay, sheet, (0.86, 0.30, 0.14), size)


def pier(view: View, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw a wooden pier on piles."""
    dx, dz = end[0] - start[0], end[1] - start[1]
    for t in np.linspace(0, 1, 9):
        for side in (-1, 1):
            pile = Place(start[0] + dx * float(t) + side, start[1] + dz * float(t))
            box(view, pile, (0.35, 0.35), -0.5, 2.0, (0.18, 0.13, 0.09))
    middle = Place(start[0] + dx / 2, start[1] + dz / 2, float(np.arctan2(dz, dx)))
    box(view, middle, (float(np.hypot(dx, dz)), 2.4), 1.25, 1.5, (0.36, 0.27, 0.18))


def things(view: View) -> None:
    """Draw all that people have built."""
    village(view)
    pier(view, (-62, 250), (-40, 196))
    for x, z in ((-84, 212), (-52, 236), (-33, 250)):
        box(view, Place(x, z, 0.3), (4.2, 1.4), 0, 0.55, (0.55, 0.20, 0.12))
    lighthouse(view)
    keeper = House(10, 7, 4.2, 3.2, (0.84, 0.80, 0.72), (0.45, 0.14, 0.09))
    house(view, Place(71, 176, 0.1), keeper, np.random.default_rng(3))
    shed = House(7, 6, 3.4, 2.8, (0.80, 0.76, 0.68), (0.40, 0.15, 0.10))
    house(view, Place(80, 181, 1.5), shed, np.random.default_rng(4))
    sailing_boat(view, Place(-4, 84), 1.0)
    sailing_boat(view, Place(16, 330), 0.9)


# ------------------------------------------------------------------ content: water and film


def ripples(x: Array, z: Array, fine_seed: int) -> Array:
    """Return the height of the waves, which lose their fine part with the distance."""
    fine = fractal_noise(x / 1.4, z / 0.6, 3, fine_seed, 0.6) * smoothstep(260, 60, z)
    return fractal_noise(x / 5.2, z / 2.1, 4, 311, 0.55) + 0.7 * fine


def water(view: View, mirror: View, scale: int, taps: int = 6) -> None:
    """Fill the lake with the mirrored view, broken by waves, over the colour of deep water."""
    r, c = np.nonzero(view.is_water)
    slope = -view.rows[r]
    z = EYE / slope
    x = view.columns[c] * z
    gust = smoothstep(0.35, 0.7, fractal_noise(x / 70, z / 190, 4, 301))
    swell = (0.45 + 0.85 * gust) / (1 + z / 900) * mirror.focal
    near = 0.15 + z * 0.0012
    image = np.zeros((len(r), 3))
    for tap in range(taps):
        tx, tz = x + 0.25 * (tap - taps / 2), z * (1 + 0.012 * (tap / taps - 0.5))
        height = ripples(tx, tz, 331 + tap)
        along, across = ripples(tx, tz + near, 331 + tap), ripples(tx + near, tz, 331 + tap)
        dy = 0.020 * (value_noise(tx / 3.3, tz / 1.3, 341 + tap) - 0.45) + 0.022 * (along - height)
        dx = 0.006 * (value_noise(tx / 2.1, tz / 0.9, 361 + tap) - 0.5) + 0.010 * (across - height)
        up = slope * mirror.focal + swell * (0.9 * np.abs(dy) + 0.5 * dy)
        row = np.clip(mirror.above - 1 - up, 0, mirror.above - 1).astype(int)
        column = np.clip((c + 0.5) / scale + swell * dx, 0, mirror.width - 1).astype(int)
        image += mirror.colour[row, column] / taps
    facet = 0.06 * (value_noise(x / 2.6, z / 1.1, 371) - 0.5) * smoothstep(400, 40, z)
    grazing = 1 - np.clip(slope / np.sqrt(1 + slope**2) + facet, 0.01, 1)
    fresnel = (0.03 + 0.97 * grazing**6.5)[:, None]
    deep = np.array((0.027, 0.112, 0.15)) + 0.03 * gust[:, None]
    view.colour[r, c] = haze(0.93 * fresnel * image + (1 - fresnel) * deep, z, view.columns[c])


def film(light: Array, rng: np.random.Generator) -> Array:
    """Return light developed to a picture in [0, 1]: bloom, tone curve, tint, vignette, grain."""
    height, width = light.shape[:2]
    bright = light * smoothstep(0.8, 1.8, light @ np.array((0.3, 0.59, 0.11)))[..., None]
    light = light + 0.1 * blur(bright, width * 0.006, width * 0.006)
    light = 0.82 * (light + 0.1 * blur(bright, width * 0.03, width * 0.03))
    tone = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)  # ACES-like
    picture = np.clip(tone, 0, 1) ** (1 / 2.2)
    picture += 0.35 * picture * (1 - picture) * (2 * picture - 0.94)  # contrast
    level = picture.mean(2, keepdims=True)
    picture = level + 1.14 * (picture - level)
    picture += (1 - level) * np.array((-0.012, 0, 0.018)) + level * np.array((0.018, 0.004, -0.02))
    y, x = np.mgrid[0:height, 0:width]
    corner = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) / 0.72**2
    grain = 0.7 * rng.standard_normal((height, width, 1)) + 0.4 * rng.standard_normal(light.shape)
    picture = picture * (1 - 0.2 * corner[..., None]) + 0.007 * blur(grain, 0.5, 0.5)
    developed: Array = np.clip(picture, 0, 1)
    return developed


def photograph(scale: int = SUPERSAMPLING) -> Array:
    """Return the content picture, rendered ``scale`` times as large and averaged down."""
    width, height = CONTENT_SIZE
    above = round(height * HORIZON)
    mirror = View(width, max(above, height - above) + MIRROR_MARGIN, 0, -EYE)
    things(mirror)
    view = View(width * scale, above * scale, (height - above) * scale, EYE)
    things(view)
    water(view, mirror, scale)
    samples = np.minimum(view.colour, 4).reshape(height, scale, width, scale, 3)
    return film(samples.mean((1, 3)), np.random.default_rng(1))


# ------------------------------------------------------------------ style: the composition


def ramp(name: str, t: Array) -> Array:
    """Return the colours of a ramp at ``t``, from 0 to 1."""
    codes = [PALETTE[pigment] for pigment in RAMPS[name].split()]
    colours = np.array([[int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)] for code in codes])
    position = np.clip(t, 0, 1) * (len(colours) - 1)
    index = np.minimum(position.astype(int), len(colours) - 2)
    return mix(colours[index], colours[index + 1], position - index)


def along(levels: Array) -> Array:
    """Return the angles that run along the contour lines of ``levels``."""
    down, right = np.gradient(levels)
    angles: Array = np.arctan2(-right, down)
    return angles


class Sketch:
    """What the painter works from: colours, stroke directions and how fine each part is.

    Args:
        rng: Source of the small irregularities.
        width: Pixels across.
        height: Pixels down.
    """

    def __init__(self, rng: np.random.Generator, width: int, height: int) -> None:
        self.rng, self.shape = rng, (height, width)
        self.y, self.x = np.mgrid[0:height, 0:width] / height
        self.warp = self.noise(0.06)
        self.drift = self.noise(0.10)
        self.colour = np.zeros((height, width, 3))
        self.angle = np.zeros(self.shape)
        self.detail = np.zeros(self.shape)
        self.sky()
        self.sun()
        for hill in HILLS:
            self.hill(*hill)
        for flower in FLOWERS:
            self.flower(*flower)

    def noise(self, size: float) -> Array:
        """Return smooth noise with features of ``size`` picture heights."""
        return blurred_noise(self.rng, self.shape, size * self.shape[0], size * self.shape[0])

    def put(self, mask: Mask, colour: Array, angle: Array, detail: float) -> None:
        """Replace what is under ``mask``."""
        self.colour = np.where(mask[..., None], colour, self.colour)
        self.angle = np.where(mask, angle, self.angle)
        self.detail = np.where(mask, detail, self.detail)

    def sky(self) -> None:
        """Lay in a sky of bands that swirl around the vortices."""
        stream = 0.9 * self.y + 0.015 * self.warp
        for x, y, strength in VORTICES:
            stream += 0.16 * strength * np.log((self.x - x) ** 2 + (self.y - y) ** 2 + 0.006)
        x, y, _ = VORTICES[0]
        near = np.exp(-((self.x - x) ** 2 + (self.y - y) ** 2) / 0.045)
        arms = 2 * np.arctan2(self.y - y, self.x - x) + 22 * np.hypot(self.x - x, self.y - y)
        bands = 0.5 + 0.5 * np.sin(34 * stream + 0.5 * self.drift)
        bands += near * (0.5 + 0.5 * np.sin(arms) - bands)
        value = 0.08 + 0.15 * near + 0.64 * bands + 0.25 * (self.y - 0.15) + 0.09 * self.noise(0.03)
        self.put(np.ones(self.shape, bool), ramp("sky", value), along(stream), 0.5)

    def sun(self) -> None:
        """Lay in a large disc of rings."""
        dx, dy = self.x - SUN_DISC[0], self.y - SUN_DISC[1]
        r = np.hypot(dx, dy) / SUN_DISC[2] * (1 + 0.03 * self.warp)
        rings = ramp("sun", r + 0.05 * np.sin(25 * r))
        self.put(r < 1, rings, np.arctan2(dx, -dy), 0.8)

    def hill(
        self, name: str, base: float, size: float, frequency: float, phase: float, bands: float
    ) -> None:
        """Lay in one range of hills, ploughed along its slopes."""
        crest = base + size * np.sin(frequency * self.x + phase) + 0.012 * self.warp
        crest += 0.35 * size * np.sin(2.3 * frequency * self.x + 2 * phase)
        depth = self.y - crest
        furrow = depth + 0.06 * np.sin(9 * self.x + phase + 6 * depth)
        value = 0.455 + 0.375 * np.sin(furrow * bands + 0.8 * self.drift) + 0.12 * self.noise(0.03)
        value += 0.25 * np.exp(-np.maximum(depth, 0) / 0.02)  # light on the crest
        self.put(depth > 0, ramp(name, value), along(furrow), 0.5)

    def flower(self, x: float, y: float, radius: float) -> None:
        """Lay in a flower: petals that point outwards around a dark heart."""
        dx, dy = self.x - x, (self.y - y) * 1.12
        r, angle = np.hypot(dx, dy) / radius, np.arctan2(dy, dx)
        petals = round(9 + 40 * radius)
        lobe = 0.5 + 0.5 * np.cos(petals * angle + self.rng.uniform(0, 6) + 1.2 * r)
        self.put(r < 0.78 + 0.22 * lobe, ramp("petal", 0.05 + 0.35 * r + 0.55 * lobe), angle, 1)
        heart = ramp("heart", r / 0.42 + 0.15 * np.sin(7 * angle))
        self.put(r < 0.42, heart, angle + np.pi / 2, 1)


# ------------------------------------------------------------------ style: the brush


@dataclass(frozen=True)
class Layer:
    """One pass over the canvas; sizes in picture pixels.

    Args:
        width: Width of a stroke.
        length: Length of a stroke.
        spacing: Distance between strokes.
        jitter: How far colours stray from the sketch.
        coverage: Part of the strokes that is painted.
        detail: Parts of the sketch that are less fine than this are left out.
    """

    width: float
    length: float
    spacing: float
    jitter: float
    coverage: float = 1.0
    detail: float = 0.0


LAYERS = (
    Layer(44, 190, 24, 0.09),
    Layer(27, 130, 15.5, 0.12),
    Layer(17, 88, 12, 0.14),
    Layer(10.5, 56, 12, 0.16, coverage=0.7),
    Layer(7.5, 28, 7, 0.11, detail=0.7),
)


def bristle_texture(rng: np.random.Generator) -> Array:
    """Return how much paint the bristles leave: streaks, coarse and fine, from 0 to 1."""
    streaks = blurred_noise(rng, BRISTLES, 1.3, 60) + 0.7 * blurred_noise(rng, BRISTLES, 3.5, 90)
    streaks += 0.35 * blurred_noise(rng, BRISTLES, 1, 6)
    texture: Array = np.clip(0.5 + 0.28 * streaks / streaks.std(), 0, 1)
    return texture


def follow(angle: Array, start: Array, length: float, sign: int, count: int = 10) -> Array:
    """Return ``count`` points of a path along the flow, smoothed as a wrist would."""
    points = np.empty((count, 2), np.float32)
    points[0] = start
    heading = np.zeros(2)
    for i in range(1, count):
        x, y = points[i - 1]
        row = min(max(int(y), 0), angle.shape[0] - 1)
        column = min(max(int(x), 0), angle.shape[1] - 1)
        flow = sign * np.array((np.cos(angle[row, column]), np.sin(angle[row, column])))
        if flow @ heading < 0:
            flow = -flow
        heading = 0.55 * flow + 0.45 * heading
        heading /= np.linalg.norm(heading) + 1e-6
        points[i] = points[i - 1] + heading * length / (count - 1)
    return points


def unroll(path: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Return each pixel's place on a path: from 0 to 1 along it, and the distance beside it."""
    nearest = np.full(x.shape, np.inf, np.float32)
    forward, side = np.zeros_like(nearest), np.zeros_like(nearest)
    for i, (a, d) in enumerate(zip(path[:-1], np.diff(path, axis=0), strict=True)):
        px, py = x - a[0], y - a[1]
        t = np.clip((px * d[0] + py * d[1]) / (d @ d), 0, 1)
        squared = (px - t * d[0]) ** 2 + (py - t * d[1]) ** 2
        closer = squared < nearest
        nearest = np.where(closer, squared, nearest)
        forward = np.where(closer, (i + t) / (len(path) - 1), forward)
        side = np.where(closer, np.sign(d[0] * py - d[1] * px), side)
    return forward, side * np.sqrt(nearest)


class Canvas:
    """Wet paint: its colour and its thickness.

    Args:
        ground: Colours before the first stroke, of shape (H, W, 3).
        rng: Source of the accidents of the brush.
    """

    def __init__(self, ground: Array, rng: np.random.Generator) -> None:
        self.colour = ground.astype(np.float32)
        self.height = np.zeros(ground.shape[:2], np.float32)
        self.rng = rng
        self.bristles = bristle_texture(rng).astype(np.float32)

    def stroke(self, path: Array, width: float, first: Array, second: Array) -> None:
        """Draw a brush loaded with two colours along a path."""
        left, top = np.maximum(np.floor(path.min(0) - width * 0.6), 0).astype(int)
        right, bottom = np.ceil(path.max(0) + width * 0.6).astype(int)
        part = np.s_[top:bottom, left:right]
        if min(self.height[part].shape) < 2 or right <= 0 or bottom <= 0:
            return
        rows, columns = self.height[part].shape
        y, x = np.mgrid[top : top + rows, left : left + columns].astype(np.float32)
        forward, beside = unroll(path, x, y)
        half = width / 2 * (0.4 + 0.6 * smoothstep(-0.05, 0.12, forward))
        half *= 1 - 0.65 * smoothstep(0.55, 1, forward)
        across = beside / half
        hair = self.hair(forward * float(np.hypot(*np.diff(path, axis=0).T).sum()), beside)
        edge = smoothstep(0, 1.8, (1 - 0.22 * (hair < 0.4) - np.abs(across)) * half)
        load = self.rng.uniform(-0.1, 0.25)
        dry = 0.95 * smoothstep(0.35, 1.05, forward) - 0.25 - load
        alpha = edge * smoothstep(-0.12, 0.12, hair - dry)
        blend = 0.5 + 0.35 * across * self.rng.choice((-1, 1)) + 1.5 * (hair - 0.5)
        colour = mix(first, second, np.clip(blend, 0, 1)) * (0.86 + 0.28 * hair)[..., None]
        self.colour[part] += alpha[..., None] * (colour - self.colour[part])
        body = (0.3 + 0.9 * hair) * np.clip(1 - 0.5 * across**4, 0, None)
        body += 0.45 * np.exp(-(((np.abs(across) - 0.82) / 0.14) ** 2))  # pushed to the sides
        body += 0.50 * np.exp(-(((forward - 0.9) / 0.08) ** 2))  # and left where the brush lifts
        body = body * np.sqrt(width) + 0.3 * self.height[part]
        self.height[part] += alpha * (body - self.height[part])

    def hair(self, forward: Array, beside: Array) -> Array:
        """Return a new piece of the bristle texture at distances in pixels."""
        row, column = self.rng.integers(0, BRISTLES)
        rows = np.clip(row + 0.8 * beside, row - 255, row + 255).astype(int) % BRISTLES[0]
        piece: Array = self.bristles[rows, (column + forward).astype(int) % BRISTLES[1]]
        return piece

    def lit(self) -> Array:
        """Return the picture in [0, 1]: the paint in a light from the upper left."""
        down, right = np.gradient(0.7 * blur(self.height, 0.4, 0.4))
        normal = np.stack([-right, -down, np.ones_like(right)], 2)
        normal /= np.linalg.norm(normal, axis=2, keepdims=True)
        light = np.array((-0.5, -0.6, 0.62))
        half = light + np.array((0, 0, 1))
        diffuse = np.clip(normal @ light, 0, 1.2)[..., None]
        gloss = np.clip(normal @ (half / np.linalg.norm(half)), 0, 1)[..., None] ** 40
        picture: Array = np.clip(self.colour * (0.42 + 0.93 * diffuse) + 0.10 * gloss, 0, 1)
        return picture


def paint_layer(canvas: Canvas, sketch: Sketch, layer: Layer, scale: float) -> None:
    """Cover the canvas with the strokes of one layer, in random order."""
    rng, (height, width) = canvas.rng, sketch.shape
    colours = blur(sketch.colour, 0.15 * layer.width * scale, 0.15 * layer.width * scale)
    step = layer.spacing * scale
    grid = np.meshgrid(np.arange(-step, width + step, step), np.arange(-step, height + step, step))
    starts = np.stack([axis.ravel() for axis in grid], 1)
    starts += rng.uniform(-0.6 * step, 0.6 * step, starts.shape)
    rng.shuffle(starts)
    for start in starts:
        at = min(max(int(start[1]), 0), height - 1), min(max(int(start[0]), 0), width - 1)
        detail = sketch.detail[at]
        if detail < layer.detail or rng.random() > layer.coverage:
            continue
        length = layer.length * scale * rng.uniform(0.65, 1.25)
        brush = layer.width * scale * rng.uniform(0.7, 1.25)
        if detail > 0.7 and layer.width > 9:  # shorter and thinner where it matters
            length *= 0.55
        if detail > 0.9 and layer.width > 12:
            brush *= 0.6
        shift = rng.normal(0, layer.jitter) + rng.normal(0, 0.5 * layer.jitter, 3)
        first = np.clip(colours[at] + 0.6 * shift, 0, 1)
        second = colours[at] * rng.uniform(0.75, 1.3) + rng.normal(0, 0.6 * layer.jitter, 3)
        path = follow(sketch.angle, start, length, rng.choice((-1, 1)))
        canvas.stroke(path, brush, first, np.clip(second, 0, 1))


def painting(scale: float = PAINT_SCALE, seed: int = 7) -> Array:
    """Return the style picture, ``scale`` times as large as it is shown."""
    rng = np.random.default_rng(seed)
    sketch = Sketch(rng, round(STYLE_SIZE[0] * scale), round(STYLE_SIZE[1] * scale))
    canvas = Canvas(0.6 * sketch.colour, rng)
    for layer in LAYERS:
        paint_layer(canvas, sketch, layer, scale)
    return canvas.lit()


def save(picture: Array, size: tuple[int, int], path: Path) -> None:
    """Write a picture in [0, 1] at ``size``."""
    image = Image.fromarray((255 * picture + 0.5).astype(np.uint8))
    image = image.resize(size, Image.Resampling.LANCZOS)
    image.save(path, quality=JPEG_QUALITY, subsampling=0, optimize=True)
    print(path)


def main() -> None:
    """Draw both pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder to write to"
    )
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    save(photograph(), CONTENT_SIZE, folder / "content.jpg")
    save(painting(), STYLE_SIZE, folder / "style.jpg")


if __name__ == "__main__":
    main()
