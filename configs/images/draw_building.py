"""Draw a content picture of the examples: building.jpg, an old cathedral between town houses.

The front is a relief: a map of how far each point of the plan stands out, over which every pixel's
ray walks from the camera until it meets the stone (relief mapping: Policarpo, Oliveira and Comba,
I3D 2005). The same walk towards the sun gives the shadows. Every pixel is computed, with fixed
seeds.

Usage: python configs/images/draw_building.py [--out FOLDER]
"""

import numpy as np
from draw import Array, Integers, Mask, film, fractal_noise, lattice, mix, smoothstep
from easel import hang
from numpy.typing import NDArray

SIZE = (768, 576)  # width, height
SUPERSAMPLING = 2
DETAIL = 26.0  # texels of the plan per metre
LEFT, RIGHT, HIGH = -41.0, 42.0, 50.0  # edges of the plan, in metres; it begins at the ground
CAMERA = np.array((-11.0, 2.6, 62.0))  # right, up, towards the viewer
AIM = np.array((-0.6, 21.6))  # where the middle of the picture looks, on the plane z = 0
ZOOM = 0.86  # picture widths per unit of slope
SUN = np.array((-0.70, 0.52, 0.46)) / np.linalg.norm((-0.70, 0.52, 0.46))
SUNLIGHT = np.array((2.15, 1.68, 1.14))
SKYLIGHT = np.array((0.21, 0.27, 0.40))
FRONT = 12.0  # z of the plan's highest point, where rays start

STONE, TRIM, GLASS, TILE, PLASTER, WOOD, LEAD, SKY = range(8)
FAR = -60.0  # depth of the sky


class Plan:
    """A town's front seen straight on: where each texel's solid begins and ends, and its kind."""

    def __init__(self) -> None:
        columns, rows = round((RIGHT - LEFT) * DETAIL), round(HIGH * DETAIL)
        x = LEFT + (np.arange(columns) + 0.5) / DETAIL
        y = (np.arange(rows) + 0.5) / DETAIL
        self.x, self.y = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
        self.depth = np.full(self.x.shape, FAR, np.float32)
        self.back = np.full(self.x.shape, -np.inf, np.float32)
        self.kind = np.full(self.x.shape, SKY, np.uint8)
        self.tint = np.zeros(self.x.shape, np.uint8)

    def part(self, left: float, right: float, low: float, high: float) -> tuple[slice, slice]:
        """Return the texels between these edges."""
        rows = slice(max(round(low * DETAIL), 0), max(round(high * DETAIL), 0))
        columns = slice(
            max(round((left - LEFT) * DETAIL), 0), max(round((right - LEFT) * DETAIL), 0)
        )
        return rows, columns

    def put(
        self,
        box: tuple[float, float, float, float],
        inside: Mask,
        depth: Array | float,
        kind: int,
        thick: float = np.inf,
    ) -> None:
        """Set the texels of a box (left, right, low, high) that are inside."""
        part = self.part(*box)
        self.back[part] = np.where(inside, depth - thick, self.back[part])
        self.depth[part] = np.where(inside, depth, self.depth[part])
        self.kind[part] = np.where(inside, kind, self.kind[part])

    def local(self, box: tuple[float, float, float, float]) -> tuple[Array, Array]:
        """Return x and y of the texels of a box."""
        part = self.part(*box)
        return self.x[part], self.y[part]

    def block(
        self,
        left: float,
        right: float,
        low: float,
        high: float,
        depth: float,
        kind: int = STONE,
        thick: float = np.inf,
    ) -> None:
        """Set a rectangle."""
        box = (left, right, low, high)
        self.put(box, np.ones(self.local(box)[0].shape, bool), depth, kind, thick)

    def cornice(self, left: float, right: float, y: float, depth: float, high: float = 0.5) -> None:
        """Set a moulding that stands out in three steps above ``y``."""
        for step, out in enumerate((0.15, 0.32, 0.5)):
            low = y + high * step / 3
            self.block(left - out, right + out, low, low + high / 3, depth + out, TRIM)

    def arch(
        self, middle: float, low: float, spring: float, half: float, depth: float, kind: int
    ) -> None:
        """Set a pointed opening of half width ``half``, whose arch begins at ``spring``."""
        box = (middle - half, middle + half, low, spring + 1.8 * half)
        self.put(box, pointed(*self.local(box), middle, spring, half), depth, kind)

    def ring(
        self, middle: float, y: float, outer: float, inner: float, depth: float, kind: int
    ) -> None:
        """Set a round band."""
        box = (middle - outer, middle + outer, y - outer, y + outer)
        px, py = self.local(box)
        r = np.hypot(px - middle, py - y)
        self.put(box, (r <= outer) & (r >= inner), depth, kind)


def pointed(x: Array, y: Array, middle: float, spring: float, half: float) -> Mask:
    """Return where a pointed arch is: the meeting of two circles above a rectangle."""
    u = np.abs(x - middle)
    circle = np.hypot(u + 0.6 * half, np.maximum(y - spring, 0)) <= 1.6 * half
    inside: Mask = circle & (u <= half)
    return inside


# ------------------------------------------------------------------ the cathedral


def lancet(plan: Plan, middle: float, low: float, spring: float, half: float, wall: float) -> None:
    """Build a window of two lights under a pointed arch, in a stepped frame."""
    for step in range(4):
        size = half + 0.14 * (3 - step)
        plan.arch(middle, low - 0.14 * (3 - step), spring, size, wall + 0.16 - 0.22 * step, TRIM)
    plan.arch(middle, low, spring, half, wall - 1.0, GLASS)
    light = half * 0.46
    for side in (-1, 1):
        plan.arch(
            middle + side * half * 0.5, low, spring - 0.2 * half, light * 1.1, wall - 0.65, TRIM
        )
        plan.arch(
            middle + side * half * 0.5, low, spring - 0.2 * half, light * 0.85, wall - 1.0, GLASS
        )
    plan.ring(middle, spring + 0.75 * half, 0.42 * half, 0.27 * half, wall - 0.6, TRIM)
    plan.block(middle - 0.06, middle + 0.06, low, spring, wall - 0.6, TRIM)


def portal(plan: Plan, middle: float, half: float, spring: float, wall: float) -> None:
    """Build a deep doorway: a gable, receding arches on columns, a relief, two doors."""
    top = spring + 1.25 * half
    box = (middle - 1.5 * half, middle + 1.5 * half, 0.0, top + 2.4 * half)
    x, y = plan.local(box)
    gable = np.abs(x - middle) < (top + 2.0 * half - y) * 0.62
    plan.put(box, gable & (np.abs(x - middle) < 1.45 * half) & (y > 0), wall + 1.1, STONE)
    edge = np.abs(np.abs(x - middle) - (top + 2.0 * half - y) * 0.62) < 0.28
    plan.put(box, edge & (y > spring + 0.4 * half), wall + 1.5, TRIM)
    steps = 6
    for step in range(steps):
        size = half * (1.22 - 0.09 * step)
        plan.arch(middle, 0, spring, size, wall + 1.3 - 0.42 * step, TRIM)
        plan.arch(middle, 0, spring, size - 0.05 * half, wall + 1.08 - 0.42 * step, STONE)
        for side in (-1, 1):
            column = middle + side * size * 0.985
            plan.block(column - 0.11, column + 0.11, 0.8, spring, wall + 1.42 - 0.42 * step, TRIM)
            plan.block(
                column - 0.2, column + 0.2, spring - 0.4, spring, wall + 1.5 - 0.42 * step, TRIM
            )
    inner = half * 0.72
    plan.arch(middle, 0, spring, inner, wall - 1.4, TRIM)
    box = (middle - inner, middle + inner, spring, spring + 1.6 * inner)
    x, y = plan.local(box)
    figures = 0.25 * fractal_noise(x * 3.1, y * 2.2, 3, 401)
    plan.put(box, pointed(x, y, middle, spring, inner * 0.9), wall - 1.5 + figures, STONE)
    plan.block(middle - inner * 0.95, middle + inner * 0.95, 0, spring - 0.35, wall - 1.9, WOOD)
    plan.block(middle - 0.16, middle + 0.16, 0, spring - 0.2, wall - 1.5, TRIM)


def rose(plan: Plan, middle: float, y: float, radius: float, wall: float) -> None:
    """Build a wheel window: rings, twelve spokes, a circle of small arches and a heart."""
    for step in range(5):
        out = radius * (1.22 - 0.05 * step)
        plan.ring(middle, y, out, 0, wall + 0.35 - 0.28 * step, TRIM if step % 2 == 0 else STONE)
    box = (middle - radius, middle + radius, y - radius, y + radius)
    px, py = plan.local(box)
    r, angle = np.hypot(px - middle, py - y) / radius, np.arctan2(py - y, px - middle)
    plan.put(box, r < 1, wall - 1.3, GLASS)
    spoke = np.abs((angle * 12 / (2 * np.pi) + 0.5) % 1 - 0.5) * 2 * np.pi / 12 * r
    plan.put(box, (spoke < 0.022) & (r < 0.95) & (r > 0.2), wall - 0.85, TRIM)
    for count, at, size, thick in (
        (12, 0.80, 0.165, 0.040),
        (24, 0.955, 0.06, 0.02),
        (6, 0.17, 0.085, 0.03),
    ):
        turn = (angle + np.pi / count) % (2 * np.pi / count) - np.pi / count
        ring_ = np.abs(np.hypot(r * np.cos(turn) - at, r * np.sin(turn)) - size)
        plan.put(box, (ring_ < thick) & (r < 1), wall - 0.80, TRIM)
    for at, thick in ((0.30, 0.035), (0.60, 0.022), (1.0, 0.035)):
        plan.put(box, (np.abs(r - at) < thick) & (r <= 1), wall - 0.75, TRIM)


def tower(plan: Plan, middle: float, half: float, top: float) -> None:
    """Build one of the two towers: buttresses, three storeys of windows, a parapet."""
    plan.block(middle - half, middle + half, 0, top, 2.0)
    for side in (-1, 1):
        for low, out, wide in (
            (0.0, 3.6, 1.5),
            (11.0, 3.1, 1.25),
            (20.5, 2.75, 1.05),
            (31.0, 2.4, 0.8),
        ):
            edge = middle + side * half
            plan.block(
                min(edge, edge - side * wide), max(edge, edge - side * wide), low, top - 0.6, out
            )
            plan.block(
                min(edge, edge - side * wide) - 0.1,
                max(edge, edge - side * wide) + 0.1,
                low,
                low + 0.5,
                out + 0.15,
                TRIM,
            )
    lancet(plan, middle, 13.2, 16.6, 1.15, 2.0)
    for side in (-1, 1):
        lancet(plan, middle + side * 1.55, 23.0, 28.0, 0.85, 2.0)
        lancet(plan, middle + side * 1.55, 33.0, top - 5.6, 1.0, 2.0)
    for y in (11.0, 20.5, 31.0):
        plan.cornice(middle - half, middle + half, y, 2.5)
    plan.cornice(middle - half, middle + half, top - 0.7, 2.6, 0.8)
    for k in range(9):
        x = middle + (k - 4) * half / 4.1
        plan.block(x - 0.32, x + 0.32, top, top + 1.0, 2.7, TRIM, 0.6)
    for side in (-1, 1):
        pinnacle(plan, middle + side * (half - 0.5), top, 4.4, 2.9)


def pinnacle(plan: Plan, middle: float, low: float, high: float, depth: float) -> None:
    """Build a small spire with crockets."""
    plan.block(middle - 0.5, middle + 0.5, low, low + 1.4, depth, TRIM, 1.0)
    box = (middle - 0.9, middle + 0.9, low + 1.4, low + high)
    x, y = plan.local(box)
    t = (y - low - 1.4) / (high - 1.4)
    wide = 0.62 * (1 - t) + 0.10 * (np.sin(t * 32) > 0.3) + 0.03
    u = np.abs(x - middle)
    plan.put(box, u < wide, depth - 0.9 * u, TRIM, 1.0)


def gallery(plan: Plan, left: float, right: float, y: float, depth: float, count: int) -> None:
    """Build a row of niches with statues."""
    step = (right - left) / count
    plan.block(left, right, y, y + 3.4, depth)
    for k in range(count):
        middle = left + (k + 0.5) * step
        plan.arch(middle, y + 0.25, y + 2.3, 0.40 * step, depth - 0.75, STONE)
        box = (middle - 0.45, middle + 0.45, y + 0.25, y + 2.65)
        px, py = plan.local(box)
        v = (py - y - 0.25) / 2.3
        body = 0.24 + 0.07 * np.sin(7 * v + k) - 0.09 * smoothstep(0.55, 0.8, v)
        u = np.abs(px - middle)
        robe = (u < body) & (v < 0.84)
        plan.put(box, robe, depth - 0.65 + 0.55 * np.sqrt(np.maximum(1 - (u / body) ** 2, 0)), TRIM)
        head_ = np.hypot(u, py - y - 2.28)
        plan.put(box, head_ < 0.17, depth - 0.35, TRIM)
    plan.cornice(left, right, y + 3.2, depth, 0.45)


def cathedral(plan: Plan) -> None:
    """Build the front: nave with portal, gallery and rose between two towers."""
    plan.block(-5.4, 5.4, 0, 31.0, 0.6)
    box = (-6.0, 6.0, 31.0, 39.5)
    x, y = plan.local(box)
    plan.put(box, np.abs(x) < (38.6 - y) * 0.78, 0.3, STONE)
    plan.put(box, np.abs(np.abs(x) - (38.6 - y) * 0.78) < 0.35, 0.8, TRIM)
    tower(plan, -9.3, 4.4, 43.5)
    tower(plan, 9.3, 4.4, 43.5)
    rose(plan, 0, 23.8, 4.0, 0.6)
    gallery(plan, -4.9, 4.9, 13.2, 1.3, 7)
    plan.cornice(-5.0, 5.0, 17.6, 1.2)
    plan.cornice(-5.0, 5.0, 30.0, 1.0, 0.7)
    for k in range(11):
        plan.arch(-4.6 + 0.92 * k, 31.0, 32.2, 0.28, -0.3, STONE)
    plan.ring(0, 34.6, 1.0, 0.0, 0.6, TRIM)
    plan.ring(0, 34.6, 0.75, 0.0, -0.5, GLASS)
    portal(plan, 0, 3.1, 5.6, 0.6)
    portal(plan, -9.3, 2.1, 4.6, 2.0)
    portal(plan, 9.3, 2.1, 4.6, 2.0)
    for step in range(4):
        plan.block(-13.5, 13.5, 0, 0.22 * (4 - step), 4.0 + 0.5 * step, TRIM)
    pinnacle(plan, 0, 38.0, 3.6, 0.8)


# ------------------------------------------------------------------ the houses


def house(
    plan: Plan,
    left: float,
    right: float,
    eaves: float,
    ridge: float,
    depth: float,
    tint: int,
    rng: np.random.Generator,
) -> None:
    """Build a town house: plaster, framed windows with shutters, a tiled roof with dormers."""
    plan.block(left, right, 0, eaves, depth, PLASTER)
    plan.tint[plan.part(left, right, 0, eaves)] = tint
    plan.block(left, right, 0, 1.0, depth + 0.15, STONE)
    box = (left - 0.3, right + 0.3, eaves - 0.1, ridge)
    _, y = plan.local(box)
    slope = depth + 0.7 - (y - eaves) * 1.15
    plan.put(box, np.ones(y.shape, bool), slope, TILE)
    plan.tint[plan.part(*box)] = tint
    plan.block(left - 0.3, right + 0.3, eaves - 0.35, eaves - 0.1, depth + 0.8, WOOD)
    count = max(int((right - left) / 2.3), 1)
    floors = max(int((eaves - 3.6) / 3.0), 1)
    step = (right - left) / count
    for column in range(count):
        middle = left + (column + 0.5) * step
        for floor in range(floors):
            casement(plan, middle, 4.3 + 3.0 * floor, depth, rng.random() < 0.75, tint)
        if column % 2 == 0:
            plan.arch(middle, 0.2, 2.0, 0.75, depth + 0.18, TRIM)
            plan.arch(middle, 0.2, 2.0, 0.58, depth - 0.3, WOOD)
        else:
            casement(plan, middle, 1.3, depth, False, tint)
    for column in range(0, count, 2):
        middle, sill = left + (column + 0.9) * step, eaves + 0.8
        out = depth + 0.4
        plan.block(middle - 0.75, middle + 0.75, sill, sill + 1.5, out, PLASTER)
        plan.block(middle - 0.45, middle + 0.45, sill + 0.2, sill + 1.3, out - 0.25, GLASS)
        box = (middle - 1.1, middle + 1.1, sill + 1.4, sill + 2.5)
        x, y = plan.local(box)
        plan.put(box, np.abs(x - middle) < (sill + 2.5 - y), out + 0.3, TILE)
    chimney = left + rng.uniform(0.25, 0.75) * (right - left)
    at = depth + 1.4 - 1.15 * (ridge - eaves)
    plan.block(chimney - 0.5, chimney + 0.5, ridge - 0.5, ridge + 1.7, at, STONE, 1.0)
    plan.block(chimney - 0.62, chimney + 0.62, ridge + 1.4, ridge + 1.7, at + 0.1, TRIM, 1.2)


def casement(
    plan: Plan, middle: float, low: float, depth: float, shutters: bool, tint: int
) -> None:
    """Build a window with a stone frame, six panes and, perhaps, shutters."""
    half, high = 0.48, 1.65
    if shutters:
        for side in (-1, 1):
            at = middle + side * (half + 0.36)
            plan.block(at - 0.26, at + 0.26, low, low + high, depth + 0.1, LEAD)
            plan.tint[plan.part(at - 0.26, at + 0.26, low, low + high)] = tint
    plan.block(
        middle - half - 0.12, middle + half + 0.12, low - 0.1, low + high + 0.14, depth + 0.12, TRIM
    )
    plan.block(middle - half - 0.2, middle + half + 0.2, low - 0.2, low - 0.06, depth + 0.3, TRIM)
    plan.block(middle - half, middle + half, low, low + high, depth - 0.3, GLASS)
    plan.block(middle - 0.045, middle + 0.045, low, low + high, depth - 0.2, TRIM)
    for share in (0.36, 0.70):
        plan.block(
            middle - half,
            middle + half,
            low + share * high - 0.035,
            low + share * high + 0.035,
            depth - 0.2,
            TRIM,
        )


def town() -> Plan:
    """Return the plan of the whole square."""
    plan, rng = Plan(), np.random.default_rng(12)
    house(plan, -40.7, -33.8, 13.0, 18.6, 4.6, 5, rng)
    house(plan, -33.8, -27.2, 11.2, 16.6, 5.5, 0, rng)
    house(plan, -27.2, -20.6, 13.8, 19.5, 4.0, 1, rng)
    house(plan, -20.6, -14.0, 10.2, 15.6, 5.0, 2, rng)
    house(plan, 14.0, 20.8, 12.6, 18.4, 4.5, 3, rng)
    house(plan, 20.8, 27.6, 10.0, 15.4, 5.2, 4, rng)
    house(plan, 27.6, 35.0, 13.6, 19.6, 4.2, 5, rng)
    house(plan, 35.0, 41.6, 11.4, 16.8, 5.0, 1, rng)
    cathedral(plan)
    return plan


# ------------------------------------------------------------------ rays


def look_up(values: Array | NDArray[np.uint8], x: Array, y: Array, other: float) -> Array:
    """Return the plan's texels at points in metres, and ``other`` beside the plan."""
    column = ((x - LEFT) * DETAIL).astype(np.int32)
    row = (y * DETAIL).astype(np.int32)
    rows, columns = values.shape
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    picked = values[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)]
    return np.where(inside, picked, other)


def solid(plan: Plan, x: Array, y: Array, z: Array) -> Mask:
    """Return which points are inside the stone."""
    inside: Mask = look_up(plan.depth, x, y, FAR) >= z
    inside &= look_up(plan.back, x, y, FAR) <= z
    return inside


def meet(plan: Plan, slope_x: Array, slope_y: Array) -> tuple[Array, Array, Array, Mask]:
    """Return where rays from the camera meet the town: x, y, z and whether they do."""
    z = np.full(slope_x.shape, FRONT, np.float32)
    step, hit = 0.16, np.zeros(z.shape, bool)
    for _ in range(int((FRONT + 9) / step)):
        away = CAMERA[2] - z
        x, y = CAMERA[0] + slope_x * away, CAMERA[1] + slope_y * away
        hit |= solid(plan, x, y, z)
        z = np.where(hit, z, z - step)
    for _ in range(7):  # out in halves of the step, as long as it stays inside
        step /= 2
        away = CAMERA[2] - z - step
        x, y = CAMERA[0] + slope_x * away, CAMERA[1] + slope_y * away
        z = np.where(solid(plan, x, y, z + step), z + step, z)
    away = CAMERA[2] - z
    return CAMERA[0] + slope_x * away, CAMERA[1] + slope_y * away, z, hit


def sunlit(plan: Plan, x: Array, y: Array, z: Array) -> Array:
    """Return how much sun reaches points past the stone towards it, from 0 to 1."""
    lit = np.ones(x.shape, np.float32)
    for s in np.concatenate([np.linspace(0.05, 4, 44), np.linspace(4.2, 30, 60)]):
        at = x + SUN[0] * s, y + SUN[1] * s
        above = z + SUN[2] * s - look_up(plan.depth, *at, FAR)
        above = np.where(z + SUN[2] * s < look_up(plan.back, *at, FAR), 1.0, above)
        lit = np.minimum(lit, np.clip(0.5 + above / (0.02 * s + 0.02), 0, 1))
    return lit


def enclosure(plan: Plan) -> Array:
    """Return for each texel how open the sky is above it, from 0 to 1."""
    solid = np.maximum(plan.depth, -8)
    total = np.zeros_like(solid)
    for reach in (0.25, 0.7, 1.6, 3.2):
        step = round(reach * DETAIL)
        for rows, columns in (
            (0, step),
            (0, -step),
            (step, 0),
            (-step, 0),
            (step, step),
            (step, -step),
        ):
            rise = np.roll(solid, (-rows, -columns), (0, 1)) - solid
            total += np.clip(rise / reach, 0, 1.6)
    opening: Array = np.clip(1 - total / 22, 0.1, 1)
    return opening


# ------------------------------------------------------------------ materials


def masonry(u: Array, y: Array, course: float, long: float, seed: int) -> tuple[Array, Array]:
    """Return the shade of each stone, from 0 to 1, and how deep in a joint each point lies."""
    row = np.floor(y / course)
    along = (
        u / long
        + 0.5 * (row % 2)
        + 0.25 * lattice(row.astype(np.int64), row.astype(np.int64), seed)
    )
    column = np.floor(along)
    shade = lattice(column.astype(np.int64), row.astype(np.int64), seed + 1)
    across = np.abs(y / course - row - 0.5) * course
    beside = np.abs(along - column - 0.5) * long
    joint = smoothstep(0.035, 0.0, np.minimum(course / 2 - across, long / 2 - beside))
    return shade, joint


def stone(u: Array, y: Array) -> Array:
    """Return weathered limestone: courses, stains that run down, soot in the hollows."""
    shade, joint = masonry(u, y, 0.62, 1.25, 501)
    grain = fractal_noise(u * 5, y * 5, 4, 511)
    run = fractal_noise(u * 1.8, y * 0.16, 4, 521)
    colour = mix(
        np.array((0.40, 0.32, 0.225)), np.array((0.60, 0.51, 0.385)), 0.65 * shade + 0.35 * grain
    )
    colour = mix(colour, np.array((0.22, 0.19, 0.16)), 0.75 * smoothstep(0.48, 0.75, run))
    moss = smoothstep(0.55, 0.75, fractal_noise(u * 0.9, y * 0.9, 4, 531)) * smoothstep(9, 0, y)
    colour = mix(colour, np.array((0.20, 0.20, 0.11)), 0.5 * moss)
    return colour * (1 - 0.50 * joint)[:, None]


def tiles(u: Array, y: Array, tint: Integers) -> Array:
    """Return rows of rounded roof tiles, each with a colour of its own."""
    row = np.floor(y / 0.34)
    along = u / 0.30 + 0.5 * (row % 2)
    column = np.floor(along)
    luck = lattice(column.astype(np.int64), row.astype(np.int64), 541)
    across, beside = y / 0.34 - row, np.abs(along - column - 0.5)
    shade = smoothstep(0.0, 0.4, across - 0.35 * beside**2) * (1 - 1.1 * beside**2)
    reds = np.array(((0.33, 0.135, 0.080), (0.29, 0.12, 0.085), (0.36, 0.165, 0.095)))[tint % 3]
    colour = reds * (0.60 + 0.75 * luck)[:, None]
    lichen = smoothstep(0.5, 0.75, fractal_noise(u * 0.7, y * 0.7, 5, 551))
    colour = mix(colour, np.array((0.20, 0.17, 0.10)), 0.6 * lichen)
    covered: Array = colour * (0.42 + 0.68 * shade)[:, None]
    return covered


def plaster(u: Array, y: Array, tint: Integers) -> Array:
    """Return painted walls, worn near the ground."""
    paints = np.array(
        (
            (0.62, 0.43, 0.20),
            (0.56, 0.30, 0.20),
            (0.62, 0.56, 0.45),
            (0.50, 0.44, 0.32),
            (0.64, 0.46, 0.28),
            (0.46, 0.47, 0.42),
        )
    )
    worn = fractal_noise(u * 0.8, y * 0.5, 5, 561)
    colour = paints[tint % len(paints)] * (0.72 + 0.5 * worn)[:, None]
    damp = smoothstep(2.6, 0.6, y + 2 * (worn - 0.5))
    return mix(colour, np.array((0.28, 0.25, 0.21)), 0.55 * damp)


def glass(u: Array, y: Array, hall: Array) -> Array:
    """Return window glass: dark, with a bent piece of the sky in each pane."""
    column, row = np.floor(u / 0.31), np.floor(y / 0.42)
    luck = lattice(column.astype(np.int64), row.astype(np.int64), 571)
    bend = fractal_noise(u * 1.4, y * 1.4, 3, 573)
    sky_ = smoothstep(0.45, 0.95, 0.5 * luck + 0.7 * bend)
    colour = mix(np.array((0.012, 0.014, 0.020)), np.array((0.20, 0.27, 0.37)), sky_)
    hue = lattice(column.astype(np.int64), row.astype(np.int64), 577)
    stained = np.stack([smoothstep(0.4, 0.8, hue), 0.35 * luck, smoothstep(0.6, 0.2, hue)], 1)
    return mix(colour, 0.10 * stained, 0.55 * hall)


def albedo(kind: Integers, tint: Integers, u: Array, y: Array) -> Array:
    """Return how points reflect light, of shape (N, 3)."""
    rough = fractal_noise(u * 6, y * 6, 4, 581)
    trim = mix(np.array((0.42, 0.36, 0.27)), np.array((0.66, 0.58, 0.45)), rough)
    run = fractal_noise(u * 1.8, y * 0.16, 4, 521)
    trim = mix(trim, np.array((0.20, 0.175, 0.15)), 0.6 * smoothstep(0.5, 0.75, run))
    plank = 0.7 + 0.3 * np.abs(np.sin(u * 9))
    wood = np.array((0.16, 0.085, 0.045)) * (plank * (0.6 + 0.8 * rough))[:, None]
    slat = 0.7 + 0.3 * (np.sin(y * 42) > 0)
    greens = np.array(((0.09, 0.17, 0.13), (0.10, 0.14, 0.20), (0.22, 0.08, 0.06)))[tint % 3]
    shutter = greens * (slat * (0.7 + 0.6 * rough))[:, None]
    hall = (np.abs(u) < 14.0).astype(np.float32)
    table = np.stack(
        [
            stone(u, y),
            trim,
            glass(u, y, hall),
            tiles(u, y, tint),
            plaster(u, y, tint),
            wood,
            shutter,
            np.zeros_like(wood),
        ]
    )
    chosen: Array = table[kind, np.arange(len(kind))]
    return chosen


def sky(slope_x: Array, slope_y: Array) -> Array:
    """Return an afternoon sky with lit cumulus clouds."""
    up = np.clip(slope_y / 0.75, 0, 1)
    colour = mix(np.array((0.62, 0.72, 0.84)), np.array((0.10, 0.24, 0.52)), up**0.75)

    def bank(dx: float, dy: float) -> Array:
        x, y = 3.1 * (slope_x + dx) + 4.0, 5.2 * (slope_y + dy) + 1.0
        lumps = 1 - np.abs(2 * fractal_noise(2.2 * x, 2.2 * y, 5, 607) - 1)
        return 0.75 * fractal_noise(x, y, 7, 601, 0.52) + 0.25 * lumps

    thick = bank(0, 0)
    light = 0.45 + 6.5 * (thick - bank(-0.03, 0.03)) - 1.2 * np.maximum(thick - 0.66, 0)
    cloud = mix(np.array((0.46, 0.49, 0.58)), np.array((1.30, 1.18, 1.03)), np.clip(light, 0, 1))
    return mix(colour, cloud, 0.95 * smoothstep(0.48, 0.60, thick))


def pavement(x: Array, z: Array) -> Array:
    """Return wet cobbles in arcs: their albedo, of shape (N, 3)."""
    arc = np.hypot(x, z + 40)
    row = np.floor(arc / 0.55)
    along = np.arctan2(x, z + 40) * arc / 0.62 + 0.5 * (row % 2)
    column = np.floor(along)
    luck = lattice(column.astype(np.int64), row.astype(np.int64), 611)
    gap = np.maximum(np.abs(arc / 0.55 - row - 0.5), np.abs(along - column - 0.5))
    dome = smoothstep(0.5, 0.32, gap)
    patch = fractal_noise(x * 0.25, z * 0.25, 4, 613)
    colour = mix(
        np.array((0.17, 0.15, 0.13)), np.array((0.36, 0.32, 0.27)), 0.6 * luck + 0.4 * patch
    )
    return colour * (0.35 + 0.65 * dome)[:, None]


# ------------------------------------------------------------------ the picture


def square(plan: Plan, slope_x: Array, slope_y: Array) -> tuple[Array, Array]:
    """Return the light from the paving of the square, and where it lies."""
    rows = slope_y < -0.004
    away = CAMERA[1] / np.maximum(-slope_y, 1e-4)
    x, z = CAMERA[0] + slope_x * away, CAMERA[2] - away
    flat = rows & (z > -6)
    px, pz = x[flat], z[flat]
    lit = sunlit(plan, px, np.full_like(px, 0.02), pz)
    eaves = px + 0.55 * pz - 4 * np.floor(0.05 * pz) % 3  # houses beside the camera
    lit = lit * smoothstep(-1.5, 0.5, eaves + 9)
    light = lit[:, None] * SUNLIGHT * SUN[1] + SKYLIGHT * 0.9
    near = fractal_noise(px * 0.35, pz * 0.35, 4, 617)
    return pavement(px, pz) * light * (0.8 + 0.4 * near)[:, None], flat


def front(plan: Plan, x: Array, y: Array, z: Array) -> Array:
    """Return the light from points of the houses and the cathedral, of shape (N, 3)."""
    reach = 0.6 / DETAIL * 2
    right = look_up(plan.depth, x + reach, y, FAR) - look_up(plan.depth, x - reach, y, FAR)
    up = look_up(plan.depth, x, y + reach, FAR) - look_up(plan.depth, x, y - reach, FAR)
    normal = np.stack([-right.clip(-3, 3), -up.clip(-3, 3), np.full_like(x, 2 * reach)])
    side = z < look_up(plan.depth, x, y, FAR) - 0.10  # a wall that runs away from the viewer
    normal = np.where(side, np.sign(CAMERA[0] - x) * np.array((1, 0, 0))[:, None], normal)
    normal /= np.linalg.norm(normal, axis=0)
    kind = look_up(plan.kind, x, y, SKY).astype(np.int64)
    tint = look_up(plan.tint, x, y, 0).astype(np.int64)
    u = np.where(side, z, x)
    colour = albedo(kind, tint, u, y)
    bumps = 0.35 * (fractal_noise(u * 7, y * 7, 3, 621) - 0.5) * (kind != GLASS)
    facing = np.clip(SUN @ normal + bumps, 0, 1)
    lift = np.where(side, 0.18, 0.05)
    lit = sunlit(plan, x + lift * normal[0], y + lift * normal[1], z + lift * normal[2])
    open_ = look_up(enclosure(plan), x, y, 1.0)
    sky_ = open_ * (0.62 + 0.38 * normal[1])
    bounce = np.clip(0.5 - 0.5 * normal[1], 0, 1) * np.exp(-y / 14) * open_
    light = SUNLIGHT * (facing * lit)[:, None] + SKYLIGHT * sky_[:, None]
    light += np.array((0.34, 0.25, 0.16)) * bounce[:, None]
    seen: Array = colour * light
    return seen


def building(scale: int = SUPERSAMPLING) -> Array:
    """Return the picture, rendered ``scale`` times as large and averaged down."""
    width, height = SIZE[0] * scale, SIZE[1] * scale
    plan = town()
    middle = (AIM - CAMERA[:2]) / CAMERA[2]
    column = (np.arange(width) + 0.5 - width / 2) / (ZOOM * width) + middle[0]
    row = (height / 2 - np.arange(height) - 0.5) / (ZOOM * width) + middle[1]
    slope_x, slope_y = np.meshgrid(column.astype(np.float32), row.astype(np.float32))
    scene = sky(slope_x, slope_y)
    ground, flat = square(plan, slope_x, slope_y)
    scene[flat] = ground
    x, y, z, hit = meet(plan, slope_x, slope_y)
    hit &= y > 0
    scene[hit] = front(plan, x[hit], y[hit], z[hit])
    samples = np.minimum(scene, 4).reshape(SIZE[1], scale, SIZE[0], scale, 3)
    return film(samples.mean((1, 3)), np.random.default_rng(13))


if __name__ == "__main__":
    hang(__doc__, {"building": (building, SIZE)})
