"""Draw a style picture of the examples: ink.jpg, bamboo before mountains in black ink on paper.

Ink is a density that strokes and washes add to. A stroke has a width that the pressure of the
hand changes, bristles that run dry, and edges that bleed along the fibres of the paper. Every pixel
is computed, with fixed seeds.

Usage: python configs/images/draw_ink.py [--out FOLDER]
"""

from collections.abc import Sequence

import numpy as np
from draw import BRISTLES, Array, blur, blurred_noise, bristle_texture, fractal_noise, smoothstep
from draw import unroll as along_path
from easel import hang

SIZE = (576, 720)  # width, height
SUPERSAMPLING = 1.5
PAPER = np.array((0.945, 0.920, 0.865))
ABSORBED = np.array((1.0, 1.015, 1.04))  # by ink, of red, green and blue
BLACK = 3.0  # density at which more ink changes nothing
RIDGES = (  # height of the crest, size of the peaks, ink, how far the wash reaches; in heights
    (0.30, 0.16, 0.42, 0.16),
    (0.40, 0.13, 0.70, 0.15),
    (0.53, 0.09, 1.00, 0.13),
)


class Sheet:
    """A sheet of paper that takes ink.

    Args:
        width: Pixels across.
        height: Pixels down.
        rng: Source of the accidents.
    """

    def __init__(self, width: int, height: int, rng: np.random.Generator) -> None:
        self.rng, self.unit = rng, float(height)
        self.density = np.zeros((height, width), np.float32)
        self.y, self.x = np.mgrid[0:height, 0:width].astype(np.float32) / height
        self.bristles = bristle_texture(rng).astype(np.float32)
        fibre = blurred_noise(rng, (height, width), 0.8, 5) + blurred_noise(
            rng, (height, width), 5, 0.8
        )
        self.fibre = fibre / fibre.std()
        self.grain = blurred_noise(rng, (height, width), 1.2, 1.2)

    def add(self, part: tuple[slice, slice], ink: Array) -> None:
        """Add ink, less where the paper is full."""
        here = self.density[part]
        self.density[part] = here + ink * np.clip(1 - here / BLACK, 0, 1)

    def stroke(
        self, path: Array, widths: Sequence[float], ink: float, dry: float, wet: float = 0.3
    ) -> None:
        """Draw a brush along a path.

        Args:
            path: Points (x, y) in picture heights, of shape (N, 2).
            widths: Widths from the start to the end, in picture heights.
            ink: Density of the ink.
            dry: How little ink is left at the end: 0 is none missing, 1 is bare streaks.
            wet: How far the edge runs into the paper, in brush widths.
        """
        points = (path * self.unit).astype(np.float32)
        half_widths = np.array(widths) * self.unit / 2
        margin = half_widths.max() * 1.4 + 4
        left, top = np.maximum(np.floor(points.min(0) - margin), 0).astype(int)
        right, bottom = np.ceil(points.max(0) + margin).astype(int)
        part = np.s_[top:bottom, left:right]
        rows, columns = self.density[part].shape
        if min(rows, columns) < 2 or right <= 0 or bottom <= 0:
            return
        y, x = np.mgrid[top : top + rows, left : left + columns].astype(np.float32)
        forward, beside = along_path(points, x, y)
        half = np.interp(forward, np.linspace(0, 1, len(half_widths)), half_widths)
        half = np.maximum(half, 0.3)
        ragged = beside + 0.5 * self.fibre[part] * min(1.0, half_widths.max() / 6)
        across = np.abs(ragged) / half
        length = float(np.hypot(*np.diff(points, axis=0).T).sum())
        hair = self.hair(forward * length, beside)
        body = smoothstep(0, 1.4, (1 - across) * half)
        lack = dry * (0.25 + 0.85 * forward) + 0.20 * dry * across**2
        body *= smoothstep(-0.07, 0.07, hair + 0.06 * self.grain[part] - lack)
        pool = 0.72 + 0.30 * np.exp(-(((across - 0.9) / 0.16) ** 2))  # ink gathers at the edge
        side = 1 + 0.28 * np.clip(beside / half, -1, 1) * self.rng.choice((-1, 1))
        tone = pool * side * (0.75 + 0.5 * hair) * (1 - 0.25 * dry * forward)
        halo = np.exp(-np.maximum(across - 0.9, 0) / max(wet, 1e-3) * 2.2)
        halo *= smoothstep(0.2, 1.3, self.fibre[part] + 1.1 - 0.7 * (across - 1)) * wet * 0.45
        end = (forward > 0) & (forward < 1)
        self.add(part, ink * (body * tone + halo * (1 - body) * end * (across > 0.9)))

    def hair(self, forward: Array, beside: Array) -> Array:
        """Return a new piece of the bristle texture at distances in pixels."""
        row, column = self.rng.integers(0, BRISTLES)
        rows = (row + 0.9 * beside).astype(int) % BRISTLES[0]
        piece: Array = self.bristles[rows, (column + forward).astype(int) % BRISTLES[1]]
        return piece

    def wash(self, ink: Array) -> None:
        """Lay a thin wash: pigment settles in the grain and at the edge."""
        edge = np.abs(ink - blur(ink, 2.2, 2.2))
        settled = ink * (1 + 0.16 * self.grain + 0.10 * self.fibre) + 0.8 * edge
        self.add(np.s_[:, :], np.maximum(settled, 0))

    def picture(self) -> Array:
        """Return the sheet in [0, 1]."""
        paper = PAPER * (1 + 0.010 * self.fibre + 0.006 * self.grain)[..., None]
        stain = fractal_noise(self.x * 3, self.y * 3, 4, 5)[..., None]
        paper = paper * (0.95 + 0.08 * stain)
        seen: Array = np.clip(paper * np.exp(-self.density[..., None] * ABSORBED), 0, 1)
        return seen


def bent(start: Array, angle: float, length: float, bend: float, count: int = 10) -> Array:
    """Return a path that turns by ``bend`` radians on its way."""
    angles = angle + bend * np.linspace(0, 1, count - 1)
    steps = np.stack([np.cos(angles), np.sin(angles)], 1) * length / (count - 1)
    return np.concatenate([[start], start + np.cumsum(steps, 0)])


# ------------------------------------------------------------------ far away


def crest(x: Array, number: int) -> Array:
    """Return y of a range's skyline."""
    base, size, _, _ = RIDGES[number]
    peaks = fractal_noise(x * 2.6 + 9.1 * number, np.full_like(x, 0.3), 6, 20 + number, ridged=True)
    return base - size * (1.5 * peaks - 0.4)


def mountains(sheet: Sheet) -> None:
    """Lay the ranges, the far ones pale, each fading into mist, with dry strokes on them."""
    rng = sheet.rng
    for number, (_, _, ink, reach) in enumerate(RIDGES):
        depth = sheet.y - crest(sheet.x, number)
        mist = np.exp(-np.maximum(depth, 0) / (reach * 0.55))
        cloud = fractal_noise(sheet.x * 5, sheet.y * 7, 5, 30 + number)
        body = smoothstep(-0.003, 0.004, depth + 0.0012 * sheet.fibre)
        sheet.density *= 1 - 0.75 * body * mist
        sheet.wash(ink * body * mist * (0.30 + 0.85 * cloud))
        for _ in range(150 + 60 * number):
            x = rng.uniform(-0.02, 0.82)
            here = np.array((x - 0.004, x, x + 0.004))
            y = crest(here, number)
            slope = float((y[2] - y[0]) / 0.008)
            down = rng.exponential(0.30) * reach
            heading = np.pi / 2 + np.clip(-np.arctan(slope) * 0.75, -0.9, 0.9) + rng.normal(0, 0.16)
            path = bent(
                np.array((x, y[1] + down)), heading, rng.uniform(0.02, 0.07), rng.normal(0, 0.5)
            )
            wide = rng.uniform(0.003, 0.011) * (0.6 + 0.3 * number)
            strong = ink * rng.uniform(0.5, 1.5) * np.exp(-down / reach)
            sheet.stroke(path, (0.6 * wide, wide, 0.7 * wide, 0.1 * wide), strong, 0.85, 0.1)
        for x in np.arange(0.0, 0.8, 0.035):
            xs = x + np.linspace(0, rng.uniform(0.03, 0.07), 9)
            path = np.stack([xs, crest(xs, number) + 0.002], 1)
            wide = rng.uniform(0.002, 0.007)
            sheet.stroke(path, (wide * 0.4, wide, wide * 1.2, wide * 0.3), 1.3 * ink, 0.6)


def trees(sheet: Sheet, number: int) -> None:
    """Dot small trees along a range: a stem and stacked dabs."""
    rng = sheet.rng
    for x in rng.uniform(0.0, 0.8, 26):
        y = float(crest(np.array([x]), number)[0]) + 0.004
        tall = rng.uniform(0.018, 0.045)
        sheet.stroke(
            bent(np.array((x, y)), -np.pi / 2, tall, rng.normal(0, 0.2)),
            (0.002, 0.003, 0.001),
            1.6,
            0.3,
        )
        for k in range(5):
            at = np.array((x, y - tall * (0.35 + 0.15 * k)))
            for side in (0.0, np.pi):
                long = tall * (0.42 - 0.06 * k) * rng.uniform(0.6, 1.2)
                angle = side + (0.35 if side == 0 else -0.35) + rng.normal(0, 0.15)
                sheet.stroke(
                    bent(at, angle, long, 0.2), (0.002, 0.005, 0.001), rng.uniform(0.8, 1.9), 0.5
                )


def moon(sheet: Sheet) -> None:
    """Leave a round moon white within a pale wash of the sky."""
    r = np.hypot(sheet.x - 0.585, sheet.y - 0.125)
    cloud = fractal_noise(sheet.x * 2.6 + 3, sheet.y * 4.5, 6, 11)
    sky = 0.34 * smoothstep(0.30, 0.75, cloud) * smoothstep(0.42, 0.05, sheet.y)
    around = 0.24 * np.exp(-np.maximum(r - 0.075, 0) / 0.05)
    sheet.wash((sky + around) * smoothstep(0.073, 0.077, r + 0.0012 * sheet.fibre))


def birds(sheet: Sheet) -> None:
    """Draw a flight of birds, two strokes each."""
    for x, y, size in (
        (0.36, 0.085, 0.024),
        (0.41, 0.110, 0.019),
        (0.33, 0.128, 0.017),
        (0.45, 0.072, 0.014),
    ):
        for angle, bend in ((np.pi + 0.75, -0.9), (-0.75, 0.9)):
            path = bent(np.array((x, y)), angle, size, bend)
            sheet.stroke(path, (0.004, 0.006, 0.0012), 2.2, 0.3)


# ------------------------------------------------------------------ near


def rock(sheet: Sheet, x: float, y: float, wide: float, high: float) -> None:
    """Draw a boulder: wash in its hollows, an angular outline, dry strokes on its planes."""
    rng = sheet.rng
    u, v = (sheet.x - x) / wide, (sheet.y - y) / high
    angle = np.arctan2(v, u)
    edge = 0.82 + 0.30 * fractal_noise(angle * 1.3 + 10 * x + 20, 0 * angle, 4, 41)
    r = np.hypot(u, v) / edge
    inside = smoothstep(1.02, 0.97, r + 0.012 * sheet.fibre) * (v < 0.7)
    sheet.density *= 1 - 0.93 * inside
    facets = fractal_noise(sheet.x * 9, sheet.y * 12, 4, 43, ridged=True)
    shade = smoothstep(-0.5, 0.9, u + 0.8 * v) * (0.35 + 1.1 * facets)
    sheet.wash(inside * (0.08 + 1.45 * shade**1.4))
    for _ in range(95):
        a, distance = rng.uniform(-np.pi, 0.5), rng.uniform(0.1, 0.95) ** 0.6
        at = np.array((x + wide * distance * np.cos(a), y + high * distance * np.sin(a)))
        heading = rng.choice((0.9, 1.25, 2.2)) + rng.normal(0, 0.15)
        thick = rng.uniform(0.008, 0.030) * (0.5 + distance)
        path = bent(at, heading, rng.uniform(0.04, 0.11), rng.normal(0, 0.3))
        dark = rng.uniform(0.35, 2.0) * (0.55 + 0.45 * np.cos(a - 0.2))
        sheet.stroke(
            path, (thick, 0.8 * thick, 0.3 * thick), max(dark, 0.25), rng.uniform(0.7, 1.05), 0.1
        )
    for start in np.linspace(-np.pi * 1.05, 0.25, 9):
        angles = start + np.linspace(0, 0.42, 10)
        rim = 0.82 + 0.30 * fractal_noise(angles * 1.3 + 10 * x + 20, 0 * angles, 4, 41)
        path = np.stack([x + wide * rim * np.cos(angles), y + high * rim * np.sin(angles)], 1)
        thick = rng.uniform(0.009, 0.018)
        sheet.stroke(path, (thick * 0.5, thick * 1.3, thick, thick * 0.3), 2.2, 0.65)


def stalk(sheet: Sheet, x: float, lean: float, wide: float, ink: float) -> list[Array]:
    """Draw a bamboo stalk, joint by joint, and return the joints."""
    rng, joints = sheet.rng, []
    at, angle = np.array((x, 1.03)), -np.pi / 2 + lean
    while at[1] > -0.08:
        long = rng.uniform(0.10, 0.15)
        path = bent(at, angle, long, 0.03 * rng.normal())
        flare = wide * rng.uniform(0.95, 1.05)
        dry = rng.uniform(0.35, 0.75)
        sheet.stroke(path, (1.16 * flare, flare, 0.95 * flare, flare, 1.2 * flare), ink, dry, 0.15)
        end = path[-1]
        side = np.array((np.cos(angle + np.pi / 2), np.sin(angle + np.pi / 2))) * wide
        mark = np.stack(
            [
                end - 0.62 * side,
                end - 0.02 * np.array((np.cos(angle), np.sin(angle))) * wide,
                end + 0.62 * side,
            ]
        )
        sheet.stroke(mark, (0.008, 0.005, 0.009), min(2.2 * ink, 2.8), 0.25)
        joints.append(end)
        at = end + 0.006 * np.array((np.cos(angle), np.sin(angle)))
        angle += rng.normal(0, 0.015)
    return joints


def leaves(sheet: Sheet, at: Array, toward: float, count: int, size: float, ink: float) -> None:
    """Draw a cluster of leaves: strokes that swell and end in a point."""
    rng = sheet.rng
    for k in range(count):
        angle = toward + (k - (count - 1) / 2) * 0.42 + rng.normal(0, 0.13)
        long = size * rng.uniform(0.65, 1.15)
        wide = long * rng.uniform(0.13, 0.20)
        path = bent(at + rng.normal(0, 0.004, 2), angle, long, rng.normal(0.05, 0.22), 12)
        shape = (0.10 * wide, 0.55 * wide, wide, 0.95 * wide, 0.55 * wide, 0.18 * wide, 0.02 * wide)
        sheet.stroke(path, shape, ink * rng.uniform(0.7, 1.2), rng.uniform(0.0, 0.55), 0.22)


def twig(sheet: Sheet, at: Array, angle: float, ink: float, size: float) -> None:
    """Draw a thin branch with clusters of leaves that hang from it."""
    rng = sheet.rng
    path = bent(at, angle, rng.uniform(0.10, 0.20), rng.normal(0, 0.4))
    sheet.stroke(path, (0.006, 0.004, 0.003), ink, 0.35)
    for k in (4, 7, 9):
        leaves(sheet, path[k], rng.normal(1.35, 0.35), int(rng.integers(3, 6)), size, ink)


def bamboo(sheet: Sheet) -> None:
    """Draw the grove: pale stalks behind, black ones in front."""
    rng = sheet.rng
    for x, lean, wide, ink in (
        (0.10, 0.06, 0.020, 0.50),
        (0.72, -0.05, 0.017, 0.42),
        (0.19, 0.03, 0.034, 1.35),
        (0.66, -0.09, 0.028, 1.7),
    ):
        joints = stalk(sheet, x, lean, wide, ink)
        for joint in joints:
            for side in (-1, 1):
                if rng.random() < 0.62:
                    angle = -np.pi / 2 + side * rng.uniform(0.6, 1.2)
                    strength = min(ink * rng.uniform(0.9, 1.8), 2.7)
                    twig(sheet, joint, angle, strength, rng.uniform(0.08, 0.13))


def grass(sheet: Sheet) -> None:
    """Draw tufts along the lower edge."""
    rng = sheet.rng
    for x in np.concatenate([rng.normal(0.55, 0.12, 60), rng.uniform(0, 0.8, 60)]):
        path = bent(
            np.array((x, 1.01)),
            -np.pi / 2 + rng.normal(0, 0.4),
            rng.uniform(0.05, 0.15),
            rng.normal(0, 0.8),
        )
        wide = rng.uniform(0.003, 0.009)
        sheet.stroke(
            path, (wide, wide, 0.6 * wide, 0.1 * wide), rng.uniform(0.5, 2.2), rng.uniform(0.2, 0.9)
        )


def splashes(sheet: Sheet) -> None:
    """Flick drops off the brush: large ones with rays, fine spray around them."""
    rng = sheet.rng
    for _ in range(26):
        centre = np.array((rng.uniform(0.05, 0.75), rng.uniform(0.05, 0.95)))
        aim, ink = rng.uniform(0, 2 * np.pi), rng.uniform(0.7, 2.4)
        for _ in range(int(rng.integers(8, 30))):
            far = rng.exponential(0.035)
            angle = aim + rng.normal(0, 0.6)
            at = centre + far * np.array((np.cos(angle), np.sin(angle)))
            size = min(rng.lognormal(-5.7, 0.75), 0.012) * np.exp(-8 * far)
            path = bent(at, angle, size * rng.uniform(0.3, 1.6), 0.1, 4)
            sheet.stroke(path, (size * 0.8, size, size * 0.5), ink, 0.0, 0.5)


def mist(sheet: Sheet) -> None:
    """Sweep a broad, half dry brush through the valleys, and a wet one under it."""
    rng = sheet.rng
    for y, wide, ink, dry, wet in (
        (0.375, 0.050, 0.34, 0.80, 0.10),
        (0.470, 0.030, 0.22, 0.10, 0.60),
        (0.655, 0.075, 0.42, 0.85, 0.10),
        (0.705, 0.040, 0.26, 0.15, 0.60),
        (0.775, 0.060, 0.60, 0.90, 0.10),
    ):
        start = np.array((rng.uniform(-0.05, 0.25), y + rng.uniform(-0.01, 0.01)))
        path = bent(start, rng.normal(0, 0.06), rng.uniform(0.40, 0.70), rng.normal(0, 0.25), 14)
        sheet.stroke(path, (0.7 * wide, wide, 0.9 * wide, 0.5 * wide), ink, dry, wet)


def ink(scale: float = SUPERSAMPLING, seed: int = 21) -> Array:
    """Return the drawing, ``scale`` times as large as it is shown."""
    rng = np.random.default_rng(seed)
    sheet = Sheet(round(SIZE[0] * scale), round(SIZE[1] * scale), rng)
    moon(sheet)
    mountains(sheet)
    trees(sheet, 1)
    trees(sheet, 2)
    mist(sheet)
    birds(sheet)
    rock(sheet, 0.46, 0.97, 0.20, 0.20)
    rock(sheet, 0.05, 0.99, 0.17, 0.13)
    grass(sheet)
    bamboo(sheet)
    splashes(sheet)
    return sheet.picture()


if __name__ == "__main__":
    hang(__doc__, {"ink": (ink, SIZE)}, quality=85)
