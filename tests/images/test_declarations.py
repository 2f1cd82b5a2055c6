"""What files say about their colours; the oracles are IEC 61966-2-1 and littlecms."""

import logging
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from stylelightning.images import read_picture
from tests.images import profiles
from tests.images.profiles import linear_gray, png, swapped_rgb

# colorants (XYZ, D50) as the ICC profiles of these spaces state them
ADOBE = [[0.60974, 0.31111, 0.01947], [0.20528, 0.62567, 0.06087], [0.14919, 0.06322, 0.74457]]
P3 = [[0.51512, 0.24120, -0.00105], [0.29198, 0.69225, 0.04189], [0.15710, 0.06657, 0.78407]]
WITHIN = [[120, 110, 90], [85, 130, 110], [140, 140, 140], [90, 80, 150], [200, 180, 170]]
"""Colours that sRGB has too, in either space."""

LINEAR = b"gAMA" + struct.pack(">I", 100_000)
SRGB_PRIMARIES = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
P3_PRIMARIES = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)


def srgb(light: float) -> float:
    """Return sRGB's value for a share of light, IEC 61966-2-1."""
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def chunk_png(colours: list[list[int]], *chunks: bytes) -> bytes:
    return png(len(colours), 1, 8, 2, b"\0" + np.array(colours, np.uint8).tobytes(), *chunks)


def chrm(*numbers: int) -> bytes:
    return b"cHRM" + struct.pack(">8I", *numbers)


def read(path: Path, data: bytes) -> list[list[int]]:
    """Return the 8-bit colours of a file with these bytes."""
    path.write_bytes(data)
    pixels = read_picture(path).pixels
    return (pixels * 255).round().int()[0].flatten(1).T.tolist()


def by_profile(folder: Path, colours: list[list[int]], profile: bytes) -> list[list[int]]:
    """Return what littlecms makes of colours with a profile."""
    buffer = BytesIO()
    Image.fromarray(np.array([colours], np.uint8)).save(buffer, "PNG", icc_profile=profile)
    return read(folder / "profile.png", buffer.getvalue())


def near(found: list[list[int]], expected: list[list[int]], levels: int = 1) -> bool:
    return bool(np.abs(np.subtract(found, expected)).max() <= levels)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


def test_linear_png_is_right_in_every_level(tmp_path: Path) -> None:
    ramp = [[level] * 3 for level in range(256)]
    expected = [[round(255 * srgb(level / 255))] * 3 for level in range(256)]
    assert read(tmp_path / "a.png", chunk_png(ramp, LINEAR)) == expected


@pytest.mark.parametrize(("colour", "samples"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_linear_png_of_sixteen_bits_keeps_what_eight_would_lose(
    tmp_path: Path, colour: int, samples: int
) -> None:
    levels = [0, 20, 100, 200, 500, 10_000, 40_000, 65535]  # the first five are below 2 of 255
    rows = b"".join(
        struct.pack(f">{samples}H", *[level] * (samples - (colour > 3)), *[65535] * (colour > 3))
        for level in levels
    )
    data = png(len(levels), 1, 16, colour, b"\0" + rows, LINEAR)
    expected = [[round(255 * srgb(level / 65535))] * 3 for level in levels]
    assert read(tmp_path / "a.png", data) == expected


def test_linear_png_of_sixteen_bits_is_turned_with_its_orientation(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 2  # mirrored
    rows = b"\0" + struct.pack(">6H", *[0] * 3, *[65535] * 3)
    data = png(2, 1, 16, 2, rows, LINEAR, b"eXIf" + exif.tobytes()[6:])
    assert read(tmp_path / "a.png", data) == [[255] * 3, [0] * 3]


def test_linear_palette_and_gray_are_right(tmp_path: Path) -> None:
    palette = b"PLTE" + bytes([0, 0, 0, 10, 100, 200])
    data = png(2, 1, 8, 3, b"\0\0\1", LINEAR, palette)
    expected = [[0, 0, 0], [round(255 * srgb(level / 255)) for level in (10, 100, 200)]]
    assert read(tmp_path / "a.png", data) == expected
    gray = read(tmp_path / "b.png", png(1, 1, 8, 0, b"\0\x64", LINEAR, chrm(*P3_PRIMARIES)))
    assert gray == [[round(255 * srgb(100 / 255))] * 3]


@pytest.mark.parametrize(
    "chunks",
    [
        [b"sRGB\0", LINEAR, chrm(*P3_PRIMARIES)],  # sRGB comes before both
        [b"gAMA" + struct.pack(">I", 45455)],  # stands for sRGB's curve
        [b"gAMA" + struct.pack(">I", 45455), chrm(*SRGB_PRIMARIES)],
        [b"cICP\1\x0d\0\1", LINEAR],  # sRGB by code points
        [b"cICP\2\2\0\1"],  # unspecified
    ],
)
def test_what_means_srgb_changes_nothing(
    tmp_path: Path, chunks: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    assert read(tmp_path / "a.png", chunk_png(WITHIN, *chunks)) == WITHIN
    assert not warnings(caplog)


def test_profile_comes_before_srgb_gamma_and_after_code_points(tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.fromarray(np.array([[[10, 20, 30]]], np.uint8)).save(
        buffer, "PNG", icc_profile=swapped_rgb()
    )
    data = buffer.getvalue()
    end = data.index(b"iCCP") - 4
    for chunk, expected in (
        (b"sRGB\0", [[30, 20, 10]]),
        (LINEAR, [[30, 20, 10]]),
        (b"cICP\1\x0d\0\1", [[10, 20, 30]]),
    ):
        whole = struct.pack(">I", len(chunk) - 4) + chunk
        whole += struct.pack(">I", zlib.crc32(chunk))
        assert near(read(tmp_path / "a.png", data[:end] + whole + data[end:]), expected)


def test_profile_that_does_not_fit_leaves_it_to_the_next_declaration(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    buffer = BytesIO()
    Image.fromarray(np.array([[[100] * 3]], np.uint8)).save(
        buffer, "PNG", icc_profile=linear_gray()
    )
    data = buffer.getvalue()
    place = data.index(b"IDAT") - 4
    whole = struct.pack(">I", 4) + LINEAR + struct.pack(">I", zlib.crc32(LINEAR))
    found = read(tmp_path / "a.png", data[:place] + whole + data[place:])
    assert found == [[round(255 * srgb(100 / 255))] * 3]
    assert len(warnings(caplog)) == 1


def test_primaries_are_converted_as_by_a_profile(tmp_path: Path) -> None:
    gamma = b"gAMA" + struct.pack(">I", round(100_000 / 1.8))
    found = read(tmp_path / "a.png", chunk_png(WITHIN, gamma, chrm(*P3_PRIMARIES)))
    assert near(found, by_profile(tmp_path, WITHIN, profiles.rgb(P3, 1.8)))
    assert not near(found, WITHIN, 3)


def test_code_points_of_display_p3_are_converted(tmp_path: Path) -> None:
    found = read(tmp_path / "a.png", chunk_png(WITHIN, b"cICP\x0c\x0d\0\1"))
    # gamma 2.2 is near to sRGB's curve above the darkest tones
    assert near(found, by_profile(tmp_path, WITHIN, profiles.rgb(P3, 2.2)), 2)
    assert not near(found, WITHIN, 3)


def test_narrow_range_of_code_points_is_stretched(tmp_path: Path) -> None:
    found = read(tmp_path / "a.png", chunk_png([[16] * 3, [235] * 3, [0] * 3], b"cICP\1\x0d\0\0"))
    assert found == [[0] * 3, [255] * 3, [0] * 3]


# ITU-R BT.2408: white of 203 cd/m² is 58 % of PQ and 75 % of HLG; PQ of 100 cd/m² is 50.8 %,
# HLG of 50 % is a twelfth of the scene's light, on the screen 1000 / 12**1.2 = 50.7 cd/m².
@pytest.mark.parametrize(
    ("transfer", "value", "luminance"),
    [(16, 0.5807, 203), (16, 0.508, 100), (16, 1, 203), (18, 0.75, 203), (18, 0.5, 50.7)],
)
def test_high_dynamic_range_is_read_to_its_white(
    tmp_path: Path,
    transfer: int,
    value: float,
    luminance: float,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = b"\0" + struct.pack(">3H", *[round(65535 * value)] * 3)
    cicp = b"cICP" + bytes([9, transfer, 0, 1])
    found = read(tmp_path / "a.png", png(1, 1, 16, 2, rows, cicp))
    assert near(found, [[round(255 * srgb(luminance / 203))] * 3], 2)
    read_picture(tmp_path / "a.png")
    (line,) = warnings(caplog)  # once, though the file is read twice
    assert "what is brighter than white, 203 cd/m², is clipped" in line
    assert str(tmp_path / "a.png") in line


@pytest.mark.parametrize(
    ("chunk", "text"),
    [
        (b"gAMA" + bytes(4), "its value is 0, not in"),
        (b"gAMA" + bytes(5), "its value is 0, not in"),
        (b"gAMA\xff\xff\xff\xff", "not in [0.1, 10]"),
        (chrm(*[0] * 8), "chunk cHRM"),
        (chrm(31270, 32900, *[30000, 30000] * 3), "the primary colours span no area"),
        (chrm(70000, 20000, *SRGB_PRIMARIES[2:]), "white point lies outside"),
        (b"cHRM" + bytes(33), "chunk cHRM"),
        (b"cICP\1\x0d\1\1", "can't have matrix 1"),
        (b"cICP\x63\x0d\0\1", "primaries 99 with transfer 13 are not known"),
        (b"cICP\1\x0d\0", "chunk cICP"),
    ],
)
def test_declaration_without_sense_is_ignored_with_one_warning(
    tmp_path: Path, chunk: bytes, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert read(tmp_path / "a.png", chunk_png(WITHIN, chunk)) == WITHIN
    (line,) = warnings(caplog)
    assert text in line
    assert "is ignored" in line
    assert str(tmp_path / "a.png") in line


def test_chunk_after_the_pixels_does_not_count(tmp_path: Path) -> None:
    data = chunk_png(WITHIN)
    whole = struct.pack(">I", 4) + LINEAR + struct.pack(">I", zlib.crc32(LINEAR))
    assert read(tmp_path / "a.png", data[:-12] + whole + data[-12:]) == WITHIN


def camera_exif(space: int | None, index: str) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "camera"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    if space is not None:
        details[ExifTags.Base.ColorSpace] = space
    if index:
        details[ExifTags.IFD.Interop] = {1: index}
    return exif


@pytest.mark.parametrize(
    ("suffix", "space", "index"),
    [
        (".jpg", 0xFFFF, "R03"),
        (".webp", 0xFFFF, "R03"),
        (".png", 0xFFFF, "R03"),
        (".jpg", None, "R03"),
        (".jpg", 2, ""),
        (".tif", 2, ""),  # Pillow writes no index into a TIFF
    ],
)
def test_exif_of_adobe_rgb_is_heeded(
    tmp_path: Path, suffix: str, space: int | None, index: str
) -> None:
    options: dict[str, Any] = {".jpg": {"quality": 100}, ".webp": {"lossless": True}}
    expected = by_profile(tmp_path, WITHIN, profiles.rgb(ADOBE, 563 / 256))
    path = tmp_path / f"a{suffix}"
    for colour, wanted in zip(WITHIN, expected, strict=True):
        image = Image.new("RGB", (16, 16), tuple(colour))  # one colour, which JPEG keeps
        image.save(path, exif=camera_exif(space, index).tobytes(), **options.get(suffix, {}))
        found = read(path, path.read_bytes())
        assert near(found[:1], [wanted], 4 if suffix == ".jpg" else 1)


def test_exif_of_srgb_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.jpg", exif=camera_exif(1, "R98"))
    read_picture(tmp_path / "a.jpg")
    assert not warnings(caplog)


def test_colours_without_a_calibration_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.jpg", exif=camera_exif(0xFFFF, ""))
    read_picture(tmp_path / "a.jpg")
    (line,) = warnings(caplog)
    assert "colour space 65535 without a profile" in line


def test_profile_comes_before_exif(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8), (10, 20, 30))
    exif = camera_exif(0xFFFF, "R03")
    image.save(tmp_path / "a.webp", icc_profile=swapped_rgb(), exif=exif, lossless=True)
    assert near(read(tmp_path / "a.webp", (tmp_path / "a.webp").read_bytes())[:1], [[30, 20, 10]])


def test_cmyk_without_a_profile_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Image.new("CMYK", (8, 8)).save(tmp_path / "a.jpg", quality=100)
    assert read(tmp_path / "a.jpg", (tmp_path / "a.jpg").read_bytes())[0] == [255] * 3
    (line,) = warnings(caplog)
    assert "CMYK colours without a profile" in line


RGB: profiles.Tags = {258: (3, [8, 8, 8]), 262: (3, [2]), 277: (3, [3])}


def test_primaries_of_a_tiff_are_heeded(tmp_path: Path) -> None:
    numbers = [each / 100_000 for each in P3_PRIMARIES]
    tags: profiles.Tags = {**RGB, 318: (5, numbers[:2]), 319: (5, numbers[2:])}
    data = profiles.tiff(len(WITHIN), 1, np.array(WITHIN, np.uint8).tobytes(), tags)
    found = read(tmp_path / "a.tif", data)
    assert near(found, by_profile(tmp_path, WITHIN, profiles.rgb(P3, 2.2)), 2)


def test_transfer_function_of_a_tiff_is_heeded(tmp_path: Path) -> None:
    linear = [round(level * 65535 / 255) for level in range(256)]
    tags: profiles.Tags = {**RGB, 301: (3, [float(each) for each in linear])}
    data = profiles.tiff(1, 1, bytes([100] * 3), tags)
    assert read(tmp_path / "a.tif", data) == [[round(255 * srgb(100 / 255))] * 3]


def test_transfer_function_for_each_colour_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tags: profiles.Tags = {
        **RGB,
        301: (3, [float(n) for n in [*range(256), *range(1, 257), *range(256)]]),
    }
    data = profiles.tiff(1, 1, bytes([100] * 3), tags)
    assert read(tmp_path / "a.tif", data) == [[100] * 3]
    assert "a transfer function for each colour is not heeded" in warnings(caplog)[0]


@pytest.mark.parametrize(
    ("coefficients", "said"), [((0.299, 0.587, 0.114), 0), ((0.2126, 0.7152, 0.0722), 1)]
)
def test_unusual_luma_of_a_tiff_is_said(
    tmp_path: Path,
    coefficients: tuple[float, ...],
    said: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tags: profiles.Tags = {**RGB, 262: (3, [6]), 530: (3, [1, 1]), 529: (5, coefficients)}
    data = profiles.tiff(1, 1, bytes([100, 128, 128]), tags)
    assert read(tmp_path / "a.tif", data) == [[100] * 3]
    assert caplog.text.count("YCbCrCoefficients of") == said


def code_points_avif(primaries: int, transfer: int) -> bytes:
    """Return an AVIF of one colour that declares code points."""
    buffer = BytesIO()
    Image.new("RGB", (16, 16), (140, 120, 100)).save(buffer, "AVIF", quality=100)
    data = buffer.getvalue()
    place = data.index(b"colrnclx") + 8
    return data[:place] + struct.pack(">HH", primaries, transfer) + data[place + 4 :]


def test_code_points_of_an_avif_are_heeded(tmp_path: Path) -> None:
    plain = read(tmp_path / "a.avif", code_points_avif(1, 13))[0]
    assert near([plain], [[140, 120, 100]], 3)
    linear = read(tmp_path / "b.avif", code_points_avif(1, 8))[0]
    assert near([linear], [[round(255 * srgb(level / 255)) for level in plain]])
    wide = read(tmp_path / "c.avif", code_points_avif(12, 13))[0]
    assert near([wide], by_profile(tmp_path, [plain], profiles.rgb(P3, 2.2)), 2)


def bitmap(space: bytes, ends: bytes, gammas: bytes, profile: bytes = b"") -> bytes:
    """Return a BMP of version 5 with one pixel, (100, 100, 100)."""
    header = struct.pack("<IiiHHIIiiII", 124, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0) + bytes(16)
    header += space + ends.ljust(36, b"\0") + gammas.ljust(12, b"\0")
    header += struct.pack("<IIII", 4, 124 + 4, len(profile), 0)
    size = 14 + 124 + 4 + len(profile)
    return b"BM" + struct.pack("<IHHI", size, 0, 0, 138) + header + bytes([100] * 3 + [0]) + profile


def test_calibrated_bitmap_is_heeded(tmp_path: Path) -> None:
    # XYZ of sRGB's primary colours, IEC 61966-2-1
    xyz = [0.4124, 0.2126, 0.0193, 0.3576, 0.7152, 0.1192, 0.1805, 0.0722, 0.9505]
    ends = struct.pack("<9I", *(round(each * 2**30) for each in xyz))
    data = bitmap(bytes(4), ends, struct.pack("<3I", *[65536] * 3))
    assert read(tmp_path / "a.bmp", data) == [[round(255 * srgb(100 / 255))] * 3]


def test_bitmap_with_a_profile_is_heeded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = bitmap(b"DEBM", b"", b"", profiles.rgb(ADOBE, 1.0))
    assert near(read(tmp_path / "a.bmp", data), [[round(255 * srgb(100 / 255))] * 3])
    assert not warnings(caplog)
    assert read(tmp_path / "b.bmp", bitmap(b"KNIL", b"", b"")) == [[100] * 3]
    assert "it is in another file" in warnings(caplog)[0]


def test_profile_of_a_gif_is_heeded(tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.new("RGB", (1, 1), (10, 20, 30)).save(buffer, "GIF")
    data, profile = buffer.getvalue(), swapped_rgb()
    blocks = b"".join(
        bytes([len(part)]) + part
        for part in (profile[start : start + 255] for start in range(0, len(profile), 255))
    )
    place = data.index(b"\x2c", 13)
    data = data[:place] + b"\x21\xff\x0bICCRGBG1012" + blocks + b"\0" + data[place:]
    assert near(read(tmp_path / "a.gif", data), [[30, 20, 10]])


def test_profile_of_a_jpeg_2000_is_heeded(tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.new("RGB", (16, 16), (10, 20, 30)).save(buffer, "JPEG2000")
    data, profile = buffer.getvalue(), swapped_rgb()
    place = data.index(b"colr") - 4
    size = struct.unpack_from(">I", data, place)[0]
    box = struct.pack(">I4s3B", 11 + len(profile), b"colr", 2, 0, 0) + profile
    outer = data.index(b"jp2h") - 4
    total = struct.unpack_from(">I", data, outer)[0] + len(box) - size
    data = data[:place] + box + data[place + size :]
    data = data[:outer] + struct.pack(">I", total) + data[outer + 4 :]
    assert near(read(tmp_path / "a.jp2", data)[:1], [[30, 20, 10]])
