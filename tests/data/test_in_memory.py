"""Paths, strings, Pillow's images and tensors alike."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from stylelightning import StyleTransferData
from stylelightning.data import StyleImage
from stylelightning.images import picture_of, read_picture
from tests.runs import fit

ALIKE: dict[str, Callable[[Path], Any]] = {
    "string": str,
    "path": Path,
    "pillow": Image.open,
    "bytes": lambda path: (read_picture(path).pixels * 255).round().byte(),
    "bytes of three dimensions": lambda path: (read_picture(path).pixels[0] * 255).round().byte(),
    "floats": lambda path: read_picture(path).pixels,
    "double": lambda path: read_picture(path).pixels[0].double().requires_grad_(),
}


def pixels(picture: Any) -> torch.Tensor:
    data = StyleTransferData(picture, size=32)
    data.setup("fit")
    assert data.pictures.content_image is not None
    return data.pictures.content_image.pixels


@pytest.mark.parametrize("name", ALIKE)
def test_all_give_the_same_picture(content: Path, name: str) -> None:
    torch.testing.assert_close(pixels(ALIKE[name](content)), read_picture(content).pixels)


@pytest.mark.parametrize("name", ALIKE)
def test_all_are_style_images_too_alone_and_in_lists(content: Path, style: Path, name: str) -> None:
    picture = ALIKE[name](style)
    for given in (picture, [picture, str(content)], [StyleImage(picture, weight=2.0)]):
        data = StyleTransferData(content, given, size=32)
        data.setup("fit")
        first = data.pictures.style_images[0]
        torch.testing.assert_close(first.pixels, read_picture(style).pixels)


def test_a_run_takes_them(tmp_path: Path, content: Path, style: Path) -> None:
    files = fit(tmp_path, StyleTransferData(str(content), str(style), size=32)).picture
    memory = StyleTransferData(Image.open(content), read_picture(style).pixels, size=32)
    torch.testing.assert_close(fit(tmp_path, memory).picture, files)


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I;16", "I", "F"]
)
def test_pillows_modes_are_read_as_their_files_are(tmp_path: Path, mode: str) -> None:
    array = np.random.default_rng(0).integers(0, 256, (9, 12, 3)).astype(np.uint8)
    image = Image.fromarray(array)
    if mode in ("I;16", "I", "F"):
        gray = np.asarray(image.convert("L")).astype(np.uint16) * 257
        image = Image.fromarray(gray if mode != "F" else (gray / 65535).astype(np.float32))
        image = image if mode != "I" else Image.fromarray(gray.astype(np.int32))
    else:
        image = image.convert(mode)
    kept = image if mode not in ("YCbCr", "HSV") else image.convert("RGB")
    path = tmp_path / ("file.tif" if mode in ("CMYK", "LAB", "I", "F") else "file.png")
    kept.save(path)
    torch.testing.assert_close(pixels(image), read_picture(path).pixels)


def test_an_image_of_16_bits_is_read_alike_whichever_byte_comes_first(tmp_path: Path) -> None:
    gray = np.arange(12, dtype=np.uint16).reshape(3, 4) * 5957  # up to 65527
    path = tmp_path / "file.tif"
    Image.fromarray(gray.astype(">u2")).save(path)
    image = Image.open(path)
    assert image.mode == "I;16B"
    expected = torch.from_numpy((gray / 65535).astype(np.float32)).expand(1, 3, 3, 4)
    torch.testing.assert_close(picture_of(image).pixels, expected)


def test_how_the_file_of_an_image_was_packed_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "file.tif"
    inks = np.random.default_rng(0).integers(0, 256, (8, 6, 4)).astype(np.uint8)
    Image.fromarray(inks, "CMYK").save(path, compression="tiff_lzw", tiffinfo={274: 6})
    torch.testing.assert_close(picture_of(Image.open(path)).pixels, read_picture(path).pixels)


@pytest.mark.parametrize("chunks", [("gAMA",), ("gAMA", "cHRM"), ("gAMA", "sRGB")])
def test_colours_that_a_png_declares_count_in_an_image(
    tmp_path: Path, chunks: tuple[str, ...]
) -> None:
    bodies = {
        "gAMA": struct.pack(">I", 100_000),
        "cHRM": struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000),
        "sRGB": b"\0",
    }
    info = PngInfo()
    for name in chunks:
        info.add(name.encode(), bodies[name])
    path = tmp_path / "file.png"
    Image.new("RGB", (4, 3), (20, 90, 160)).save(path, pnginfo=info)
    torch.testing.assert_close(picture_of(Image.open(path)).pixels, read_picture(path).pixels)


def test_orientation_and_opacity_of_an_image_count(tmp_path: Path) -> None:
    image = Image.new("RGBA", (6, 4), (200, 20, 20, 255))
    image.putpixel((0, 0), (0, 0, 0, 0))
    image.getexif()[0x0112] = 6  # turned by 90 degrees
    data = StyleTransferData(image, size=6)
    data.setup("fit")
    assert data.pictures.content_image is not None
    own = data.pictures.content_image.own
    assert (own.height, own.width) == (6, 4)
    assert own.alpha is not None
    assert own.alpha.sum() == 23  # by hand: all but one of 24


@pytest.mark.parametrize(
    ("picture", "error", "message"),
    [
        (np.zeros((4, 4, 3)), TypeError, r"got ndarray: an array becomes one with PIL.Image.from"),
        (b"c.png", TypeError, r"must be a path, an image of Pillow's or a tensor, got bytes"),
        (3, TypeError, "got int"),
        (torch.rand(4, 4), ValueError, r"shape \(3, H, W\) or \(1, 3, H, W\), got \(4, 4\)"),
        (torch.rand(4, 4, 3), ValueError, r"got \(4, 4, 3\): .*permute\(2, 0, 1\)"),
        (torch.rand(2, 3, 4, 4), ValueError, r"got \(2, 3, 4, 4\)"),
        (torch.rand(3, 0, 4), ValueError, r"got \(3, 0, 4\)"),
        (torch.rand(3, 4, 4) * 255, ValueError, r"in \[0, 1\], got values from .*such as 255"),
        (torch.full((3, 4, 4), torch.nan), ValueError, r"must be of numbers, got NaN"),
        (Image.new("RGB", (0, 4)), ValueError, "must have pixels, got an image of 0x4 px"),
        (
            Image.new("F", (5, 4), 9.0),
            ValueError,
            r"of 5x4 px in memory: .* in \[0, 1\]",
        ),
        (torch.ones(3, 4, 4, dtype=torch.int64), ValueError, r"or of bytes, got torch.int64"),
    ],
    ids=lambda value: "" if isinstance(value, str) else None,
)
def test_what_is_no_picture_is_refused(picture: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pixels(picture)
    with pytest.raises(error, match=message):
        StyleTransferData(style=[picture]).setup("fit")
