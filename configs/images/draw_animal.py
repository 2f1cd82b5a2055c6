"""Draw a content picture of the examples: animal.jpg, a fox at the edge of a wood.

Its head is a solid of smoothly joined ellipsoids (sculpt.py), its coat tens of thousands of strokes
(strands.py) that run away from the nose. Every pixel is computed, with fixed seeds.

Usage: python configs/images/draw_animal.py [--out FOLDER]
"""

import numpy as np
from draw import Array, blur, film, fractal_noise, mix, smoothstep
from easel import hang
from sculpt import (
    Relief,
    Window,
    capsule,
    carve,
    ellipsoid,
    evaluate,
    join,
    mirrored,
    relief,
    turned,
)
from strands import Coat, draw_strands, sample, smear, trace

SIZE = (768, 640)  # width, height
SUPERSAMPLING = 1.5
TALL = 3.55  # units of the world from top to bottom; a head without its ears is 1.3
LEFT, TOP = -2.25, 1.78  # the window's corner
HEAD = turned(0.60, 0.06, 0.05)
LIGHT = np.array((-0.62, 0.62, 0.48)) / np.linalg.norm((-0.62, 0.62, 0.48))
KEY = np.array((1.30, 1.14, 0.92))
FILL = np.array((0.19, 0.24, 0.25))
EYE = (0.325, 0.085, 0.545)  # of the head, with its mirror image
EYEBALL = 0.15
NOSE = (0.0, -0.245, 1.36)
RUSSET, RUST = (0.56, 0.200, 0.055), (0.36, 0.105, 0.028)
CREAM, SOOT = (0.74, 0.68, 0.58), (0.022, 0.017, 0.015)


# ------------------------------------------------------------------ the solids


def opening(q: Array) -> Array:
    """Return how far points of the folded head are outside the slit of the eye."""
    u, v = q[0] - EYE[0], q[1] - EYE[1]
    u, v = 0.90 * u + 0.43 * v, -0.43 * u + 0.90 * v  # the outer corner is higher
    arch = 1 - (u / 0.15) ** 2
    outside: Array = np.maximum(v - 0.072 * arch, -0.066 * arch - v)
    return outside


def ears(q: Array) -> Array:
    """Return the distance of the folded head from the ears: hollow cones."""
    flat = np.stack([q[0], q[1], 1.7 * (q[2] + 0.08)])
    d = capsule(flat, (0.46, 0.38, 0), (0.74, 1.20, -0.1), 0.36, 0.04)
    return carve(d, capsule(flat, (0.44, 0.46, 0.30), (0.72, 1.07, 0.00), 0.25, 0.04), 0.04)


def head(p: Array) -> Array:
    """Return the distance from the furry parts of the head."""
    q = mirrored(p)
    d = ellipsoid(p, (0, 0.05, 0.0), (0.70, 0.60, 0.70))
    d = join(d, ellipsoid(q, (0.45, -0.24, 0.08), (0.44, 0.33, 0.38)), 0.25)  # cheeks
    d = join(d, ellipsoid(q, (0.26, 0.20, 0.46), (0.20, 0.13, 0.18)), 0.15)  # brows
    d = join(d, capsule(p, (0, -0.06, 0.45), (0, -0.235, 1.22), 0.29, 0.125), 0.22)  # snout
    d = join(d, ellipsoid(q, (0.10, -0.30, 1.02), (0.11, 0.10, 0.20)), 0.12)  # its lips
    d = np.minimum(d, capsule(p, (0, -0.34, 0.40), (0, -0.425, 1.06), 0.20, 0.07))  # jaw
    d = join(d, ears(q), 0.12)
    d = carve(d, ellipsoid(q, (0.30, 0.06, 0.80), (0.12, 0.11, 0.14)), 0.12)
    d = join(d, ellipsoid(q, EYE, (EYEBALL + 0.022,) * 3), 0.05)
    return carve(d, np.maximum(opening(q), 0.35 - q[2]), 0.015)


def trunk(p: Array) -> Array:
    """Return the distance from neck, chest and back."""
    d = capsule(p, (-0.02, -0.30, -0.45), (-0.12, -1.70, -0.75), 0.60, 0.86)
    d = join(d, ellipsoid(p, (-0.10, -1.75, -0.45), (0.80, 1.00, 0.66)), 0.30)
    d = join(d, capsule(p, (-0.55, -1.35, -1.0), (-1.75, -1.75, -1.9), 0.70, 0.85), 0.35)
    return join(d, ellipsoid(p, (-0.75, -1.95, -0.65), (0.45, 0.75, 0.5)), 0.25)  # shoulder


def coat(p: Array) -> Array:
    """Return the distance from all fur."""
    return join(head(HEAD @ p), trunk(p), 0.18)


def eyes(p: Array) -> Array:
    """Return the distance from the eyeballs."""
    return ellipsoid(mirrored(HEAD @ p), EYE, (EYEBALL,) * 3)


def nose(p: Array) -> Array:
    """Return the distance from the bare tip of the nose, with its nostrils."""
    p = HEAD @ p
    q = mirrored(p)
    d = ellipsoid(p, NOSE, (0.135, 0.105, 0.095))
    d = join(d, ellipsoid(p, (0, -0.305, 1.35), (0.05, 0.07, 0.06)), 0.05)
    return carve(d, ellipsoid(q, (0.062, -0.262, 1.425), (0.028, 0.024, 0.05)), 0.03)


PARTS = (coat, eyes, nose)


def body(p: Array) -> Array:
    """Return the distance from all of the fox."""
    nearest: Array = np.minimum.reduce([part(p) for part in PARTS])
    return nearest


# ------------------------------------------------------------------ the coat


def on_head(p: Array) -> Array:
    """Return from 0 to 1 how much points belong to the head."""
    return smoothstep(-0.04, 0.10, trunk(p) - head(HEAD @ p))


def on_ears(q: Array) -> Array:
    """Return from 0 to 1 how much points of the folded head belong to the ears."""
    return smoothstep(0.06, 0.0, ears(q)) * smoothstep(0.46, 0.62, q[1])


def lying(p: Array, normal: Array) -> Array:
    """Return the direction of the fur on the surface, of shape (3, N), in the picture's axes."""
    q = HEAD @ p
    u = np.abs(q[0])
    away = q - np.array((0, -0.20, 1.45), np.float32)[:, None]
    away /= np.linalg.norm(away, axis=0)
    cheek = smoothstep(0.25, 0.7, u) * smoothstep(0.15, -0.25, q[1])
    away[1] -= 0.55 * cheek
    ear = on_ears(mirrored(q))
    up = np.stack([0.28 * np.sign(q[0]), np.ones_like(u), -0.1 + 0 * u])
    flow = HEAD.T @ (away + (up - away) * ear)
    down = np.stack([0.35 * p[0] + 0.1 - 0.5 * smoothstep(-0.5, -1.3, p[0]), -1 + 0 * u, 0 * u])
    down += 0.35 * np.stack(
        [fractal_noise(p[0] * 3 + s, p[1] * 3, 2, 60 + s) - 0.5 for s in range(3)]
    )
    flow = down + (flow - down) * on_head(p)
    flow -= normal * np.sum(flow * normal, 0)
    unit: Array = flow / (np.linalg.norm(flow, axis=0) + 1e-6)
    return unit


def coat_colour(p: Array) -> Array:
    """Return the albedo of the fur, of shape (N, 3)."""
    q = HEAD @ p
    u = np.sqrt(q[0] ** 2 + 0.0004)
    fuzz = 0.10 * (fractal_noise(p[0] * 11, p[1] * 11, 3, 71) - 0.5)
    patch = fractal_noise(p[0] * 2.6, p[1] * 2.6, 4, 73)
    colour = mix(
        np.array(RUST), np.array(RUSSET), smoothstep(0.2, 0.75, patch + 0.3 * (p[1] + 0.4))
    )
    brow = np.exp(-(((u - 0.20) / 0.10) ** 2) - ((q[1] - 0.27) / 0.10) ** 2) * (q[2] > 0.2)
    colour = mix(colour, np.array((0.68, 0.36, 0.13)), 0.5 * brow)
    bridge = smoothstep(0.14, 0.05, u) * smoothstep(0.5, 0.7, q[2])
    colour = mix(colour, np.array((0.33, 0.11, 0.04)), 0.5 * bridge)
    snout = smoothstep(0.55, 0.9, q[2])
    border = -0.13 - 0.10 * snout + 0.22 * np.exp(-(((u - 0.60) / 0.22) ** 2)) * (1 - snout)
    border -= 0.26 * smoothstep(0.2, 0.0, u) * (1 - snout)
    white = smoothstep(0.05, -0.05, q[1] - border + fuzz)
    streak = np.exp(-(((u - 0.21 + 0.12 * (q[2] - 0.6)) / 0.045) ** 2))
    streak *= smoothstep(0.50, 0.66, q[2]) * smoothstep(1.15, 0.85, q[2]) * (q[1] < 0.08)
    head_ = mix(colour, np.array(CREAM), white)
    head_ = mix(
        head_, np.array((0.10, 0.045, 0.02)), 0.75 * streak * smoothstep(-0.28, -0.15, q[1])
    )
    ear = on_ears(mirrored(q))
    fold = mirrored(q)
    axis = 0.46 + 0.34 * (q[1] - 0.38)  # x of the middle of the ear
    wide = 0.31 * (1.19 - q[1]).clip(0.02)
    hollow = (np.abs(fold[0] - axis) < wide) & (q[2] > -0.14)
    facing = smoothstep(0.9, 0.2, np.abs(fold[0] - axis) / wide)
    inner = mix(np.array((0.55, 0.46, 0.36)), np.array((0.20, 0.115, 0.085)), facing)
    rim = smoothstep(0.88, 1.12, q[1])
    outer = mix(colour, np.array(SOOT), np.clip(rim + 0.55 * smoothstep(0.60, 0.75, u), 0, 1))
    head_ = mix(head_, np.where(hollow[:, None], inner, outer), ear)
    slit = opening(mirrored(q))
    lined = smoothstep(0.045, 0.012, slit) * (q[2] > 0.3)
    head_ = mix(head_, np.array(SOOT), 0.93 * lined)
    tip = smoothstep(0.20, 0.12, np.linalg.norm(q - np.array(NOSE)[:, None], axis=0))
    head_ = mix(head_, np.array((0.12, 0.08, 0.06)), 0.6 * tip)
    bib = np.abs(p[0] - 0.10 + 0.02 * p[1]) - 0.50 + 0.20 * smoothstep(-1.0, -1.9, p[1]) + 2 * fuzz
    chest = mix(colour, np.array(CREAM), smoothstep(0.10, -0.10, bib))
    return mix(chest, head_, on_head(p))


def fur_length(p: Array) -> Array:
    """Return how long the fur is, in units."""
    q = HEAD @ p
    u = np.abs(q[0])
    long = 0.10 + 0.20 * smoothstep(0.35, 0.85, u) * smoothstep(0.25, -0.2, q[1])
    long *= 1 - 0.60 * smoothstep(0.35, 0.85, q[2])
    long += (0.10 - long) * on_ears(mirrored(q))
    near_eye = smoothstep(0.14, 0.02, opening(mirrored(q))) * (q[2] > 0.3)
    long *= 1 - 0.65 * near_eye
    return 0.28 + (long - 0.28) * on_head(p)


def fur_light(form: Relief, flow: Array, albedo: Array, streaks: Array) -> Array:
    """Return the light from fur: soft, with a shine across the hairs."""
    facing = LIGHT @ form.normal
    diffuse = np.clip((facing + 0.30) / 1.30, 0, 1) * np.sqrt(1 - 0.5 * (LIGHT @ flow) ** 2)
    half = LIGHT + np.array((0, 0, 1))
    half /= np.linalg.norm(half)
    across = np.sqrt(np.maximum(1 - (half @ flow) ** 2, 0)) ** 24
    rim = (1 - np.clip(form.normal[2], 0, 1)) ** 2.5 * np.clip(
        form.normal[1] - form.normal[0], 0, 1
    )
    sky = 0.6 + 0.4 * form.normal[1]
    clump = np.exp(0.26 * streaks)
    light = KEY * (diffuse * form.lit * clump)[:, None]
    light += FILL * (sky * form.open**1.3 * clump + 1.6 * rim * form.open)[:, None]
    out: Array = albedo * light + (0.035 * across * form.lit * diffuse)[:, None] * KEY
    return out


# ------------------------------------------------------------------ eyes, nose, whiskers


def eye_light(form: Relief) -> Array:
    """Return the light from amber eyes with upright pupils."""
    q = HEAD @ form.point
    side = np.sign(q[0])
    centre = np.stack([side * EYE[0], np.full_like(side, EYE[1]), np.full_like(side, EYE[2])])
    look = HEAD @ np.array((0.10, -0.02, 1.0), np.float32)
    look /= np.linalg.norm(look)
    out = (q - centre) / EYEBALL
    u, v = out[0] - look[0], out[1] - look[1]
    r = np.hypot(u, v)
    spokes = fractal_noise(np.arctan2(v, u) * 10 + 50, r * 4, 3, 15)
    iris = mix(np.array((0.22, 0.075, 0.008)), np.array((0.80, 0.36, 0.045)), spokes)
    iris = mix(np.array((0.16, 0.06, 0.01)), iris, smoothstep(0.78, 0.50, r))
    colour = mix(iris, np.array((0.03, 0.02, 0.015)), smoothstep(0.80, 0.90, r))
    pupil = np.hypot(u / 0.19, v / 0.36)
    colour = mix(colour, np.array((0.004, 0.004, 0.004)), smoothstep(1.1, 0.85, pupil))
    lower = 0.75 + 0.45 * smoothstep(0.2, -0.5, v + 0.5 * u)  # light caught by the far side
    light = KEY * (0.30 + 0.70 * form.lit)[:, None] * 0.62 + 1.3 * FILL
    shaded: Array = colour * light * lower[:, None]
    return shaded


def nose_light(form: Relief) -> Array:
    """Return the light from a wet black nose."""
    grain = fractal_noise(form.point[0] * 70, form.point[1] * 70, 2, 17)
    normal = form.normal + 0.25 * (grain - 0.5)
    half = LIGHT + np.array((0, 0, 1))
    shine = np.clip(half / np.linalg.norm(half) @ normal, 0, 1)
    sky = np.clip(normal[1], 0, 1) ** 2
    out: Array = np.array(SOOT) * (KEY * form.lit[:, None] + FILL)
    seen: Array = out + (0.55 * shine**26 + 0.05 * sky)[:, None] * np.array((0.8, 0.9, 1.0))
    return seen


def projected(window: Window, points: Array) -> Array:
    """Return pixels (x, y), of shape (N, 2), of points of the head of shape (3, N)."""
    world = HEAD.T @ points
    x, y = (world[0] - window.left) * window.unit, (window.top - world[1]) * window.unit
    return np.stack([x, y], 1)


def whiskers(window: Window, tone: Array) -> Array:
    """Return the picture in [0, 1] with whiskers."""
    rng = np.random.default_rng(8)
    t = np.linspace(0, 1, 12)
    paths = []
    for side in (-1, 1):
        for row, column in np.ndindex(3, 3):
            root = np.array((side * 0.155, -0.25 - 0.035 * row, 1.05 - 0.07 * column))
            reach = rng.uniform(0.45, 0.95)
            sweep = np.array((side * reach, reach * (0.20 - 0.16 * row), -0.55 * reach))
            sag = -0.22 * reach * t**2.2
            points = root[:, None] + sweep[:, None] * t + np.stack([0 * t, sag, 0 * t])
            paths.append(projected(window, points.astype(np.float32)))
    strokes = np.array(paths, np.float32)
    count = len(strokes)
    ones = np.ones(count)
    coat_ = Coat(ones, 0.0075 * window.unit * ones, np.full((count, 3), 0.9), 0.65 * ones, 0)
    return draw_strands(tone, strokes, coat_)


def catchlights(window: Window, tone: Array) -> Array:
    """Return the picture in [0, 1] with the sky mirrored in both eyes."""
    x, y = window.grid()
    for side in (-1, 1):
        centre = HEAD.T @ np.array((side * EYE[0], EYE[1], EYE[2] + EYEBALL), np.float32)
        u, v = (x - centre[0] + 0.035) / 0.024, (y - centre[1] - 0.035) / 0.020
        tone = mix(tone, np.array((0.95, 0.98, 1.0)), 0.95 * smoothstep(1.3, 0.8, np.hypot(u, v)))
    return tone


# ------------------------------------------------------------------ the wood


def bokeh(window: Window, rng: np.random.Generator) -> Array:
    """Return a wood far out of focus: trunks, leaves and discs of light."""
    x, y = window.grid()
    warm = smoothstep(-2.4, 1.6, x + 0.5 * y)
    scene = mix(np.array((0.30, 0.33, 0.10)), np.array((0.03, 0.055, 0.035)), warm)
    patches = fractal_noise(x * 0.8 + 5, y * 0.8, 4, 81)
    scene = scene * (0.35 + 1.3 * patches)[..., None]
    for place in rng.uniform(-2.6, 2.6, 9):
        wide = rng.uniform(0.06, 0.22)
        trunk_ = np.exp(-(((x - place - 0.06 * y) / wide) ** 2)) * smoothstep(-1.3, -0.4, y)
        scene = mix(scene, np.array((0.022, 0.022, 0.018)), 0.75 * trunk_)
    ground = smoothstep(-0.3, -1.5, y + 0.3 * (patches - 0.5))
    scene = mix(scene, np.array((0.16, 0.10, 0.03)) * (0.4 + 1.2 * patches)[..., None], ground)
    for _ in range(170):
        cx, cy, radius = rng.uniform(-2.4, 2.4), rng.uniform(-0.6, 1.9), rng.uniform(0.03, 0.13)
        r = np.hypot(x - cx, y - cy) / radius
        disc = smoothstep(1.05, 0.9, r) * (0.7 + 0.3 * r)
        tint = np.array(((0.9, 0.75, 0.25), (0.45, 0.6, 0.15), (0.9, 0.5, 0.15)))[rng.integers(3)]
        strength = rng.uniform(0.05, 0.62) * np.exp(-0.45 * (cx + 2.2))
        scene += strength * disc[..., None] * tint
    soft = 0.035 * window.unit
    margin = round(3 * soft)
    around = np.pad(scene, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    return blur(around, soft, soft)[margin:-margin, margin:-margin]


# ------------------------------------------------------------------ the picture


def strokes(
    form: Relief, window: Window, tone: Array, flow: Array, rng: np.random.Generator
) -> Array:
    """Return the picture in [0, 1] with the coat drawn hair by hair, the hindmost first."""
    fur = (
        form.image((evaluate(coat, form.point) < evaluate(eyes, form.point)).astype(np.float32)) > 0
    )
    fur &= form.image((evaluate(nose, form.point) > 0.012).astype(np.float32)) > 0
    long = form.image(fur_length(form.point)) * window.unit
    q = HEAD @ form.point
    rank = np.linalg.norm(q - np.array(NOSE)[:, None], axis=0) * on_head(form.point)
    rank += (2.2 - form.point[1]) * (1 - on_head(form.point))
    order = form.image(rank)
    rows, columns = np.nonzero(fur)
    density = 2.6 / np.maximum(long[rows, columns], 4) ** 1.32
    for wide, opacity, share, vary in ((0.016, 0.50, 0.5, 0.14), (0.0085, 0.70, 1.0, 0.29)):
        chosen = rng.random(len(rows)) < share * density * (0.0085 / wide)
        roots = np.stack([columns[chosen], rows[chosen]], 1) + rng.random((chosen.sum(), 2))
        nearest = sample(order, roots[:, 0], roots[:, 1]) + 0.02 * rng.standard_normal(len(roots))
        roots = roots[np.argsort(-nearest)]
        count, x, y = len(roots), roots[:, 0], roots[:, 1]
        bright = np.exp(vary * rng.normal(0.1, 1, count).clip(-2.2, 1.8))
        colour = sample(tone, x, y) * bright[:, None] + 0.012 * rng.standard_normal((count, 3))
        size = np.sqrt(sample(long, x, y) / (0.2 * window.unit)).clip(0.5, 1.3)
        hairs = Coat(
            length=sample(long, x, y) * rng.uniform(0.55, 1.2, count),
            width=wide * window.unit * size * rng.uniform(0.6, 1.3, count),
            colour=colour,
            opacity=opacity * rng.uniform(0.5, 1, count),
            curl=0.055,
            stray=0.7,
        )
        tone = draw_strands(tone, trace(flow, roots, hairs, rng, 6), hairs)
    return tone


def fox(scale: float = SUPERSAMPLING) -> Array:
    """Return the fox, ``scale`` times as large as it is shown."""
    width, height = round(SIZE[0] * scale), round(SIZE[1] * scale)
    window = Window(width, height, LEFT, TOP, height / TALL, 1.7, -3.0)
    form = relief(body, window, LIGHT.astype(np.float32), 0.14, 0.5)
    part = np.stack([evaluate(f, form.point) for f in PARTS]).argmin(0)
    rng = np.random.default_rng(9)

    direction = lying(form.point, form.normal)
    flow = form.image(np.stack([direction[0], -direction[1]], 1))
    unit = flow / (np.linalg.norm(flow, axis=2, keepdims=True) + 1e-6)
    noise = blur(rng.standard_normal(form.seen.shape), 1.1 * scale, 1.1 * scale)
    coarse = blur(rng.standard_normal(form.seen.shape), 3.5 * scale, 3.5 * scale)
    noise = noise / noise.std() + 1.2 * coarse / coarse.std()
    streaks = smear(noise, unit, round(9 * scale), 1.0)[form.seen].clip(-2.5, 2.5)
    light = fur_light(form, direction, coat_colour(form.point), streaks)
    light = np.where((part == 1)[:, None], eye_light(form), light)
    light = np.where((part == 2)[:, None], nose_light(form), light)

    scene = bokeh(window, rng)
    scene[form.seen] = light
    bare = film(scene, rng)
    tone = whiskers(window, strokes(form, window, bare, flow, rng))
    for number, cover in ((1, 0.75), (2, 0.95)):  # eyes and nose show through the fur around them
        organ = blur(form.image((part == number).astype(np.float32)), 0.7 * scale, 0.7 * scale)
        tone = mix(tone, bare, cover * organ)
    return catchlights(window, tone)


if __name__ == "__main__":
    hang(__doc__, {"animal": (fox, SIZE)})
