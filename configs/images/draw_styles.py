"""Draw two more style pictures of the examples: mosaic.jpg and hatching.jpg.

As in draw.py, every pixel is computed here, with fixed seeds. The mosaic has irregular tiles in
dark grout, whose colours change from zone to zone. The hatching is short ink lines on paper that
follow a flow and lie closer where it is dark.

Usage: python configs/images/draw_styles.py [--out FOLDER]
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Array = NDArray[np.floating]

JPEG_QUALITY = 90
SIZE = (640, 480)  # width, height

# The mosaic.
TILES = 1400
GROUT = (60.0, 57.0, 54.0)
GROUT_WIDTH = 2.2  # pixels
STONES = (
    (30, 60, 120),
    (200, 170, 80),
    (170, 60, 40),
    (230, 225, 210),
    (40, 110, 90),
    (90, 40, 80),
)
STONE_NOISE = 14.0  # deviation of a stone's colour, of 255

# The hatching.
SUPERSAMPLING = 2  # drawn pixels per picture pixel
LINES = 9000
PAPER = 245
SEGMENTS = 12  # of a line, each of SEGMENT pixels
SEGMENT = 4.0


def mosaic(generator: np.random.Generator) -> Image.Image:
    """Return tiles around random points, each in the colour of its zone."""
    width, height = SIZE
    across, down = generator.uniform(0, width, TILES), generator.uniform(0, height, TILES)
    rows, columns = np.mgrid[0:height, 0:width]
    nearest, second = np.full((2, height, width), np.inf)  # distances to the two nearest points
    tile = np.zeros((height, width), int)
    for number, (x, y) in enumerate(zip(across, down, strict=True)):
        distance = np.hypot(columns - x, rows - y)
        closer = distance < nearest
        second = np.where(closer, nearest, np.minimum(second, distance))
        nearest = np.where(closer, distance, nearest)
        tile[closer] = number
    wave = np.sin(across / 90) + np.cos(down / 80) + generator.normal(0, 0.4, TILES)
    zone = (1.4 * wave + 2.5).clip(0, len(STONES) - 1).astype(int)
    colours = np.array(STONES)[zone] + generator.normal(0, STONE_NOISE, (TILES, 3))
    joint = (second - nearest < GROUT_WIDTH)[..., None]
    return to_image(np.where(joint, GROUT, colours[tile]))


def hatching(generator: np.random.Generator) -> Image.Image:
    """Return ink lines along a flow, more of them where it is dark."""
    width, height = (side * SUPERSAMPLING for side in SIZE)
    paper = Image.new("L", (width, height), PAPER)
    pen = ImageDraw.Draw(paper)
    for _ in range(LINES):
        x, y = generator.uniform(0, width), generator.uniform(0, height)
        light = 0.5 + 0.5 * np.sin(x / 170 + 1.5 * np.sin(y / 200)) * np.cos(y / 150)
        if generator.random() < 1.1 * light:
            continue
        angle = 0.8 + 1.2 * np.sin(x / 300) + 0.6 * np.cos(y / 260)
        points = [(x, y)]
        for bend in generator.normal(0, 0.03, SEGMENTS):
            angle += bend
            x, y = x + SEGMENT * np.cos(angle), y + SEGMENT * np.sin(angle)
            points.append((x, y))
        pen.line(points, fill=int(generator.integers(10, 60)), width=SUPERSAMPLING)
    return paper.resize(SIZE, Image.Resampling.LANCZOS).convert("RGB")


def to_image(colours: Array) -> Image.Image:
    """Return an array of colours, in [0, 255], as a picture."""
    return Image.fromarray(colours.clip(0, 255).astype(np.uint8))


def main() -> None:
    """Draw both pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder to write to"
    )
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for seed, draw in enumerate((mosaic, hatching)):
        picture = draw(np.random.default_rng(seed))
        picture.save(folder / f"{draw.__name__}.jpg", quality=JPEG_QUALITY)


if __name__ == "__main__":
    main()
