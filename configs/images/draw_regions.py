"""Draw the label pictures of the examples: content-regions.png and style-regions.png.

Each fills a region with one colour, as one would by hand in a paint program, over content.jpg and
style.jpg: blue is sky, green is land, and cyan water.

Usage: python configs/images/draw_regions.py [--out FOLDER]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

Polygon = tuple[str, Sequence[tuple[int, int]]]

COLOURS = {"sky": (0, 0, 255), "land": (0, 255, 0), "water": (0, 255, 255)}
BAY_SIZE = (768, 512)  # width, height, of content.jpg
BAY: tuple[Polygon, ...] = (  # from back to front
    ("sky", ((0, 0), (768, 0), (768, 340), (0, 340))),
    ("water", ((0, 325), (768, 325), (768, 512), (0, 512))),
    (
        "land",
        (
            *((0, 106), (22, 118), (40, 138), (78, 140), (110, 120), (126, 132), (160, 166)),
            *((200, 188), (246, 206), (270, 218), (290, 212), (312, 232), (360, 236), (400, 228)),
            *((448, 228), (472, 212), (480, 186), (490, 204), (512, 190), (540, 198), (570, 192)),
            *((600, 208), (624, 206), (646, 198), (651, 118), (647, 108), (656, 96), (668, 86)),
            *((680, 96), (688, 108), (684, 118), (688, 216), (697, 214), (706, 206), (757, 205)),
            *((767, 219), (768, 352), (548, 349), (541, 340), (556, 324), (430, 324), (392, 327)),
            *((300, 332), (200, 336), (100, 332), (0, 335)),
        ),
    ),
    ("land", ((294, 376), (347, 268), (350, 276), (390, 372), (386, 390), (300, 391))),
    ("land", ((416, 327), (425, 300), (437, 326))),
)
PAINTING_SIZE = (720, 576)  # of style.jpg
PAINTING: tuple[Polygon, ...] = (
    ("sky", ((0, 0), (720, 0), (720, 400), (0, 400))),
    (
        "land",
        (
            *((0, 355), (90, 350), (160, 352), (230, 330), (290, 318), (360, 300), (420, 282)),
            *((470, 292), (540, 315), (620, 345), (720, 355), (720, 576), (0, 576)),
        ),
    ),
)


def labels(size: tuple[int, int], polygons: Sequence[Polygon]) -> Image.Image:
    """Return a picture of polygons in the colours of what they are."""
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    for what, corners in polygons:
        draw.polygon(corners, COLOURS[what])
    return image.quantize(len(COLOURS))


def main() -> None:
    """Draw both."""
    parser = argparse.ArgumentParser(description="Draw the label pictures of the examples.")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder to write to"
    )
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for name, size, polygons in (
        ("content-regions", BAY_SIZE, BAY),
        ("style-regions", PAINTING_SIZE, PAINTING),
    ):
        path = folder / f"{name}.png"
        labels(size, polygons).save(path, optimize=True)
        print(path)


if __name__ == "__main__":
    main()
