"""Collect the photographs that Debian packages of wallpapers ship, to train and measure on.

Two pictures are near duplicates when their thumbnails of 16 x 16 pixels, whatever the pictures'
shapes, differ by less than ``NEAR`` of 255 on average over pixels and colours. Of near duplicates
the one with the most pixels is kept. So one wallpaper in several sizes, or in 16:9 and 16:10, is
collected once; a crop of it is another picture. Every eighth wallpaper in the order of their names
is held out, in all its crops.

Usage: python -m stylelightning.distillation.photographs FOLDER [--exclude DIR]
"""

import argparse
import csv
import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
from PIL import Image

from stylelightning.files.atomic import write_atomically
from stylelightning.files.existing import existing_file
from stylelightning.images import pictures_of_folder, pixels_to_image, read_picture
from stylelightning.images.opening import open_image

PACKAGES = (
    "gnome-backgrounds",
    "mate-backgrounds",
    "plasma-workspace-wallpapers",
    "ukui-wallpapers",
    "lomiri-wallpapers-16.04",
    "lomiri-wallpapers-20.04",
)
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
NEAR = 8.0
"""Mean absolute difference in [0, 255] under which two thumbnails show the same picture.

In Debian 12's packages one picture in two sizes differs by 0.2 at most, two photographs by 17 at
least; what lies between are designs that are nearly black, or crops of one design.
"""

HELD_OUT = 8
"""Of how many wallpapers one is held out."""

VARIANT = re.compile(r"(-[dl]|(_dark)?-\d+x\d+)$")
"""How GNOME's and Plasma's files name a wallpaper's crops and its light and dark form."""

COLUMNS = ("file", "package", "version", "original", "width", "height", "sha256")


@dataclass(frozen=True)
class Package:
    """A Debian package, unpacked.

    Args:
        name: Its name.
        version: Its version.
        folder: Folder that its files were unpacked into.
    """

    name: str
    version: str
    folder: Path


@dataclass(frozen=True, eq=False)
class Photograph:
    """A picture of a package, ready to be written.

    Args:
        package: The package.
        original: Path in the package.
        size: Width and height of the original, upright, in pixels.
        sha256: Hash of the original file.
        jpeg: The bytes to write.
        thumbnail: Colours in [0, 255], (16, 16, 3).
    """

    package: Package
    original: Path
    size: tuple[int, int]
    sha256: str
    jpeg: bytes
    thumbnail: npt.NDArray[np.float32]

    @property
    def stem(self) -> str:
        """Package and path in one word; the path, as many a wallpaper is called 2560x1600."""
        parts = self.original.with_suffix("").parts
        below = parts[2:] if parts[:2] == ("usr", "share") else parts
        return f"{self.package.name}--{'-'.join(below)}"

    @property
    def wallpaper(self) -> str:
        """What its crops and its light and dark form share: none is held out without the others."""
        return VARIANT.sub("", self.stem)


def unpacked(names: Sequence[str], debs: Path | None, folder: Path) -> list[Package]:
    """Fetch packages with ``apt-get``, unless they are there, and unpack them with ``dpkg``.

    Args:
        names: Names of the packages.
        debs: Folder of their ``.deb`` files; None to fetch them.
        folder: Empty folder for what is fetched and unpacked.

    Raises:
        OSError: If a program is missing or fails.
        ValueError: If the folder does not have one ``.deb`` file of each package.
    """
    if debs is None:
        debs = folder
        _run(["apt-get", "download", *names], folder)
    packages = []
    for name in names:
        files = list(debs.glob(f"{name}_*.deb"))
        if len(files) != 1:
            raise ValueError(
                f"The folder {debs} must have one .deb file of {name}, it has {len(files)}. Fetch"
                " it with apt-get download, or leave the package out of --packages."
            )
        target = folder / name
        _run(["dpkg", "-x", str(files[0].absolute()), str(target)], folder)
        packages.append(Package(name, unquote(files[0].name.split("_")[1]), target))
    return packages


def _run(command: list[str], folder: Path) -> None:
    """Run a program in a folder, silently."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise OSError(f"There is no {command[0]} here: collect on a Debian system.") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise OSError(f"{' '.join(command)} failed: {last}")


def photographs(
    packages: Sequence[Package], side: int, smallest: int, excluded: Path | None = None
) -> tuple[list[Photograph], list[str]]:
    """Return the pictures of packages, without near duplicates, and what was left out.

    Args:
        packages: Unpacked packages.
        side: Most pixels of a picture's shorter side; a larger picture is made smaller.
        smallest: Fewest pixels of an original's shorter side; a smaller picture is passed over.
        excluded: Folder of pictures whose near duplicates are left out.

    Returns:
        The pictures in the order of their names, and a line for each that can't be read or is
        excluded.

    Raises:
        OSError: If the excluded folder can't be read.
        ValueError: If a size is below 1, or an excluded picture can't be read.
    """
    if min(side, smallest) < 1:
        raise ValueError(f"--side and --smallest must be at least 1, got {side} and {smallest}.")
    known = {
        path: _thumbnail(pixels_to_image(read_picture(path).pixels))
        for path in (pictures_of_folder(excluded) if excluded else ())
    }
    kept: list[Photograph] = []
    lines = []
    found = []
    for package in packages:
        for path in sorted(package.folder.rglob("*")):
            if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink():
                try:
                    with open_image(existing_file(path)) as image:
                        found.append((image.size, path, package))
                except (OSError, ValueError) as error:
                    lines.append(str(error))
    found.sort(key=lambda each: each[0][0] * each[0][1], reverse=True)  # stable: then by path
    for size, path, package in found:
        if min(size) < smallest:
            continue
        try:
            photograph = _photograph(path, package, side)
        except (OSError, ValueError) as error:
            lines.append(str(error))
            continue
        same = [shown for shown, other in known.items() if _near(photograph.thumbnail, other)]
        if same:
            lines.append(f"Left out {photograph.stem}: a near duplicate of {same[0]}")
        elif not any(_near(photograph.thumbnail, other.thumbnail) for other in kept):
            kept.append(photograph)
    return sorted(kept, key=lambda each: each.stem), lines


def _photograph(path: Path, package: Package, side: int) -> Photograph:
    image = pixels_to_image(read_picture(path).pixels)
    size = image.size
    thumbnail = _thumbnail(image)
    if min(size) > side:
        scale = side / min(size)
        smaller = (round(size[0] * scale), round(size[1] * scale))
        image = image.resize(smaller, Image.Resampling.LANCZOS)
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=92)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    original = path.relative_to(package.folder)
    return Photograph(package, original, size, sha256, buffer.getvalue(), thumbnail)


def _thumbnail(image: Image.Image) -> npt.NDArray[np.float32]:
    return np.asarray(image.resize((16, 16), Image.Resampling.BOX), np.float32)


def _near(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> bool:
    return float(np.abs(one - other).mean()) < NEAR


def write(folder: Path, packages: Sequence[Package], pictures: Sequence[Photograph]) -> int:
    """Write pictures, the table of them, and the licences; return how many are held out.

    Args:
        folder: Folder that is new or empty.
        packages: The packages that they come from.
        pictures: The pictures in the order of their names.

    Raises:
        OSError: If a file can't be written.
        ValueError: If the folder has files, or a package states no licence.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(f"The folder {folder} must be empty. Name another one.")
    for package in packages:
        licence = package.folder / "usr/share/doc" / package.name / "copyright"
        if not licence.is_file():
            raise ValueError(f"{package.name} has no file copyright. Leave it out of --packages.")
        write_atomically(folder / "licences" / f"{package.name}.txt", licence.read_bytes())
    table = StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(COLUMNS)
    taken: set[str] = set()
    wallpapers = sorted({each.wallpaper for each in pictures})
    held_out = set(wallpapers[HELD_OUT - 1 :: HELD_OUT])
    for each in pictures:
        name = each.stem
        while name in taken:  # a.png beside a.jpg
            name += "-more"
        taken.add(name)
        part = "held_out" if each.wallpaper in held_out else "train"
        file = f"{part}/{name}.jpg"
        write_atomically(folder / file, each.jpeg)
        origin = (each.package.name, each.package.version, each.original.as_posix())
        rows.writerow((file, *origin, *each.size, each.sha256))
    write_atomically(folder / "pictures.csv", table.getvalue().encode())
    return sum(each.wallpaper in held_out for each in pictures)


def main(arguments: Sequence[str] | None = None) -> int:
    """Collect photographs into a folder; return 2 for a mistake, 0 otherwise.

    Args:
        arguments: Those of the command line; None for the process's own.
    """
    parser = argparse.ArgumentParser(
        "python -m stylelightning.distillation.photographs",
        description="Collect the photographs that Debian packages of wallpapers ship.",
    )
    parser.add_argument("folder", type=Path, help="new folder for the pictures")
    parser.add_argument("--side", type=int, default=720, help="most pixels of the shorter side")
    parser.add_argument("--smallest", type=int, default=400, help="fewest pixels of it")
    parser.add_argument("--packages", nargs="+", default=PACKAGES, help="names of the packages")
    parser.add_argument("--from", dest="debs", type=Path, help="folder of their .deb files")
    parser.add_argument("--exclude", type=Path, help="folder of pictures to leave out")
    given = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as temporary:
            packages = unpacked(given.packages, given.debs, Path(temporary))
            pictures, lines = photographs(packages, given.side, given.smallest, given.exclude)
            for line in lines:
                sys.stderr.write(f"{line}\n")
            held_out = write(given.folder, packages, pictures)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    train = len(pictures) - held_out
    sys.stdout.write(f"{train} pictures to train on, {held_out} held out: {given.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
