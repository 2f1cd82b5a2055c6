"""Draw a style picture of the examples: glass.jpg, a leaded window with a sun over a valley.

Every pixel belongs to a pane; lead covers what is near another pane. The glass has streaks, bubbles
and waves of its own in each pane, and the light comes from behind. Every pixel is computed, with
fixed seeds.

Usage: python configs/images/draw_glass.py [--out FOLDER]
"""

import numpy as np
from draw import Array, Integers, Mask, blur, blurred_noise, fractal_noise, lattice, mix, smoothstep
from easel import hang

SIZE = (640, 640)  # width, height
SUPERSAMPLING = 2
LEAD = 0.0044  # half the width of the lead, in picture heights
FRAME = 0.062  # width of the border of panes
SUN = (0.64, 0.27)
PALETTE = {  # light that each glass lets through
    "sky": "0b2a8c 1549b8 1f6fd0 2b93d6 4a3fb0 123a7a",
    "halo": "f7c325 f29a1c f6dd62 ee7a1a",
    "sun": "fff0a8 ffd84a ffb020 fff7cf",
    "far": "5a2f92 7d3fae 3d3a9e 93589c",
    "hill": "0f7a4a 2f9a3c 7fb52c 0a5a4e 1b8a6a",
    "field": "b8b51e d9a515 7fa31f e0c332",
    "river": "59c7d8 2a9fc4 8fe0e0 1c7fb4 c5f0e6",
    "petal": "c3122a e2263a a30d3c f0524a",
    "lily": "f4ecd8 f8d8c8 ffe9a8",
    "leaf": "0e6b2f 2a8a2a 064d33 5aa52e",
    "frame": "8a0f24 b3162b 143a8a 0f6a5a",
    "jewel": "ffc52e f58a1f",
}


class Window:
    """Panes on a grid of pixels: a number and a glass for each.

    Args:
        side: Pixels across and down.
    """

    def __init__(self, side: int) -> None:
        self.y, self.x = np.mgrid[0:side, 0:side].astype(np.float32) / side
        self.pane = np.zeros((side, side), np.int64)
        self.colours = np.zeros((1, 3))
        self.rng = np.random.default_rng(31)

    def glaze(self, inside: Mask, cells: Integers, glass: str) -> None:
        """Fill a region with panes: one for each number of ``cells``."""
        numbers, index = np.unique(cells[inside], return_inverse=True)
        codes = PALETTE[glass].split()
        table = np.array([[int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)] for code in codes])
        chosen = table[self.rng.integers(len(table), size=len(numbers))]
        chosen = chosen * self.rng.uniform(0.78, 1.12, (len(numbers), 1))
        self.pane[inside] = len(self.colours) + index
        self.colours = np.concatenate([self.colours, chosen])


def cells(*coordinates: Array) -> Integers:
    """Return a number for each cell between the whole values of the coordinates."""
    number = np.zeros(coordinates[0].shape, np.int64)
    for values in coordinates:
        number = number * 1009 + np.floor(values).astype(np.int64) + 300
    return number


def sky(window: Window) -> None:
    """Glaze rays and rings around the sun, and clouds across them."""
    dx, dy = window.x - SUN[0], window.y - SUN[1]
    r, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    ring = np.log(np.maximum(r, 0.02) / 0.09) / 0.34 + 0.12 * np.sin(5 * angle)
    rays = angle / (2 * np.pi) * np.where(r < 0.30, 16, 22) + 0.5 * (np.floor(ring) % 2)
    everywhere = np.ones(window.pane.shape, bool)
    window.glaze(everywhere, cells(ring, rays), "sky")
    window.glaze(r < 0.175, cells(angle / (2 * np.pi) * 16 + 0.25 * np.sin(30 * r)), "halo")
    window.glaze(r < 0.105, cells(angle / (2 * np.pi) * 8 + 0.5, r / 0.058), "sun")
    window.glaze(r < 0.040, cells(0 * r), "sun")
    for x, y, wide in ((0.22, 0.20, 0.17), (0.36, 0.115, 0.13), (0.90, 0.44, 0.13)):
        u = (window.x - x) / wide
        lobes = 0.034 + 0.016 * np.abs(np.sin(5.2 * u + x * 20))
        cloud = np.abs(window.y - y - 0.012 * np.sin(4 * u)) < lobes * np.sqrt(
            np.clip(1 - u * u, 0, 1)
        )
        window.glaze(cloud, cells(2.2 * u + 0.4 * np.sin(60 * window.y)), "lily")


def land(window: Window) -> None:
    """Glaze mountains, hills, fields and a river that comes towards the viewer."""
    x, y = window.x, window.y
    peaks = [
        0.43 - 0.19 * (1 - np.abs(x - at) / wide)
        for at, wide in ((0.17, 0.20), (0.40, 0.24), (0.98, 0.27))
    ]
    far = y - np.minimum.reduce([np.full_like(x, 0.47), *[peak + 0.04 for peak in peaks]])
    face = np.stack(
        [np.abs(x - at) / wide for at, wide in ((0.17, 0.20), (0.40, 0.24), (0.98, 0.27))]
    ).argmin(0)
    lit = x - np.array((0.17, 0.40, 0.98))[face] + 0.25 * far * np.sin(40 * far) < 0
    window.glaze(
        far > 0, cells(face + 0.5 * lit, 2 * lit, far / 0.075 + 0.4 * np.sin(14 * x)), "far"
    )
    snow = (far > 0) & (far < 0.055 + 0.02 * np.sin(60 * x)) & (y < 0.39 + 0.016 * np.sin(75 * x))
    window.glaze(snow, cells(face + 0.5 * lit, 2 * lit), "lily")
    hill = y - 0.565 + 0.055 * np.sin(5 * x + 2.6)
    window.glaze(hill > 0, cells(x * 6.5 - 3 * hill, hill / 0.058 + 0.5 * np.sin(4 * x)), "hill")
    field = y - 0.690 + 0.045 * np.sin(4 * x + 5.4)
    window.glaze(
        field > 0, cells(x * 7.5 + 4 * field, field / 0.070 + 0.6 * np.sin(5 * x + 2)), "field"
    )
    depth = np.clip((y - 0.555) / 0.45, 0, 1)
    bank = 0.60 + 0.13 * np.sin(6.3 * depth + 0.4) * (0.4 + depth) - 0.18 * depth
    wide = 0.010 + 0.125 * depth**1.3
    u = (x - bank) / wide
    window.glaze(
        (np.abs(u) < 1) & (depth > 0), cells(u + 40, 9 * depth**0.7 + 0.35 * np.sin(2 * u)), "river"
    )


def petals(
    window: Window, x: float, y: float, size: float, count: int, turn: float, glass: str
) -> None:
    """Glaze a flower: pointed petals in two halves around a heart."""
    dx, dy = window.x - x, window.y - y
    r = np.hypot(dx, dy) / size
    angle = np.arctan2(dy, dx) + turn
    lobe = np.abs(np.cos(count * angle / 2))
    inside = r < 0.42 + 0.58 * lobe**0.75
    half = angle / (2 * np.pi) * 2 * count
    window.glaze(inside, cells(half / 2 + 0.5 + count), glass)
    inner = r < 0.28 + 0.34 * lobe
    window.glaze(
        inside & inner, cells(half / 2 + 0.5 + count), "petal" if glass == "lily" else "halo"
    )
    window.glaze(r < 0.22, cells(0 * r), "jewel")


def plant(
    window: Window, x: float, y: float, size: float, glass: str, rng: np.random.Generator
) -> None:
    """Glaze a flower on a stem with two leaves."""
    sway = 0.03 * np.sin(7 * (window.y - y) + 9 * x)
    stem = (np.abs(window.x - x - sway) < 0.0105) & (window.y > y)
    window.glaze(stem, cells((window.y - y) / 0.12), "leaf")
    for side in (-1, 1):
        low = y + size + rng.uniform(0.05, 0.12)
        u = side * (window.x - x - sway) / 0.135
        rib = low - 0.10 * np.sqrt(np.clip(u, 0, 1)) + 0.05 * u
        v = window.y - rib
        blade = (
            (np.abs(v) < 0.036 * np.sin(np.pi * np.clip(u, 0, 1)).clip(0) ** 0.8)
            & (u > 0)
            & (u < 1)
        )
        window.glaze(blade, cells(np.sign(v) + 2, 2 * u), "leaf")
    petals(window, x, y, size, 6 if glass == "lily" else 8, rng.uniform(0, 1), glass)


def border(window: Window) -> None:
    """Glaze the frame: long panes with jewels between them."""
    inset = np.minimum(np.minimum(window.x, 1 - window.x), np.minimum(window.y, 1 - window.y))
    flat = np.minimum(window.x, 1 - window.x) < np.minimum(window.y, 1 - window.y)
    along = np.where(flat, window.y, window.x)
    side = 2 * flat + np.where(flat, window.x > 0.5, window.y > 0.5)
    window.glaze(inset < FRAME, cells(side.astype(np.float32), along / 0.125), "frame")
    window.glaze(inset < 0.016, cells(side.astype(np.float32), along / 0.25 + 0.5), "hill")
    middle = np.abs((along / 0.125 + 0.5) % 1 - 0.5) * 0.125
    jewel = middle + np.abs(inset - 0.5 * FRAME - 0.008) < 0.021
    window.glaze(jewel, cells(side.astype(np.float32), along / 0.125 + 0.5), "jewel")


def shifted(values: Integers, rows: int, columns: int) -> Integers:
    """Return values moved by whole pixels, with the edges repeated."""
    height, width = values.shape
    r = np.clip(np.arange(height) + rows, 0, height - 1)
    c = np.clip(np.arange(width) + columns, 0, width - 1)
    return values[r[:, None], c]


def to_lead(pane: Integers, reach: int) -> Array:
    """Return each pixel's distance to the nearest other pane, in pixels, up to ``reach``."""
    distance = np.full(pane.shape, reach + 1.0, np.float32)
    for rows, columns in np.ndindex(2 * reach + 1, 2 * reach + 1):
        r, c = rows - reach, columns - reach
        far = np.hypot(r, c)
        if 0 < far <= reach:
            other = shifted(pane, r, c) != pane
            distance = np.where(other, np.minimum(distance, far - 0.5), distance)
    return distance


def solder(pane: Integers, size: float) -> Array:
    """Return bumps of about ``size`` pixels where three panes meet, from 0 to 1."""
    a, b, c, d = pane, shifted(pane, 0, 1), shifted(pane, 1, 0), shifted(pane, 1, 1)
    kinds = 1 + (b != a) + ((c != a) & (c != b)) + ((d != a) & (d != b) & (d != c))
    bumps = blur((kinds > 2).astype(np.float32), size, size) * 2 * np.pi * size**2
    capped: Array = np.clip(bumps, 0, 1)
    return capped


def light_through(window: Window, scale: float) -> Array:
    """Return the light that comes through the panes: streaks, waves, bubbles, dust at the edges."""
    pane, x, y = window.pane, window.x, window.y
    luck = [lattice(pane, pane * 0, seed) for seed in range(40, 46)]
    turn = 2 * np.pi * luck[0]
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    streak = fractal_noise(u * 8 + 50 * luck[1], v * 55 + 50 * luck[2], 4, 51)
    wave = fractal_noise(u * 30 + 90, v * 34 + 90, 3, 53)
    colour: Array = window.colours[pane]
    tilt = (np.cos(turn) * (x - 0.5) + np.sin(turn) * (y - 0.5)) * 0.9
    value = 0.62 + 0.55 * streak + 0.35 * (wave - 0.5) + 0.25 * (luck[3] - 0.5) + tilt * 0.3
    flash = smoothstep(0.55, 0.80, streak) * (luck[4] > 0.35)
    colour = mix(colour, np.sqrt(colour), 0.45 * flash)  # thinner glass: paler
    seeds = blurred_noise(np.random.default_rng(55), pane.shape, 1.1 * scale, 1.1 * scale)
    bubble = smoothstep(2.7, 3.6, seeds)
    behind = 0.72 + 0.75 * np.exp(-((x - SUN[0]) ** 2 + (y - SUN[1]) ** 2) / 0.10)
    behind += 0.22 * fractal_noise(x * 3, y * 3, 3, 57)
    light: Array = colour ** (1.25 - 0.25 * flash[..., None]) * (value * behind)[..., None]
    return light + 0.35 * bubble[..., None] * colour


def glass(scale: int = SUPERSAMPLING) -> Array:
    """Return the window, ``scale`` times as large as it is shown."""
    side = SIZE[0] * scale
    window, rng = Window(side), np.random.default_rng(33)
    sky(window)
    land(window)
    for x, y, size, kind in (
        (0.165, 0.645, 0.100, "petal"),
        (0.315, 0.795, 0.090, "lily"),
        (0.865, 0.605, 0.082, "lily"),
        (0.735, 0.765, 0.115, "petal"),
    ):
        plant(window, x, y, size, kind, rng)
    border(window)

    half = LEAD * side
    distance = to_lead(window.pane, round(half * 2.2))
    distance += 0.6 * blurred_noise(rng, distance.shape, 6 * scale, 6 * scale)  # a hand cut it
    joint = solder(window.pane, 2.2 * scale)
    light = light_through(window, scale)
    patina = smoothstep(half * 2.2, half * 0.9, distance)
    light = (
        light
        * (1 - 0.62 * patina * (0.6 + 0.4 * fractal_noise(window.x * 40, window.y * 40, 3, 61)))[
            ..., None
        ]
    )

    height = np.sqrt(np.clip(1 - (distance / half) ** 2, 0, 1)) + 0.5 * joint
    height = blur(height, 0.5 * scale, 0.5 * scale)
    down, right = np.gradient(height * half * 0.7)
    normal = np.stack([-right, -down, np.ones_like(right)], 2)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    shine = np.clip(normal @ np.array((-0.48, -0.62, 0.62)), 0, 1)
    worn = fractal_noise(window.x * 60, window.y * 60, 4, 63)
    metal = (0.035 + 0.10 * shine + 0.42 * shine**14) * (0.6 + 0.8 * worn)
    metal = metal[..., None] * np.array((0.95, 1.0, 1.08))
    cover = smoothstep(half + 0.8, half - 0.8, distance - 1.6 * scale * joint)
    picture = mix(light, metal, cover)
    bright = picture * smoothstep(0.55, 1.0, picture.max(2))[..., None]
    glow = blur(bright, 5 * scale, 5 * scale) + 0.7 * blur(bright, 18 * scale, 18 * scale)
    picture = picture + 0.13 * glow
    developed: Array = np.clip(1.06 * (1 - np.exp(-1.75 * picture**1.12)), 0, 1)
    return developed


if __name__ == "__main__":
    hang(__doc__, {"glass": (glass, SIZE)})
