"""The command line that the scripts of the example pictures share."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from draw import Array
from PIL import Image

JPEG_QUALITY = 88


def hang(
    text: str | None,
    pictures: Mapping[str, tuple[Callable[[], Array], tuple[int, int]]],
    quality: int = JPEG_QUALITY,
) -> None:
    """Draw each picture in [0, 1] and write it, as NAME.jpg, at its size (width, height)."""
    parser = argparse.ArgumentParser(description=text.splitlines()[0] if text else None)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder to write to"
    )
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for name, (draw, size) in pictures.items():
        image = Image.fromarray((255 * np.clip(draw(), 0, 1) + 0.5).astype(np.uint8))
        image = image.resize(size, Image.Resampling.LANCZOS)
        path = folder / f"{name}.jpg"
        image.save(path, quality=quality, optimize=True)
        print(path)
