"""How steady a painted clip is, beside frames that are made apart, and beside the clip itself.

A ball rolls in front of a textured wall (`moving_scene`). Frames are painted by `video`, and some
of them a second time apart, each from its own start as a picture is; the temporal error of the
same pairs of frames is compared. A clip of one picture repeated tells how far a still background
drifts. `strip.png` shows frames of the clip, painted, and made apart.

Usage: python -m benchmarks.video [--size 256] [--frames 24] [--length 24] [--apart 6] [--quick]
[--out FOLDER]
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import torch
from PIL import Image
from torch import Tensor

from benchmarks.common import Row, default_device, save, table
from benchmarks.moving_scene import draw
from stylelightning.__main__ import main as stylelightning
from stylelightning.files.paths import natural
from stylelightning.images import pixels_to_image, read_picture
from stylelightning.video.motion import motion
from stylelightning.video.survey import temporal_error

STYLE = "configs/images/style.jpg"
STRIP = 6
"""Frames in a row of the strip."""


def frames(folder: Path) -> list[Tensor]:
    """Return the pictures of a folder in the order of their numbers."""
    files = sorted(folder.glob("*.png"), key=lambda path: natural(path.name))
    return [read_picture(path).pixels for path in files]


def paint(content: Path, output: Path, options: Sequence[str]) -> float:
    """Paint a clip; return the seconds that it took."""
    began = perf_counter()
    args = ["video", "--content", str(content), "--style", STYLE, "--output", str(output)]
    if (code := stylelightning([*args, *options])) != 0:
        raise SystemExit(code)
    return perf_counter() - began


def errors(clip: Sequence[Tensor], painted: Sequence[Tensor]) -> float:
    """Return the mean temporal error of a clip's frames, along the clip's own motion."""
    pairs = range(1, len(clip))
    found = [
        temporal_error(painted[n], painted[n - 1], motion(clip[n], clip[n - 1])) for n in pairs
    ]
    return sum(found) / len(found)


def strip(rows: Sequence[Sequence[Tensor]]) -> Image.Image:
    """Return frames side by side, a row below another."""
    shown = [torch.cat(list(row), 3) for row in rows]
    width = max(each.shape[3] for each in shown)
    padded = [torch.nn.functional.pad(each, (0, width - each.shape[3]), value=1) for each in shown]
    return pixels_to_image(torch.cat(padded, 2))


def measure(
    size: int, count: int, apart: int, length: int, out: Path, options: Sequence[str]
) -> Row:
    """Return a row of the table, and write the strip."""
    draw(out / "scene", size, count, length=length)
    first = (count - apart) // 2
    middle = out / "middle"
    middle.mkdir()
    for number in range(first, first + apart):
        name = f"scene_{number + 1}.png"
        (middle / name).write_bytes((out / "scene" / name).read_bytes())
    seconds = paint(out / "scene", out / "painted", options)
    paint(middle, out / "apart", ["--video.cut=1", *options])
    clip, painted, alone = (frames(out / name) for name in ("scene", "painted", "apart"))
    few = slice(first, first + apart)
    shown = [round(n * (count - 1) / (STRIP - 1)) for n in range(STRIP)]
    rows = [[each[n] for n in shown] for each in (clip, painted)]
    strip([*rows, painted[few][:STRIP], alone[:STRIP]]).save(out / "strip.png")
    steady, separate = errors(clip[few], painted[few]), errors(clip[few], alone)
    return {
        "size": size,
        "frames": count,
        "of": length,
        "apart": apart,
        "seconds a frame": seconds / count,
        "the clip": errors(clip, clip),
        "painted": errors(clip, painted),
        "painted, those frames": steady,
        "those apart": separate,
        "ratio": steady / separate,
    }


def drift(size: int, count: int, out: Path, options: Sequence[str]) -> Row:
    """Return how far the frames of a still clip are from the first, in levels of 255."""
    draw(out / "still", size, count, moves=False)
    paint(out / "still", out / "held", options)
    first, *others = frames(out / "held")
    levels = [255 * float((each - first).abs().mean()) for each in others]
    means = [255 * float((each - first).mean()) for each in others]
    return {
        "size": size,
        "frames": count,
        "last from first": levels[-1],
        "farthest": max(levels),
        "brightness": means[-1],
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--apart", type=int, default=6)
    parser.add_argument("--length", type=int, default=24)
    parser.add_argument("--still", type=int, nargs=2, default=(96, 48), metavar=("SIZE", "FRAMES"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=None)
    given, options = parser.parse_known_args()
    out = given.out or Path(tempfile.mkdtemp(prefix="video-"))
    out.mkdir(parents=True, exist_ok=True)
    if given.quick:
        given.size, given.frames, given.apart, given.still = 48, 4, 2, (32, 3)
        options += ["--model.schedule.steps=2", "--video.steps=2"]
    rows = [measure(given.size, given.frames, given.apart, given.length, out, options)]
    side, length = given.still
    still = [drift(side, length, out, options)]
    print(f"{table(rows)}\n\n{table(still)}\n\n{out / 'strip.png'}")
    if not given.quick:
        print(save("video", default_device(), [*rows, *still]))


if __name__ == "__main__":
    main()
