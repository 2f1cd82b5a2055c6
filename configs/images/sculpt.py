"""Solids given by distance functions, seen from the front: what the portrait and the animal use.

A field maps points, of shape (3, N), to their distances from a surface, negative inside. x points
to the right, y up and z towards the viewer; all rays are parallel to z. A ray is followed by the
distance that is surely free (sphere tracing: Hart, The Visual Computer 12, 1996).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from draw import Array, Mask

Field = Callable[[Array], Array]
Triple = Sequence[float]

CHUNK = 1 << 15  # points at a time, so that they stay in the cache
COARSE = 4  # pixels per ray of the first, coarse pass
TOUCH = 8e-4  # a ray ends this near to the surface


def ellipsoid(p: Array, centre: Triple, radii: Triple) -> Array:
    """Return about how far points are from an ellipsoid with axes along x, y and z."""
    q = (p - np.array(centre, np.float32)[:, None]) / np.array(radii, np.float32)[:, None]
    inner = np.sqrt(np.einsum("ij,ij->j", q, q))
    q /= np.array(radii, np.float32)[:, None]
    slope = np.sqrt(np.einsum("ij,ij->j", q, q))
    distance: Array = inner * (inner - 1) / np.maximum(slope, 1e-6)
    return distance


def capsule(p: Array, start: Triple, end: Triple, first: float, last: float) -> Array:
    """Return how far points are from a rod whose radius goes from ``first`` to ``last``."""
    a, d = np.array(start, np.float32), np.subtract(end, start).astype(np.float32)
    q = p - a[:, None]
    t = np.clip(d @ q / float(d @ d), 0, 1)
    q = q - d[:, None] * t
    distance: Array = np.sqrt(np.einsum("ij,ij->j", q, q)) - (first + (last - first) * t)
    return distance


def join(a: Array, b: Array, softness: float) -> Array:
    """Return the union of two solids with a fillet of about this size."""
    h = np.maximum(softness - np.abs(a - b), 0) / softness
    union: Array = np.minimum(a, b) - h * h * softness / 4
    return union


def carve(a: Array, b: Array, softness: float) -> Array:
    """Return solid ``a`` without solid ``b``, with an edge rounded to about this size."""
    return -join(-a, b, softness)


def mirrored(p: Array, softness: float = 0.02) -> Array:
    """Return points folded onto the side x > 0: what is built there appears on both sides.

    ``softness`` is the width of the fold, so that no crease shows in the middle.
    """
    return np.stack([np.sqrt(p[0] * p[0] + softness**2), p[1], p[2]])


def turned(yaw: float, pitch: float, roll: float) -> Array:
    """Return the matrix that takes points of the picture into a turned body; angles in radians."""
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    cr, sr = np.cos(roll), np.sin(roll)
    about_y = np.array(((cy, 0, -sy), (0, 1, 0), (sy, 0, cy)))
    about_x = np.array(((1, 0, 0), (0, cp, sp), (0, -sp, cp)))
    about_z = np.array(((cr, sr, 0), (-sr, cr, 0), (0, 0, 1)))
    matrix: Array = (about_z @ about_x @ about_y).astype(np.float32)
    return matrix


def evaluate(field: Field, p: Array) -> Array:
    """Return a field at many points, a piece at a time."""
    pieces = [field(p[:, i : i + CHUNK]) for i in range(0, p.shape[1], CHUNK)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


@dataclass(frozen=True)
class Window:
    """The part of the world that the picture shows.

    Args:
        width: Pixels across.
        height: Pixels down.
        left: x at the left edge.
        top: y at the upper edge.
        unit: Pixels per unit of length.
        near: z where rays start.
        far: z where they end.
    """

    width: int
    height: int
    left: float
    top: float
    unit: float
    near: float
    far: float

    def grid(self, step: int = 1) -> tuple[Array, Array]:
        """Return x and y of every ``step``-th pixel's centre."""
        column = np.arange(step / 2, self.width, step, dtype=np.float32)
        row = np.arange(step / 2, self.height, step, dtype=np.float32)
        x, y = np.meshgrid(self.left + column / self.unit, self.top - row / self.unit)
        return x, y


def follow_rays(field: Field, x: Array, y: Array, z: Array, far: float, steps: int) -> Array:
    """Return the z at which rays from ``z`` hit the surface, and -inf for those that miss it."""
    z = z.astype(np.float32).copy()
    hit = np.full(z.shape, -np.inf, np.float32)
    moving = np.arange(z.size)
    for _ in range(steps):
        distance = evaluate(field, np.stack([x[moving], y[moving], z[moving]]))
        touching = distance < TOUCH
        hit[moving[touching]] = z[moving[touching]]
        z[moving] -= 0.8 * distance
        moving = moving[~touching & (z[moving] > far)]
        if not moving.size:
            break
    return hit


def depth_map(field: Field, window: Window) -> Array:
    """Return z of the surface in each pixel, and -inf where there is none."""
    x, y = window.grid(COARSE)
    shape = x.shape
    start = np.full(x.size, window.near)
    coarse = follow_rays(
        lambda p: field(p) - 1.5 * COARSE / window.unit,  # thicker: no ray may slip past
        *(x.ravel(), y.ravel(), start, window.far, 90),
    ).reshape(shape)
    padded = np.pad(coarse, 1, mode="edge")
    nearest = np.max([padded[i : i + shape[0], j : j + shape[1]] for i, j in np.ndindex(3, 3)], 0)
    fine = np.repeat(np.repeat(nearest, COARSE, 0), COARSE, 1)[: window.height, : window.width]
    x, y = window.grid()
    seen = np.isfinite(fine)
    depth = np.full(x.shape, -np.inf, np.float32)
    begin = fine[seen] + 4 / window.unit
    depth[seen] = follow_rays(field, x[seen], y[seen], begin, window.far, 160)
    return depth


def normals(field: Field, p: Array, reach: float) -> Array:
    """Return unit vectors away from the surface at points on it, of shape (3, N)."""
    corners = np.array(((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)), np.float32)
    slope = np.zeros_like(p)
    for corner in corners:
        slope += corner[:, None] * evaluate(field, p + reach * corner[:, None])
    slope /= np.maximum(np.linalg.norm(slope, axis=0), 1e-9)
    return slope


def shadow(field: Field, p: Array, normal: Array, light: Array, softness: float) -> Array:
    """Return how much of a broad light reaches each point, from 0 to 1."""
    lit = np.ones(p.shape[1], np.float32)
    origin = p + 0.02 * normal
    for t in np.geomspace(0.03, 2.6, 22):
        distance = evaluate(field, origin + float(t) * light[:, None])
        lit = np.minimum(lit, 0.5 + distance / (softness * float(t)) / 2)
    lit = np.clip(lit, 0, 1)
    soft: Array = lit * lit * (3 - 2 * lit)
    return soft


def openness(field: Field, p: Array, normal: Array, reach: float) -> Array:
    """Return how open the surroundings of each point are, from 0 to 1."""
    closed = np.zeros(p.shape[1], np.float32)
    for share in (0.08, 0.2, 0.4, 0.7, 1.0):
        out = share * reach
        closed += np.maximum(out - evaluate(field, p + out * normal), 0) / out * (1 - 0.6 * share)
    opening: Array = np.clip(1 - 0.45 * closed, 0, 1)
    return opening


@dataclass(frozen=True)
class Relief:
    """A surface as the picture shows it: one value per pixel that it covers.

    Args:
        seen: Pixels that show the surface, of shape (H, W).
        point: Its points there, of shape (3, N).
        normal: Its normals, of shape (3, N).
        lit: Share of the key light, of shape (N,).
        open: Share of the surrounding light, of shape (N,).
    """

    seen: Mask
    point: Array
    normal: Array
    lit: Array
    open: Array

    def image(self, values: Array, other: float = 0.0) -> Array:
        """Return values of the covered pixels as a picture."""
        out = np.full((*self.seen.shape, *values.shape[1:]), other, np.float32)
        out[self.seen] = values
        return out


def relief(field: Field, window: Window, light: Array, softness: float, reach: float) -> Relief:
    """Trace a solid, in a light as soft as ``softness``; openness looks ``reach`` far."""
    depth = depth_map(field, window)
    seen = np.isfinite(depth)
    x, y = window.grid()
    point = np.stack([x[seen], y[seen], depth[seen]])
    normal = normals(field, point, 0.7 / window.unit)
    lit = shadow(field, point, normal, light, softness)
    return Relief(seen, point, normal, lit, openness(field, point, normal, reach))
