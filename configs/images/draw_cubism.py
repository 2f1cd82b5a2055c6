"""Draw a style picture of the examples: cubism.jpg, a guitar, a bottle and a glass in facets.

A still life is seen through many planes: each shifts, turns and shades what lies in it, hard at one
edge and open at the other. It is then painted in short strokes with the brush of draw.py. Every
pixel is computed, with fixed seeds.

Usage: python configs/images/draw_cubism.py [--out FOLDER]
"""

from dataclasses import dataclass

import numpy as np
from draw import (
    Array,
    Canvas,
    Mask,
    blur,
    blurred_noise,
    follow,
    fractal_noise,
    mix,
    smoothstep,
)
from easel import hang

SIZE = (720, 576)  # width, height
SUPERSAMPLING = 1.5
AXES = (1.48, 1.72, 0.92, 2.25, 0.10, 2.75)  # directions of the edges, in radians
GREYS = ("2b2d2f", "55585a", "85857f", "b4b1a5", "d9d3c0")
OCHRES = ("3a2716", "6f4a22", "a8763a", "cfa565", "ead6a6")
BLUES = ("1d2a38", "3a5068", "647f95", "9db0b8", "d3d9d4")
DABS = ((15.0, 34.0, 10.0, 0.035), (8.0, 17.0, 6.5, 0.050), (5.0, 10.0, 7.0, 0.060))


def ramp(codes: tuple[str, ...], t: Array) -> Array:
    """Return colours from the dark end (0) to the light end (1)."""
    colours = np.array([[int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)] for code in codes])
    position = np.clip(t, 0, 1) * (len(codes) - 1)
    index = np.minimum(position.astype(int), len(codes) - 2)
    return mix(colours[index], colours[index + 1], position - index)


# ------------------------------------------------------------------ the still life


class Motif:
    """The still life before it is broken up; x and y in picture heights.

    Args:
        x: x of each pixel, moved by its facet.
        y: y of each pixel, moved by its facet.
    """

    def __init__(self, x: Array, y: Array) -> None:
        self.x, self.y = x, y
        self.tone = np.full(x.shape, 0.55, np.float32)
        self.warm = np.full(x.shape, 0.25, np.float32)
        self.line = np.zeros(x.shape, np.float32)

    def fill(self, distance: Array, tone: Array | float, warm: float, outline: float = 1.0) -> None:
        """Paint where a distance is negative, and draw its edge."""
        inside = distance < 0
        self.tone = np.where(inside, tone, self.tone)
        self.warm = np.where(inside, warm, self.warm)
        self.line = np.where(inside, 0, self.line)
        self.draw(distance, 0.0042, outline)

    def draw(self, distance: Array, half: float, strength: float = 1.0) -> None:
        """Draw a line where a distance is zero."""
        self.line = np.maximum(
            self.line, strength * smoothstep(half, 0.35 * half, np.abs(distance))
        )

    def table(self) -> None:
        """Paint a wall with a panel, a table with a cloth and a newspaper."""
        self.tone += 0.10 * np.sin(6 * self.x + 3 * self.y)
        self.draw(self.x - 0.17, 0.003, 0.5)
        self.draw(self.x - 1.06, 0.003, 0.5)
        edge = 0.70 - self.y + 0.05 * (self.x - 0.6)
        self.fill(np.maximum(edge, np.abs(self.x - 0.62) - 0.56), 0.42 + 0.2 * (self.x - 0.4), 0.75)
        grain = np.sin(160 * (self.y + 0.03 * np.sin(9 * self.x)))
        self.tone += 0.05 * grain * (edge < 0)
        u, v = self.turned(0.98, 0.80, 0.35)
        sheet = np.maximum(np.abs(u) - 0.20, np.abs(v) - 0.13)
        self.fill(sheet, 0.92, 0.3)
        type_ = (np.sin(150 * v) > 0.1) & (np.sin(47 * u + 5 * np.floor(150 * v / 6.28)) > -0.4)
        self.line = np.where((sheet < -0.02) & type_ & (v > -0.06), 0.55, self.line)
        head = (np.abs(v + 0.09) < 0.022) & (np.sin(95 * u) > -0.1)
        self.line = np.where((sheet < -0.015) & head, 0.95, self.line)

    def turned(self, x: float, y: float, angle: float) -> tuple[Array, Array]:
        """Return coordinates around a point, along and across a direction."""
        dx, dy = self.x - x, self.y - y
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        return dx * cos + dy * sin, dy * cos - dx * sin

    def guitar(self) -> None:
        """Paint a guitar that leans to the right."""
        u, v = self.turned(0.60, 0.66, -1.12)  # u runs up the neck
        neck = np.maximum(np.abs(v) - 0.026, np.abs(u - 0.40) - 0.24)
        lower = np.hypot(u + 0.10, v) - 0.195
        upper = np.hypot(u - 0.135, v) - 0.138
        h = np.maximum(0.10 - np.abs(lower - upper), 0) / 0.10
        body = np.minimum(lower, upper) - h * h * 0.025
        wood = 0.62 + 0.55 * v + 0.06 * np.sin(120 * v + 6 * np.sin(8 * u))
        self.fill(body, wood, 1.0)
        self.draw(body + 0.016, 0.0022, 0.7)
        hole = np.hypot(u - 0.055, v) - 0.056
        self.fill(hole, 0.06, 0.7)
        self.draw(hole - 0.016, 0.003, 0.8)
        self.fill(neck, 0.22 - 2 * v, 0.8)
        self.fill(np.maximum(np.abs(v) - 0.040, np.abs(u - 0.69) - 0.06), 0.35, 0.9)
        self.fill(np.maximum(np.abs(v) - 0.072, np.abs(u + 0.155) - 0.012), 0.10, 0.7)
        for k in range(6):
            string = v - (k - 2.5) * 0.0082
            self.draw(np.where(np.abs(u - 0.25) < 0.41, string, 1), 0.0017, 0.8)
        for k in range(9):
            self.draw(np.where(neck < 0, u - 0.20 - 0.05 * k, 1), 0.0022, 0.6)
        for k in range(3):
            for side in (-1, 1):
                self.fill(np.hypot(u - 0.65 - 0.035 * k, v - 0.052 * side) - 0.011, 0.85, 0.4)

    def bottle(self) -> None:
        """Paint a dark bottle with a label."""
        u, v = self.x - 0.335, self.y
        shoulder = smoothstep(0.24, 0.40, v)
        half = 0.024 + 0.062 * shoulder
        shape = np.maximum(np.abs(u) - half, np.maximum(0.09 - v, v - 0.80))
        shine = np.exp(-(((u + 0.5 * half) / (0.16 * half)) ** 2))
        self.fill(shape, 0.20 + 0.62 * shine + 0.9 * u, 0.0)
        self.fill(np.maximum(np.abs(u) - half - 0.006, np.abs(v - 0.125) - 0.014), 0.45, 0.4)
        label = np.maximum(np.abs(u) - half, np.abs(v - 0.58) - 0.085)
        self.fill(label, 0.85 - 1.5 * u, 0.55)
        self.line = np.where(
            (label < -0.02) & (np.sin(110 * v) > 0.5) & (np.sin(70 * u) > -0.6), 0.6, self.line
        )
        self.draw(np.where(label < 0, np.hypot(u, v - 0.545) - 0.028, 1), 0.004, 0.8)

    def glass(self) -> None:
        """Paint a wine glass."""
        u, v = self.x - 1.0, self.y
        bowl = np.maximum(np.hypot(u / 0.85, (v - 0.44) * 0.95) - 0.105, 0.37 - v)
        self.fill(bowl, 0.78 + 1.6 * u, 0.1)
        self.fill(np.maximum(bowl + 0.008, 0.455 - v), 0.25 - 1.2 * u, 0.85)
        self.fill(np.maximum(np.abs(u) - 0.007, np.abs(v - 0.61) - 0.07), 0.75, 0.1)
        self.fill(np.hypot(u, 4 * (v - 0.685)) - 0.075, 0.7 - 2 * u, 0.1)
        self.draw(np.hypot(u, 4.5 * (v - 0.372)) - 0.078, 0.003)

    def pear(self) -> None:
        """Paint two fruits on the table."""
        for x, y, size in ((0.16, 0.80, 0.070), (0.24, 0.86, 0.058)):
            u, v = (self.x - x) / size, (self.y - y) / size
            self.fill((np.hypot(u, v) - 1) * size, 0.72 - 0.35 * (u + v), 0.85)
            self.draw(np.where(np.abs(v + 1.1) < 0.35, (u - 0.2 * v - 0.3) * size, 1), 0.004)


# ------------------------------------------------------------------ the facets


@dataclass(frozen=True)
class Facet:
    """A plane bounded by straight edges, some by an arc.

    Args:
        x: Its middle, in picture heights.
        y: Its middle, in picture heights.
        axis: Direction of its long edges, in radians.
        cross: Direction of its short edges.
        long: Half its length.
        wide: Half its width.
        arc: How far the long edges bulge.
    """

    x: float
    y: float
    axis: float
    cross: float
    long: float
    wide: float
    arc: float

    def place(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return where points lie across and along it; it reaches from -1 to 1 in both."""
        a, b = self.axis, self.cross
        dx, dy = x - self.x, y - self.y
        size = float(np.sin(b - a))
        size = size if abs(size) > 0.3 else 0.3
        along = (dx * np.sin(b) - dy * np.cos(b)) / size / self.long
        across = (dy * np.cos(a) - dx * np.sin(a)) / size / self.wide
        return across + self.arc * (along**2 - 0.5), along


def facets(rng: np.random.Generator, aspect: float) -> list[Facet]:
    """Return planes from large to small; the small ones gather in the middle."""
    planes = []
    for count, size, spread in ((42, 0.27, 0.75), (90, 0.15, 0.55), (130, 0.085, 0.42)):
        for _ in range(count):
            a, b = rng.choice(len(AXES), 2, replace=False)
            planes.append(
                Facet(
                    x=float(
                        np.clip(rng.normal(aspect / 2, spread * aspect / 2), -0.05, aspect + 0.05)
                    ),
                    y=float(np.clip(rng.normal(0.52, spread * 0.55), -0.05, 1.05)),
                    axis=AXES[a] + rng.normal(0, 0.06),
                    cross=AXES[b] + rng.normal(0, 0.06),
                    long=size * rng.uniform(0.6, 1.5),
                    wide=size * rng.uniform(0.35, 0.9),
                    arc=float(rng.choice((0.0, 0.0, 0.0, 0.35, -0.35))),
                )
            )
    return planes


class Study:
    """What the painter works from: colour, direction of the strokes, hard edges.

    Args:
        width: Pixels across.
        height: Pixels down.
        rng: Source of the composition.
    """

    def __init__(self, width: int, height: int, rng: np.random.Generator) -> None:
        self.rng, shape = rng, (height, width)
        self.y, self.x = np.mgrid[0:height, 0:width].astype(np.float32) / height
        self.angle = np.full(shape, 0.3, np.float32)
        self.shade = np.full(shape, 0.0, np.float32)
        self.cool = np.zeros(shape, np.float32)
        self.edge = np.zeros(shape, np.float32)
        self.facet = np.zeros(shape, np.int32)
        shift_x, shift_y, turn = (np.zeros(shape, np.float32) for _ in range(3))
        pivot_x, pivot_y = np.full(shape, 0.6, np.float32), np.full(shape, 0.5, np.float32)
        for number, plane in enumerate(facets(rng, width / height), 1):
            part = self.box(plane, height)
            across, along = plane.place(self.x[part], self.y[part])
            inside = (np.abs(across) < 1) & (np.abs(along) < 1)
            if not inside.any():
                continue
            large = plane.long > 0.12
            self.lay(part, inside, across, along, plane)
            amount = 0.050 if large else 0.028
            for target, value in (
                (shift_x, rng.normal(0, amount)),
                (shift_y, rng.normal(0, amount)),
                (turn, rng.normal(0, 0.16)),
                (pivot_x, plane.x),
                (pivot_y, plane.y),
                (self.facet, number),
            ):
                target[part] = np.where(inside, value, target[part])
        dx, dy = self.x - pivot_x, self.y - pivot_y
        cos, sin = np.cos(turn), np.sin(turn)
        motif = Motif(
            pivot_x + dx * cos + dy * sin + shift_x, pivot_y + dy * cos - dx * sin + shift_y
        )
        for thing in (motif.table, motif.bottle, motif.glass, motif.pear, motif.guitar):
            thing()
        self.line = motif.line
        self.colour = self.coloured(motif)

    def box(self, plane: Facet, height: int) -> tuple[slice, slice]:
        """Return the pixels that a plane may cover."""
        reach = 2.2 * (plane.long + plane.wide)
        top, bottom = (plane.y - reach) * height, (plane.y + reach) * height
        left, right = (plane.x - reach) * height, (plane.x + reach) * height
        return slice(max(int(top), 0), max(int(bottom), 0)), slice(
            max(int(left), 0), max(int(right), 0)
        )

    def lay(
        self, part: tuple[slice, slice], inside: Mask, across: Array, along: Array, plane: Facet
    ) -> None:
        """Shade a plane: dark at one long edge, light towards the other, open at one end."""
        sign = self.rng.choice((-1, 1))
        t = np.clip(0.5 + 0.5 * sign * across, 0, 1)
        depth = self.rng.uniform(0.16, 0.42)
        shade = depth * (t**1.3 - 0.55) + self.rng.normal(0, 0.05)
        opening = smoothstep(1.0, 0.1, along * self.rng.choice((-1, 1)))
        cover = inside * (0.25 + 0.75 * opening)
        self.shade[part] += cover * (shade + 0.35 * self.shade[part] - self.shade[part])
        self.cool[part] += cover * (self.rng.normal(0, 0.35) - self.cool[part])
        self.angle[part] = np.where(
            inside, plane.axis + self.rng.choice((0, np.pi / 2)), self.angle[part]
        )
        border = np.minimum((1 - np.abs(across)) * plane.wide, (1 - np.abs(along)) * plane.long)
        contour = smoothstep(0.0045, 0.0012, border) * (0.35 + 0.65 * opening) * inside
        dark = sign * across < 0
        strength = self.rng.uniform(0.2, 0.9)
        kept = self.edge[part] * (1 - 0.8 * inside * opening)
        self.edge[part] = np.maximum(kept, contour * strength * np.where(dark, 1, 0.35))

    def coloured(self, motif: Motif) -> Array:
        """Return the colours: ochre, grey or blue ramps at the tone of motif and facet."""
        tone = 0.50 + 0.78 * (motif.tone - 0.5) + 1.55 * self.shade
        grey, ochre, blue = ramp(GREYS, tone), ramp(OCHRES, tone), ramp(BLUES, tone)
        middle = np.exp(-(((self.x - 0.62) / 0.50) ** 2) - ((self.y - 0.55) / 0.42) ** 2)
        warm = smoothstep(0.25, 0.85, motif.warm + 0.30 * middle + 0.45 * self.cool)
        cold = smoothstep(0.15, 0.55, -self.cool + 0.35 * (0.4 - motif.warm) + 0.2 * (1 - middle))
        colour = mix(mix(grey, blue, 0.85 * cold), ochre, warm)
        return mix(colour, 0.5 * colour, 0.5 * self.edge)


# ------------------------------------------------------------------ the paint


def dab(
    canvas: Canvas, study: Study, size: tuple[float, float, float, float], scale: float
) -> None:
    """Cover the canvas with short strokes of one size, in random order."""
    width, length, step, jitter = size
    rng, (height, across) = canvas.rng, study.angle.shape
    colours = blur(study.colour, 0.14 * width * scale, 0.14 * width * scale)
    step *= scale
    grid = np.meshgrid(np.arange(0, across + step, step), np.arange(0, height + step, step))
    starts = np.stack([axis.ravel() for axis in grid], 1)
    starts += rng.uniform(-0.45 * step, 0.45 * step, starts.shape)
    rng.shuffle(starts)
    for start in starts:
        at = min(max(int(start[1]), 0), height - 1), min(max(int(start[0]), 0), across - 1)
        shift = rng.normal(0, jitter) + rng.normal(0, 0.25 * jitter, 3)
        first = np.clip(colours[at] + 0.7 * shift, 0, 1)
        second = np.clip(colours[at] * rng.uniform(0.85, 1.18), 0, 1)
        path = follow(
            study.angle, start, length * scale * rng.uniform(0.7, 1.2), rng.choice((-1, 1)), 6
        )
        wide = width * scale * rng.uniform(0.8, 1.15)
        left, top = np.maximum(path.min(0) - wide, 0).astype(int)
        right, bottom = (path.max(0) + wide).astype(int) + 2
        part = np.s_[top:bottom, left:right]
        before = canvas.colour[part].copy(), canvas.height[part].copy()
        canvas.stroke(path, wide, first, second)
        beyond = study.facet[part] != study.facet[at]  # no stroke leaves its plane
        canvas.colour[part][beyond] = before[0][beyond]
        canvas.height[part][beyond] = before[1][beyond]


def cubism(scale: float = SUPERSAMPLING, seed: int = 4) -> Array:
    """Return the painting, ``scale`` times as large as it is shown."""
    rng = np.random.default_rng(seed)
    study = Study(round(SIZE[0] * scale), round(SIZE[1] * scale), rng)
    canvas = Canvas(study.colour, rng)
    for size in DABS:
        dab(canvas, study, size, scale)
    canvas.colour = 0.58 * canvas.colour + 0.42 * study.colour.astype(np.float32)
    charcoal = np.maximum(study.line, 0.8 * study.edge)
    tooth = blurred_noise(rng, charcoal.shape, 0.9 * scale, 0.9 * scale)
    worn = fractal_noise(study.x * 9, study.y * 9, 3, 81)
    kept = charcoal * smoothstep(-2.3, -0.5, tooth + 2.2 * (worn - 0.35))
    canvas.colour = mix(canvas.colour, np.array((0.075, 0.066, 0.062)), 0.88 * kept)
    weave = (
        np.sin(2.1 / scale * np.arange(charcoal.shape[1]))
        * np.sin(2.1 / scale * np.arange(charcoal.shape[0]))[:, None]
    )
    canvas.height = 0.30 * canvas.height + 0.30 * weave.astype(np.float32)
    return canvas.lit()


if __name__ == "__main__":
    hang(__doc__, {"cubism": (cubism, SIZE)}, quality=84)
