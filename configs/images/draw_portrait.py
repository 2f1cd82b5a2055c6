"""Draw a content picture of the examples: portrait.jpg, a woman in the light of a window.

Her head is a solid of smoothly joined ellipsoids (sculpt.py) under one broad light; hair, brows and
lashes are strokes that follow its surface (strands.py). Every pixel is computed, with fixed seeds.

Usage: python configs/images/draw_portrait.py [--out FOLDER]
"""

from dataclasses import replace

import numpy as np
from draw import Array, Mask, blur, film, fractal_noise, mix, smoothstep
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

SIZE = (576, 768)  # width, height
SUPERSAMPLING = 1.5
TALL = 4.15  # units of the world from top to bottom; a head is 2.2
LEFT, TOP = -1.62, 1.62  # the window's corner
HEAD = turned(-0.34, 0.03, -0.05)
LIGHT = np.array((-0.66, 0.50, 0.56)) / np.linalg.norm((-0.66, 0.50, 0.56))
KEY = np.array((1.50, 1.30, 1.08))
FILL = np.array((0.215, 0.225, 0.255))
EYE = (0.305, 0.03, 0.60)  # of the head, with its mirror image
EYEBALL = 0.162
OPENING = (0.155, 0.056, 0.046)  # half the width, height above and below the middle
PARTING = 0.12  # x of the parting of the hair


# ------------------------------------------------------------------ the solids


def opening(q: Array) -> Array:
    """Return how far points of the folded head are outside the almond between the lids."""
    u = q[0] - EYE[0]
    v = q[1] - EYE[1] - 0.05 * u
    half, above, below = OPENING
    arch = 1 - (u / half) ** 2
    outside: Array = np.maximum(v - above * (arch + 0.25 * u / half * arch), -below * arch - v)
    return outside


def face(p: Array) -> Array:
    """Return the distance from the skin of the head."""
    q = mirrored(p)
    d = ellipsoid(p, (0, 0.33, -0.15), (0.76, 0.82, 0.95))
    d = join(d, ellipsoid(p, (0, -0.20, 0.12), (0.585, 0.80, 0.64)), 0.25)
    d = join(d, ellipsoid(p, (0, -0.62, 0.24), (0.43, 0.40, 0.47)), 0.22)
    d = join(d, ellipsoid(p, (0, -0.93, 0.55), (0.16, 0.13, 0.15)), 0.22)  # chin
    d = join(d, ellipsoid(q, (0.40, -0.17, 0.47), (0.19, 0.16, 0.20)), 0.22)  # cheekbones
    d = join(d, ellipsoid(q, (0.25, 0.205, 0.69), (0.22, 0.06, 0.09)), 0.16)  # brows
    d = carve(d, ellipsoid(q, (0.30, 0.03, 0.90), (0.17, 0.12, 0.16)), 0.16)  # sockets
    d = join(d, capsule(p, (0, 0.12, 0.735), (0, -0.27, 0.925), 0.075, 0.092), 0.16)  # nose
    d = join(d, ellipsoid(p, (0, -0.300, 0.955), (0.095, 0.082, 0.090)), 0.08)
    d = join(d, ellipsoid(q, (0.100, -0.330, 0.850), (0.062, 0.062, 0.090)), 0.07)
    d = carve(d, ellipsoid(q, (0.058, -0.390, 0.895), (0.030, 0.022, 0.045)), 0.025)  # nostrils
    d = join(d, ellipsoid(p, (0, -0.60, 0.60), (0.29, 0.24, 0.20)), 0.16)  # around the mouth
    d = carve(d, capsule(p, (0, -0.43, 0.89), (0, -0.52, 0.90), 0.018, 0.030), 0.06)  # philtrum
    d = join(d, capsule(q, (0.035, -0.560, 0.815), (0.19, -0.600, 0.715), 0.040, 0.016), 0.045)
    d = join(d, capsule(q, (0.0, -0.675, 0.790), (0.15, -0.635, 0.725), 0.056, 0.022), 0.045)
    d = carve(d, capsule(q, (0, -0.607, 0.900), (0.215, -0.612, 0.760), 0.026, 0.004), 0.035)
    d = carve(d, ellipsoid(p, (0, -0.78, 0.85), (0.16, 0.045, 0.10)), 0.12)  # above the chin
    lids = join(d, ellipsoid(q, EYE, (EYEBALL + 0.024,) * 3), 0.06)
    return carve(lids, np.maximum(opening(q), 0.5 - q[2]), 0.016)


def trunk(p: Array) -> Array:
    """Return the distance from neck and shoulders."""
    q = mirrored(p, 0.08)
    d = capsule(p, (0.02, -0.55, -0.22), (0, -1.75, -0.32), 0.37, 0.40)
    d = join(d, capsule(q, (0.36, -0.75, -0.15), (0.07, -1.55, 0.05), 0.06, 0.05), 0.20)  # tendons
    d = join(d, ellipsoid(p, (0, -2.65, -0.35), (1.30, 1.15, 0.66)), 0.30)
    d = join(d, capsule(q, (0.15, -1.50, -0.38), (1.20, -1.95, -0.40), 0.22, 0.30), 0.30)
    d = join(d, capsule(q, (1.22, -1.98, -0.40), (1.40, -3.20, -0.30), 0.30, 0.26), 0.15)
    return join(d, capsule(q, (0.10, -1.58, 0.06), (0.95, -1.66, -0.10), 0.03, 0.04), 0.24)


def skin(p: Array) -> Array:
    """Return the distance from all skin."""
    return join(face(HEAD @ p), trunk(p), 0.12)


def eyes(p: Array) -> Array:
    """Return the distance from the eyeballs."""
    return ellipsoid(mirrored(HEAD @ p), EYE, (EYEBALL,) * 3)


def hair(p: Array) -> Array:
    """Return the distance from the mass of the hair: a cap, and waves that fall to the chest."""
    p = HEAD @ p
    q = mirrored(p)
    wave = 0.035 * np.sin(5.5 * p[1] + 1.3 * np.sign(p[0])) * smoothstep(0.2, -0.5, p[1])
    q[0] += wave
    d = ellipsoid(p, (0, 0.38, -0.20), (0.88, 0.87, 1.04))
    d = carve(d, ellipsoid(p, (0.04, -0.14, 0.92), (0.615, 0.80, 0.74)), 0.10)
    d = join(d, capsule(q, (0.74, 0.25, -0.10), (0.80, -0.95, -0.12), 0.20, 0.26), 0.22)
    d = join(d, capsule(q, (0.80, -0.95, -0.12), (0.79, -1.50, 0.20), 0.26, 0.22), 0.20)
    d = join(d, capsule(q, (0.79, -1.50, 0.20), (0.71, -2.06, 0.36), 0.22, 0.16), 0.20)
    d = join(d, ellipsoid(p, (0, -0.60, -0.60), (0.86, 1.10, 0.42)), 0.25)
    return carve(d, capsule(p, (PARTING, 1.32, 0.7), (PARTING, 1.40, -0.6), 0.10, 0.10), 0.10)


def dress(p: Array) -> Array:
    """Return the distance from a dress with a wide neckline and folds."""
    x, y = p[0], p[1]
    fold = np.sin(
        7 * x + 3 * np.sin(2.1 * y + 1.5 * x) + 3 * np.sqrt(x * x + 0.2) * y
    ) * smoothstep(-1.5, -2.3, y)
    hem = ellipsoid(p, (0.0, -1.30, 0.10), (0.78, 0.66, 0.95))
    d = trunk(p) - 0.045 - 0.030 * fold - 0.02 * np.exp(-((hem / 0.04) ** 2))
    return carve(d, hem, 0.04)


PARTS = (skin, eyes, hair, dress)


def body(p: Array) -> Array:
    """Return the distance from all of her."""
    nearest: Array = np.minimum.reduce([part(p) for part in PARTS])
    return nearest


# ------------------------------------------------------------------ colour and light


def skin_colour(p: Array) -> Array:
    """Return the albedo of skin, of shape (N, 3): lips, warm cheeks, freckles."""
    q = HEAD @ p
    u = np.abs(q[0])
    mottle = fractal_noise(q[0] * 9 + 40, q[1] * 9 + 40, 4, 11)
    colour = mix(np.array((0.64, 0.375, 0.265)), np.array((0.75, 0.48, 0.36)), mottle)
    front = smoothstep(0.2, 0.5, q[2])
    warm = np.exp(-(((u - 0.40) / 0.20) ** 2) - ((q[1] + 0.27) / 0.17) ** 2)
    warm += 0.8 * np.exp(-((u / 0.10) ** 2) - ((q[1] + 0.31) / 0.09) ** 2)
    warm += 0.35 * np.exp(-((u / 0.15) ** 2) - ((q[1] + 0.95) / 0.1) ** 2)
    colour = mix(colour, np.array((0.68, 0.27, 0.20)), 0.42 * np.clip(warm, 0, 1) * front)
    socket = np.exp(-(((u - EYE[0]) / 0.22) ** 2) - ((q[1] - EYE[1] - 0.03) / 0.13) ** 2)
    colour = mix(colour, np.array((0.44, 0.23, 0.18)), 0.35 * socket * front)
    rim = smoothstep(0.030, 0.004, np.abs(opening(np.stack([u, q[1], q[2]])))) * front
    colour = mix(colour, np.array((0.30, 0.10, 0.08)), 0.65 * rim)
    above = (opening(np.stack([u, q[1], q[2]])) - 0.036) / 0.010
    crease = np.exp(-above * above) * (q[1] > EYE[1] + 0.02) * front
    colour = mix(colour, np.array((0.28, 0.12, 0.09)), 0.55 * crease)
    spots = smoothstep(0.72, 0.80, fractal_noise(q[0] * 38 + 9, q[1] * 38 + 9, 2, 21))
    colour = mix(colour, np.array((0.42, 0.21, 0.12)), 0.30 * spots * warm.clip(0, 1) * front)
    colour = mix(colour, np.array((0.50, 0.105, 0.095)), 0.82 * lips(q))
    seam = (q[1] + 0.622 - 0.008 * np.cos(22 * u)) / 0.0095
    parted = np.exp(-seam * seam) * smoothstep(0.235, 0.17, u) * (q[2] > 0.45)
    colour = mix(colour, np.array((0.10, 0.018, 0.018)), 0.85 * parted)
    above = 0.25 * lips(q) * smoothstep(-0.63, -0.60, q[1])  # the upper lip looks down
    return mix(colour, np.array((0.20, 0.04, 0.04)), above)


def lips(q: Array) -> Array:
    """Return where the lips are, from 0 to 1."""
    u = np.abs(q[0])
    t = np.clip(u / 0.235, 0, 1)
    upper = (
        -0.545 - 0.020 * np.exp(-((u / 0.035) ** 2)) + 0.010 * np.exp(-(((u - 0.06) / 0.04) ** 2))
    )
    upper -= 0.056 * t**2.2
    lower = -0.737 + 0.132 * t**2.4
    inside = np.minimum(np.minimum(upper - q[1], q[1] - lower), 0.2 * (0.225 - u))
    red: Array = smoothstep(-0.008, 0.014, inside) * (q[2] > 0.45)
    return red


def eye_colour(p: Array) -> Array:
    """Return the albedo of the eyes, which look at the viewer: white, iris, pupil."""
    q = HEAD @ p
    side = np.sign(q[0])
    centre = np.stack([side * EYE[0], np.full_like(side, EYE[1]), np.full_like(side, EYE[2])])
    look = HEAD @ np.array((-0.15, 0.02, 1.0), np.float32)
    look /= np.linalg.norm(look)
    out = (q - centre) / EYEBALL
    r = np.sqrt(np.maximum(1 - np.clip(look @ out, 0, 1) ** 2, 0))
    angle = np.arctan2(out[1] - look[1], out[0] - look[0])
    white = np.ones((p.shape[1], 3)) * np.array((0.60, 0.54, 0.50))
    corner = smoothstep(0.09, 0.155, np.abs(np.abs(q[0]) - EYE[0]))
    white = mix(white, np.array((0.55, 0.24, 0.19)), 0.6 * corner)
    spokes = fractal_noise(angle * 9 + 60, r * 4, 3, 5)
    iris = mix(np.array((0.10, 0.14, 0.10)), np.array((0.36, 0.40, 0.24)), spokes)
    iris = mix(iris, np.array((0.30, 0.17, 0.06)), smoothstep(0.34, 0.2, r))
    iris *= (0.35 + 0.65 * smoothstep(0.50, 0.40, r))[:, None]
    colour = mix(white, iris, smoothstep(0.53, 0.49, r))
    return mix(colour, np.array((0.008, 0.007, 0.007)), smoothstep(0.23, 0.19, r))


def dress_colour(p: Array) -> Array:
    """Return the albedo of the dress: a woven dark teal."""
    weave = fractal_noise(p[0] * 16, p[1] * 120, 2, 31) + fractal_noise(
        p[0] * 120, p[1] * 16, 2, 32
    )
    thread = 0.35 * weave * fractal_noise(p[0] * 5, p[1] * 5, 4, 33) + 0.12 * weave
    return mix(np.array((0.02, 0.085, 0.10)), np.array((0.05, 0.19, 0.20)), 2 * thread)


def shade(form: Relief, albedo: Array, wrap: Array, gloss: Array, sharp: Array) -> Array:
    """Return the light that the surface sends out, of shape (N, 3).

    ``wrap`` says how far each colour of the light creeps around an edge, as it does in skin.
    """
    facing = LIGHT @ form.normal
    around = np.clip((facing[:, None] + wrap) / (1 + wrap), 0, 1)
    lit = form.lit[:, None] ** (1 / (1 + 0.9 * wrap))
    half = LIGHT + np.array((0, 0, 1))
    shine = np.clip(half / np.linalg.norm(half) @ form.normal, 0, 1) ** sharp
    sky = 0.55 + 0.30 * form.normal[1] + 0.25 * form.normal[0]
    bounce = np.clip(0.5 - 0.6 * form.normal[1], 0, 1)[:, None] * np.array((0.10, 0.06, 0.04))
    edge = (1 - np.clip(form.normal[2], 0, 1)) ** 3
    rim = edge * np.clip(form.normal[0], 0, 1) * 0.30
    open_ = form.open[:, None] ** (1.3 - wrap)
    light = KEY * around * lit + (FILL * (sky + 2 * rim)[:, None] + bounce) * open_
    sheen = (gloss * shine * form.lit * (facing > 0))[:, None] * KEY
    out: Array = albedo * light + sheen
    return out


def backdrop(x: Array, y: Array) -> Array:
    """Return a wall that is lighter on the side of her shadow."""
    glow = np.exp(-(((x - 0.9) / 1.5) ** 2) - ((y + 0.2) / 1.9) ** 2)
    cloth = fractal_noise(x * 1.3 + 7, y * 1.3 + 3, 5, 41) + 0.3 * fractal_noise(
        x * 14, y * 14, 3, 43
    )
    wall = mix(np.array((0.025, 0.028, 0.027)), np.array((0.30, 0.265, 0.20)), glow)
    return wall * (0.55 + 0.75 * cloth)[..., None]


# ------------------------------------------------------------------ hair


def combed(p: Array, normal: Array) -> Array:
    """Return the direction of the hair on its surface, of shape (3, N), in the picture's axes."""
    q = HEAD @ p
    side = np.tanh((q[0] - PARTING) / 0.05)
    crown = smoothstep(0.35, 1.0, q[1])
    wave = 0.55 * np.sin(5.5 * q[1] + 1.3 * side + 2.0 * q[2]) * smoothstep(0.3, -0.4, q[1])
    front = smoothstep(0.25, 0.6, q[2]) * smoothstep(0.1, 0.5, q[1])
    flow = np.stack(
        [side * (0.15 + 0.9 * crown + 0.7 * front) + wave, 0.6 * front - 1, -0.9 * crown - 0.1]
    )
    flow = HEAD.T @ flow
    flow -= normal * np.sum(flow * normal, 0)
    unit: Array = flow / (np.linalg.norm(flow, axis=0) + 1e-6)
    return unit


def hair_light(form: Relief, flow: Array, streaks: Array) -> Array:
    """Return the light from hair that runs along ``flow``: it shines across the strands.

    Source: Kajiya and Kay, SIGGRAPH 1989.
    """
    half = LIGHT + np.array((0, 0, 1))
    half /= np.linalg.norm(half)
    bent = flow + (0.12 * streaks - 0.10) * form.normal
    bent /= np.linalg.norm(bent, axis=0)
    diffuse = np.sqrt(np.maximum(1 - (LIGHT @ flow) ** 2, 0))
    diffuse *= np.clip(0.45 + 0.60 * (LIGHT @ form.normal), 0, 1)
    across = np.sqrt(np.maximum(1 - (half @ bent) ** 2, 0))
    albedo = mix(
        np.array((0.020, 0.010, 0.006)), np.array((0.17, 0.080, 0.038)), 0.5 + 0.28 * streaks
    )
    light = KEY * (form.lit * diffuse)[:, None] + 1.5 * FILL * form.open[:, None] ** 1.5
    facing = smoothstep(-0.1, 0.5, LIGHT @ form.normal) * form.lit
    gloss = facing * (0.16 * across**60) * (1 + 0.5 * streaks)
    warm = facing * (0.14 * across**14)
    light = albedo * light * 1.25 + gloss.clip(0)[:, None] * np.array((1.0, 0.85, 0.65))
    out: Array = light + warm[:, None] * np.array((0.55, 0.24, 0.09))
    return out


def strands(rng: np.random.Generator, tone: Array, mask: Mask, flow: Array, scale: float) -> Array:
    """Return the picture in [0, 1] with single hairs over the mass of the hair and its edge."""
    soft = blur(mask.astype(np.float32), 2 * scale, 2 * scale)
    weight = np.maximum(soft, 1e-3)[..., None]
    flow = blur(flow * mask[..., None], 2 * scale, 2 * scale) / weight * (soft > 0.02)[..., None]
    ink = blur(tone * mask[..., None], 2 * scale, 2 * scale) / weight
    ink = np.where(mask[..., None], tone, ink)
    soft = np.where(soft > 0.1, np.minimum(1.2 * soft, 1), 0)
    rows, columns = np.nonzero(rng.random(mask.shape) < soft)
    for share, long, wide, opacity in ((0.02, 120, 2.6, 0.5), (0.02, 170, 1.3, 0.75)):
        chosen = rng.random(len(rows)) < share / scale
        roots = np.stack([columns[chosen], rows[chosen]], 1) + rng.random((chosen.sum(), 2))
        count = len(roots)
        base = sample(ink, roots[:, 0], roots[:, 1])
        bright = rng.normal(0, 1, count)
        colour = base * np.exp(0.28 * bright.clip(-2, 1.2))[:, None] + 0.01 * rng.standard_normal(
            (count, 3)
        )
        coat = Coat(
            length=long * scale / 2 * rng.uniform(0.4, 1.1, count),
            width=wide * scale / 2 * rng.uniform(0.6, 1.3, count),
            colour=colour,
            opacity=opacity * rng.uniform(0.5, 1, count),
            curl=0.02,
        )
        tone = draw_strands(tone, trace(flow, roots, coat, rng, 9), coat)
    return tone


def lash_paths(window: Window) -> tuple[Array, Array, Array]:
    """Return roots and tips of lashes and hairs of the brows, in pixels, and their widths."""
    rng = np.random.default_rng(3)
    roots, tips, widths = [], [], []
    half, above, _ = OPENING
    for side in (-1, 1):
        for t in np.linspace(-0.92, 1.05, 70):
            u = half * t + rng.normal(0, 0.002)
            arch = max(1 - (u / half) ** 2, -0.06)
            v = above * arch * (1 + 0.25 * u / half) + 0.05 * u + 0.004
            long = (0.030 + 0.030 * max(t, 0)) * rng.uniform(0.7, 1.2)
            root = (EYE[0] + u, EYE[1] + v, EYE[2] + 0.178 * np.sqrt(max(1 - (u / 0.2) ** 2, 0)))
            tip = (root[0] + long * (0.25 + 0.7 * t), root[1] + long * 0.75, root[2] + 0.5 * long)
            roots.append((side * root[0], *root[1:]))
            tips.append((side * tip[0], *tip[1:]))
            widths.append(0.009)
        for t in rng.uniform(0, 1, 300) ** 0.9:
            u = 0.10 + 0.40 * t
            thick = 0.024 * (1 - 0.75 * t**1.6) * min(0.45 + 3 * t, 1)
            arch = 0.215 + 0.105 * np.sin(np.pi * (0.06 + 0.70 * t)) - 0.085 * t**3
            v = arch - 0.02 + rng.uniform(-1, 1) * thick
            away = 0.79 - 0.42 * u**1.7
            long = rng.uniform(0.06, 0.10) * (1 - 0.3 * t)
            angle = 1.15 - 1.25 * min(t * 1.6, 1) + rng.normal(0, 0.14)
            roots.append((side * u, v, away))
            tips.append((side * (u + long * np.cos(angle)), v + 0.55 * long * np.sin(angle), away))
            widths.append(0.0065)
    ends = []
    for points in (roots, tips):
        world = HEAD.T @ np.array(points, np.float32).T
        ends.append(
            np.stack(
                [(world[0] - window.left) * window.unit, (window.top - world[1]) * window.unit], 1
            )
        )
    return ends[0], ends[1], np.array(widths) * window.unit


def lashes(window: Window, tone: Array) -> Array:
    """Return the picture in [0, 1] with lashes and brows."""
    rng = np.random.default_rng(4)
    roots, tips, widths = lash_paths(window)
    t = np.linspace(0, 1, 6)[None, :, None]
    paths = roots[:, None] + (tips - roots)[:, None] * t
    base = sample(tone, roots[:, 0], roots[:, 1])
    colour = base * np.array((0.38, 0.25, 0.18))
    opacity = rng.uniform(0.25, 0.6, len(roots))
    coat = Coat(np.ones(len(roots)), widths, colour, opacity, 0)
    return draw_strands(tone, paths, coat)


def catchlights(window: Window, tone: Array) -> Array:
    """Return the picture in [0, 1] with the window mirrored in both eyes."""
    x, y = window.grid()
    for side in (-1, 1):
        centre = HEAD.T @ np.array((side * EYE[0], EYE[1], EYE[2]), np.float32)
        u = (x - centre[0] + 0.010 + 0.025) / 0.017
        v = (y - centre[1] - 0.030) / 0.021
        spot = smoothstep(1.3, 0.7, np.maximum(np.abs(u + 0.1 * v), np.abs(v - 0.1 * u)))
        tone = mix(tone, np.array((0.97, 0.98, 1.0)), 0.92 * spot)
        u, v = (x - centre[0] - 0.03) / 0.022, (y - centre[1] + 0.035) / 0.014
        tone = mix(tone, np.array((0.62, 0.60, 0.50)), 0.35 * np.exp(-(u * u) - v * v))
    return tone


# ------------------------------------------------------------------ the picture


def portrait(scale: float = SUPERSAMPLING) -> Array:
    """Return the portrait, ``scale`` times as large as it is shown."""
    width, height = round(SIZE[0] * scale), round(SIZE[1] * scale)
    window = Window(width, height, LEFT, TOP, height / TALL, 1.6, -1.4)
    form = relief(body, window, LIGHT.astype(np.float32), 0.10, 0.45)
    distances = np.stack([evaluate(part, form.point) for part in PARTS])
    part = distances.argmin(0)
    p, rng = form.point, np.random.default_rng(5)

    albedo = np.choose(
        part[:, None], [f(p) for f in (skin_colour, eye_colour, skin_colour, dress_colour)]
    )
    wrap = np.array(((0.26, 0.17, 0.13), (0.2, 0.2, 0.2), (0, 0, 0), (0.05, 0.05, 0.05)))[part]
    pores = fractal_noise(p[0] * 90, p[1] * 90, 2, 51)
    wet = lips(HEAD @ p) * (part == 0)
    gloss = np.array((0.055, 0.02, 0.0, 0.020))[part] * (0.5 + pores) + 0.10 * wet
    sharp = np.array((16.0, 60.0, 1.0, 7.0))[part] + 24 * wet
    bumps = (
        0.05
        * (part == 0)
        * (np.stack([fractal_noise(p[0] * 75, p[1] * 75, 3, s) for s in (61, 67, 73)]) - 0.5)
    )
    form = replace(form, normal=form.normal + bumps)
    light = shade(form, albedo, wrap, gloss, sharp)

    direction = combed(p, form.normal)
    flow = form.image(np.stack([direction[0], -direction[1]], 1))
    noise = blur(rng.standard_normal(form.seen.shape), 0.8 * scale, 0.8 * scale)
    noise = noise / noise.std() + 0.5 * rng.standard_normal(noise.shape)
    is_hair = part == 2
    mask = form.image(is_hair.astype(np.float32)) > 0.5
    unit_flow = flow / (np.linalg.norm(flow, axis=2, keepdims=True) + 1e-6)
    streaks = smear(noise, unit_flow * mask[..., None], round(26 * scale), 1.0)[form.seen]
    light = np.where(is_hair[:, None], hair_light(form, direction, streaks.clip(-2, 2)), light)

    x, y = window.grid()
    scene = backdrop(x, y)
    scene[form.seen] = light
    tone = film(scene, rng)
    tone = strands(rng, tone, mask, flow, scale)
    return catchlights(window, lashes(window, tone))


if __name__ == "__main__":
    hang(__doc__, {"portrait": (portrait, SIZE)})
