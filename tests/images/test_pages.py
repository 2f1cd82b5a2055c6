"""Which picture of a file is read, and in which range its numbers are."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from stylelightning.images import read_picture
from tests.images.profiles import Tags, tiff

GRAY: Tags = {277: (3, [1])}


def pages(path: Path, *sides: tuple[int, int, int]) -> Path:
    """Write a TIFF with a page of each side, NewSubfileType and gray value."""
    with TiffImagePlugin.AppendingTiffWriter(str(path), new=True) as writer:
        for side, kind, gray in sides:
            info = TiffImagePlugin.ImageFileDirectory_v2()
            info[254] = kind
            Image.new("L", (side, side), gray).save(writer, "TIFF", tiffinfo=info)
            writer.newFrame()
    return path


@pytest.mark.parametrize(
    ("sides", "expected", "said"),
    [
        ([(4, 1, 10), (16, 0, 20)], (16, 20), False),  # the thumbnail says what it is
        ([(4, 0, 10), (16, 0, 20)], (16, 20), True),  # it does not
        ([(16, 0, 20), (4, 1, 10)], (16, 20), False),
        ([(32, 4, 10), (16, 0, 20)], (16, 20), False),  # a mask
        ([(16, 0, 10), (16, 0, 20), (16, 0, 30)], (16, 10), True),  # pages of one size
        ([(16, 2, 10), (16, 2, 20)], (16, 10), True),
        ([(4, 1, 10), (8, 1, 20)], (8, 20), True),  # nothing but thumbnails
        ([(16, 0, 10)], (16, 10), False),
    ],
)
def test_the_whole_picture_of_a_tiff_is_read(
    tmp_path: Path,
    sides: list[tuple[int, int, int]],
    expected: tuple[int, int],
    said: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    picture = read_picture(pages(tmp_path / "a.tif", *sides))
    assert (picture.width, round(float(picture.pixels[0, 0, 0, 0]) * 255)) == expected
    assert (f"has {len(sides)} pages: page" in caplog.text) == said


def test_broken_pages_after_the_first_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tags: Tags = {**GRAY, 258: (3, [8]), 262: (3, [1])}
    data = bytearray(tiff(1, 1, b"\x64", tags))
    count = struct.unpack_from("<H", data, 8)[0]
    struct.pack_into("<I", data, 10 + 12 * count, len(data) - 1)  # where the next page is
    (tmp_path / "a.tif").write_bytes(data)
    assert round(float(read_picture(tmp_path / "a.tif").pixels[0, 0, 0, 0]) * 255) == 100
    assert "after the first 1 are broken" in caplog.text


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".avif"])
def test_animation_says_that_its_first_frame_is_read(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("white", "black", "red")]
    path = tmp_path / f"a{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert read_picture(path).pixels.min() > 0.98
    assert "has 3 frames: the first is read" in caplog.text


def integers(bits: int, signed: bool, values: list[int], photometric: int = 1) -> bytes:
    kind = np.dtype(f"<{'i' if signed else 'u'}{bits // 8}")
    tags: Tags = {**GRAY, 258: (3, [bits]), 262: (3, [photometric]), 339: (3, [2 if signed else 1])}
    return tiff(len(values), 1, np.array(values, kind).tobytes(), tags)


@pytest.mark.parametrize(
    ("bits", "signed", "values", "white"),
    [
        (32, False, [0, 100, 255], 255),
        (32, True, [0, 100, 255], 255),
        (32, False, [0, 1000, 65535], 65535),
        (32, True, [0, 1000, 40000], 65535),
        (32, False, [0, 2**31, 2**32 - 1], 2**32 - 1),
        (32, True, [0, 2**30, 2**31 - 1], 2**31 - 1),
        (16, True, [0, 1000, 32767], 32767),
        (16, True, [0, 100, 255], 255),
    ],
)
def test_integers_are_read_in_their_range_with_a_word(
    tmp_path: Path,
    bits: int,
    signed: bool,
    values: list[int],
    white: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "a.tif").write_bytes(integers(bits, signed, values))
    found = read_picture(tmp_path / "a.tif").pixels[0, 0, 0].tolist()
    assert found == pytest.approx([value / white for value in values], abs=1e-6)
    assert f"{white} is taken for white" in caplog.text


@pytest.mark.parametrize(("values", "signed"), [([0, 70_000], False), ([-5, 200], True)])
def test_integers_whose_range_cannot_be_told_are_refused(
    tmp_path: Path, values: list[int], signed: bool
) -> None:
    (tmp_path / "a.tif").write_bytes(integers(32, signed, values))
    with pytest.raises(ValueError, match=r"must lie in \[0, 65535\], they span .* Rescale"):
        read_picture(tmp_path / "a.tif")


def test_sixteen_bits_with_values_of_eight_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Image.fromarray(np.array([[0, 255]], np.uint16)).save(tmp_path / "a.png")
    read_picture(tmp_path / "a.png")
    assert "is nearly black: its brightest value is 255 of 65535" in caplog.text


def test_float_gray_with_zero_as_white_is_inverted(tmp_path: Path) -> None:
    tags: Tags = {**GRAY, 258: (3, [32]), 262: (3, [0]), 339: (3, [3])}
    data = tiff(2, 1, np.array([0, 0.25], "<f4").tobytes(), tags)
    (tmp_path / "a.tif").write_bytes(data)
    assert read_picture(tmp_path / "a.tif").pixels[0, 0, 0].tolist() == [1, 0.75]
