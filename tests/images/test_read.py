import logging
import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from stylelightning.images import PIXEL_LIMIT, read_picture
from stylelightning.images.opening import open_image
from tests.images.profiles import light_cmyk, linear_gray, png, swapped_rgb, with_tag

LEVEL = 1 / 255


def save(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def colours(path: Path) -> list[list[int]]:
    """Return the picture's 8-bit colours in reading order."""
    pixels = read_picture(path).pixels
    return (pixels * 255).round().int()[0].flatten(1).T.tolist()


def srgb(light: float) -> float:
    """Return sRGB's value for a share of light, IEC 61966-2-1."""
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def test_picture_has_float_pixels_no_alpha_and_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "a.png", Image.new("RGB", (5, 3), (255, 0, 51)))
    monkeypatch.chdir(tmp_path)
    picture = read_picture("a.png")
    assert picture.pixels.shape == (1, 3, 3, 5)
    assert picture.pixels.dtype == torch.float32
    assert picture.pixels.is_contiguous()
    assert (picture.height, picture.width) == (3, 5)
    assert picture.alpha is None
    assert picture.path == tmp_path / "a.png"
    # By hand: 51 / 255 = 0.2.
    torch.testing.assert_close(picture.pixels[0, :, 0, 0], torch.tensor([1.0, 0.0, 0.2]))


def test_one_pixel_is_a_picture(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", Image.new("RGB", (1, 1), (1, 2, 3)))
    assert colours(path) == [[1, 2, 3]]


def test_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "a.png", Image.new("L", (1, 1)))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_picture("~/a.png").path == tmp_path / "a.png"


# orientation, by hand, EXIF 2.3: which stored pixel of the rows [a b c], [d e f] comes where.
@pytest.mark.parametrize("suffix", [".png", ".tif"])  # Pillow turns TIFF itself, PNG not
@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, ["abc", "def"]),
        (2, ["cba", "fed"]),
        (3, ["fed", "cba"]),
        (4, ["def", "abc"]),
        (5, ["ad", "be", "cf"]),
        (6, ["da", "eb", "fc"]),
        (7, ["fc", "eb", "da"]),
        (8, ["cf", "be", "ad"]),
        (9, ["abc", "def"]),
    ],
)
def test_exif_orientation_is_applied(
    tmp_path: Path, orientation: int, expected: list[str], suffix: str
) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    stored = Image.fromarray(np.frombuffer(b"abcdef", np.uint8).reshape(2, 3))
    pixels = read_picture(save(tmp_path / f"a{suffix}", stored, exif=exif)).pixels
    rows = (pixels[0, 0] * 255).round().to(torch.uint8).numpy()
    assert [bytes(row).decode() for row in rows] == expected


def test_sixteen_bit_picture_is_turned(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    stored = Image.fromarray(np.array([[1, 2, 3]], np.uint16))
    pixels = read_picture(save(tmp_path / "a.png", stored, exif=exif)).pixels
    assert (pixels[0, 0, :, 0] * 65535).round().tolist() == [1, 2, 3]


def test_broken_exif_is_logged_and_not_turned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chunk = b"eXIf" + b"no TIFF header"
    path = tmp_path / "a.png"
    path.write_bytes(png(1, 1, 8, 0, b"\0\7", chunk))
    assert colours(path) == [[7, 7, 7]]
    assert [record.getMessage()[:12] for record in caplog.records] == ["The EXIF dat"]


# 16 bits; oracle: value / 65535, the definition of 16 bits.
@pytest.mark.parametrize("name", ["a.png", "a.tif", "big.tif", "a.pgm", "a.jp2"])
def test_sixteen_bit_gray_ramp_keeps_its_range_and_steps(tmp_path: Path, name: str) -> None:
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    image = Image.fromarray(ramp.astype(">u2")) if name == "big.tif" else Image.fromarray(ramp)
    assert image.mode == ("I;16B" if name == "big.tif" else "I;16")
    pixels = read_picture(save(tmp_path / name, image)).pixels
    expected = torch.arange(65536, dtype=torch.float32).div(65535).view(1, 1, 256, 256)
    torch.testing.assert_close(pixels, expected.expand(-1, 3, -1, -1))
    assert pixels.is_contiguous()


def test_sixteen_bit_colours_keep_their_range(tmp_path: Path) -> None:
    row = struct.pack(">B6H", 0, 0, 0x8000, 0xFFFF, 0xFFFF, 0, 0x00FF)
    path = tmp_path / "a.png"
    path.write_bytes(png(2, 1, 16, 2, row))
    assert colours(path) == [[0, 128, 255], [255, 0, 0]]  # the high byte of each


def test_twelve_bit_gray_is_scaled_by_its_own_white(tmp_path: Path) -> None:
    # The bytes FF F8 00 00 are two samples of 12 bits, FFF and 800, and one byte too many.
    path = save(tmp_path / "a.tif", Image.fromarray(np.array([[0xF8FF, 0]], np.uint16)))
    path.write_bytes(with_tag(path.read_bytes(), 258, 12))  # BitsPerSample
    # By hand: 0xFFF is white, 0x800 = 2048 of 4095.
    torch.testing.assert_close(
        read_picture(path).pixels[0, 0, 0], torch.tensor([1.0, 2048 / 4095]), rtol=0, atol=1e-5
    )


def test_sixteen_bit_gray_with_zero_as_white_is_inverted(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 65535, 65534]], np.uint16))
    path = save(tmp_path / "a.tif", image, tiffinfo={262: 0})  # WhiteIsZero
    # By hand: 65535 - value.
    assert (read_picture(path).pixels[0, 0, 0] * 65535).round().tolist() == [65535, 0, 1]


def test_float_gray_is_read_as_it_is(tmp_path: Path) -> None:
    values = np.array([[0.0, 0.123456, 1.0, 1.001, -0.001]], np.float32)
    pixels = read_picture(save(tmp_path / "a.tif", Image.fromarray(values))).pixels
    # Less than half of 1/255 outside the range counts as rounding.
    assert pixels[0, 2, 0].tolist() == [0.0, np.float32(0.123456), 1.0, 1.0, 0.0]


# opacity
def test_hidden_colours_do_not_appear(tmp_path: Path) -> None:
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 0))  # hidden red
    image.putpixel((1, 0), (10, 20, 30, 255))
    path = save(tmp_path / "a.png", image)
    # By hand: the mean of what is seen is (10, 20, 30).
    assert colours(path) == [[10, 20, 30], [10, 20, 30]]
    alpha = read_picture(path).alpha
    assert alpha is not None
    assert alpha.tolist() == [[[[0.0, 1.0]]]]


def test_half_transparent_pixels_lie_on_the_weighted_mean(tmp_path: Path) -> None:
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 51))
    image.putpixel((1, 0), (0, 0, 255, 204))
    pixels = read_picture(save(tmp_path / "a.png", image)).pixels
    # By hand: opacity 0.2 and 0.8, mean (0.2, 0, 0.8), red pixel 0.2 * red + 0.8 * mean.
    expected = torch.tensor([[0.36, 0.0, 0.64], [0.04, 0.0, 0.96]])
    torch.testing.assert_close(pixels[0, :, 0].T, expected)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(hidden=st.tuples(*[st.integers(0, 255)] * 3), opacity=st.integers(1, 255))
def test_hidden_colour_never_matters(
    tmp_path_factory: pytest.TempPathFactory, hidden: tuple[int, int, int], opacity: int
) -> None:  # an invariant
    folder = tmp_path_factory.mktemp("hidden")
    pictures = []
    for name, colour in (("a.png", hidden), ("b.png", (0, 0, 0))):
        image = Image.new("RGBA", (2, 2), (*colour, 0))
        image.putpixel((0, 0), (9, 99, 199, opacity))
        pictures.append(read_picture(save(folder / name, image)).pixels)
    assert torch.equal(*pictures)


@pytest.mark.parametrize(("mode", "colour"), [("LA", (50, 128)), ("RGBA", (50, 50, 50, 128))])
def test_premultiplied_colours_are_divided_by_alpha(
    tmp_path: Path, mode: str, colour: tuple[int, ...]
) -> None:
    path = save(tmp_path / "a.tif", Image.new(mode, (1, 1), colour))
    path.write_bytes(with_tag(path.read_bytes(), 338, 1))  # ExtraSamples: associated alpha
    picture = read_picture(path)
    # By hand: 50 * 255 / 128 = 99.6, which Pillow cuts or rounds.
    torch.testing.assert_close(
        picture.pixels[0, 0], torch.tensor([[99.6 / 255]]), rtol=0, atol=LEVEL
    )
    assert picture.alpha is not None
    assert picture.alpha.item() == pytest.approx(128 / 255)


def test_opaque_alpha_is_none(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", Image.new("RGBA", (2, 2), (1, 2, 3, 255)))
    assert read_picture(path).alpha is None
    assert colours(path) == [[1, 2, 3]] * 4


# every mode becomes three channels of the right colour. Oracle: by hand, the definition of
# each mode; gray 100 has no colour, CMYK (0, 255, 255, 0) is red.
@pytest.mark.parametrize(
    ("mode", "colour", "name", "expected"),
    [
        ("1", 255, "a.png", [255, 255, 255]),
        ("L", 100, "a.png", [100, 100, 100]),
        ("LA", (100, 255), "a.png", [100, 100, 100]),
        ("P", 0, "a.png", [7, 8, 9]),
        ("PA", (0, 255), "a.tif", [7, 8, 9]),
        ("RGBX", (7, 8, 9, 0), "a.tif", [7, 8, 9]),
        ("CMYK", (0, 255, 255, 0), "a.tif", [255, 0, 0]),
        ("CMYK", (0, 255, 255, 0), "a.jpg", [255, 0, 0]),
        ("YCbCr", (100, 128, 128), "a.tif", [100, 100, 100]),
        ("LAB", (0, 128, 128), "a.tif", [1, 0, 1]),  # the transform rounds: black is 0
        ("LAB", (255, 128, 128), "a.tif", [254, 255, 254]),  # white is 255
    ],
)
def test_every_mode_is_read_as_three_channels(
    tmp_path: Path, mode: str, colour: int | tuple[int, ...], name: str, expected: list[int]
) -> None:
    image = Image.new(mode, (2, 2), colour)
    if mode.startswith("P"):
        image.putpalette([7, 8, 9] + [0] * 765)
        image.paste(colour, (0, 0, 2, 2))
    assert colours(save(tmp_path / name, image)) == [expected] * 4


def test_gray_picture_has_three_equal_channels(tmp_path: Path) -> None:
    image = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    pixels = read_picture(save(tmp_path / "a.png", image)).pixels
    assert torch.equal(pixels[:, 0], pixels[:, 1])
    assert torch.equal(pixels[:, 1], pixels[:, 2])


@pytest.mark.parametrize("transparency", [1, b"\xff\x00"])
def test_palette_with_transparency_hides_its_colour(
    tmp_path: Path, transparency: int | bytes
) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([7, 8, 9, 255, 0, 0] + [0] * 762)
    image.putpixel((1, 0), 1)
    path = save(tmp_path / "a.png", image, transparency=transparency)
    assert colours(path) == [[7, 8, 9]] * 2
    alpha = read_picture(path).alpha
    assert alpha is not None
    assert alpha.flatten().tolist() == [1.0, 0.0]


def test_palette_with_partial_transparency_keeps_it(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([7, 8, 9, 7, 8, 9] + [0] * 762)
    image.putpixel((1, 0), 1)
    alpha = read_picture(save(tmp_path / "a.png", image, transparency=b"\xff\x33")).alpha
    assert alpha is not None
    torch.testing.assert_close(alpha.flatten(), torch.tensor([1.0, 0.2]))  # 0x33 / 255


@pytest.mark.parametrize(
    ("mode", "shown", "hidden"),
    [("1", 0, 255), ("L", 9, 200), ("RGB", (9, 9, 9), (200, 0, 0)), ("I;16", 900, 200)],
)
def test_transparent_colour_of_a_png_is_hidden(
    tmp_path: Path, mode: str, shown: int | tuple[int, ...], hidden: int | tuple[int, ...]
) -> None:
    image = Image.new(mode, (2, 1), shown)
    image.putpixel((1, 0), hidden)
    picture = read_picture(save(tmp_path / "a.png", image, transparency=hidden))
    assert picture.alpha is not None
    assert picture.alpha.flatten().tolist() == [1.0, 0.0]
    torch.testing.assert_close(picture.pixels[..., 1], picture.pixels[..., 0])


def test_transparent_colour_of_sixteen_bits_is_hidden(tmp_path: Path) -> None:
    row = struct.pack(">B6H", 0, 0x0900, 0x0900, 0x0900, 0xC800, 0, 0)
    path = tmp_path / "a.png"
    path.write_bytes(png(2, 1, 16, 2, row, b"tRNS" + struct.pack(">3H", 0xC800, 0, 0)))
    assert colours(path) == [[9, 9, 9]] * 2


# a profile that fits is applied, another is ignored with one warning.
def test_rgb_profile_is_applied(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    image = Image.new("RGB", (1, 1), (255, 0, 0))
    path = save(tmp_path / "a.png", image, icc_profile=swapped_rgb())
    assert colours(path) == [[0, 0, 255]]  # by hand: the profile swaps red and blue
    assert not caplog.records


def test_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    ramp = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = save(tmp_path / "a.png", Image.fromarray(ramp), icc_profile=profile)
    expected = torch.from_numpy(ramp).permute(2, 0, 1)[None] / 255
    # One level: the transform rounds.
    torch.testing.assert_close(read_picture(path).pixels, expected, rtol=0, atol=1.01 * LEVEL)


@pytest.mark.parametrize("mode", ["P", "RGBA", "YCbCr"])
def test_rgb_profile_is_applied_to_every_mode_of_rgb_colours(
    tmp_path: Path, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    image = Image.new("RGB", (1, 1), (255, 0, 0)).convert(mode)
    path = save(tmp_path / "a.tif", image, icc_profile=swapped_rgb())
    # Oracle: the same picture converted to RGB before.
    before = save(tmp_path / "b.tif", image.convert("RGB"), icc_profile=swapped_rgb())
    assert colours(path) == colours(before)
    assert colours(path)[0][2] > 250
    assert not caplog.records


@pytest.mark.parametrize("mode", ["L", "LA"])
@pytest.mark.parametrize(("value", "expected"), [(1, 13), (128, 188)])
def test_gray_profile_is_applied(
    tmp_path: Path, mode: str, value: int, expected: int, caplog: pytest.LogCaptureFixture
) -> None:
    image = Image.new("L", (1, 1), value).convert(mode)
    path = save(tmp_path / "a.png", image, icc_profile=linear_gray())
    # By hand, also where the transform of Little CMS is coarse: 255 * srgb(value / 255).
    assert colours(path) == [[expected] * 3]
    assert round(255 * srgb(value / 255)) == expected
    assert not caplog.records


def test_gray_profile_is_applied_to_sixteen_bits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    values = np.linspace(0, 65535, 5000).astype(np.uint16)
    path = save(tmp_path / "a.png", Image.fromarray(values[None]), icc_profile=linear_gray())
    pixels = read_picture(path).pixels[0, 0, 0]
    expected = torch.tensor([srgb(value / 65535) for value in values.tolist()])
    # Half a level because the transform gives 8 bits.
    torch.testing.assert_close(pixels, expected, rtol=0, atol=0.5 * LEVEL)
    assert len(set(pixels.tolist())) > 4000  # not quantised to 256 levels
    assert not caplog.records


def test_cmyk_profile_is_applied(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    image = Image.new("CMYK", (2, 1), (0, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 0))
    path = save(tmp_path / "a.jpg", image, icc_profile=light_cmyk(), quality=100, subsampling=0)
    # By hand: black ink alone has L* = 100 * 128 / 255 = 50.2, light ((50.2 + 16) / 116)^3 =
    # 0.1859, sRGB 0.4684 = 119.4; without the profile it would be 0.
    black, paper = colours(path)
    assert np.abs(np.array(black) - 119.4).max() < 2.5
    assert paper == [255, 255, 255]
    assert not caplog.records


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16", "CMYK"])
def test_profile_of_other_colours_is_ignored_with_one_warning(
    tmp_path: Path, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    image = Image.new(mode, (2, 1))
    path = save(tmp_path / "a.tif", image, icc_profile=swapped_rgb())
    plain = save(tmp_path / "b.tif", image)
    expected = read_picture(plain).pixels if mode != "LA" else None
    caplog.clear()
    if expected is None:
        with pytest.raises(ValueError, match="fully transparent"):
            read_picture(path)
    else:
        assert torch.equal(read_picture(path).pixels, expected)
    assert len(caplog.records) == 1
    assert caplog.records[0].levelno == logging.WARNING
    assert "it describes RGB colours" in caplog.records[0].getMessage()
    assert str(path) in caplog.records[0].getMessage()


def test_lab_colours_need_no_profile(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    image = Image.new("LAB", (1, 1), (128, 200, 128))
    path = save(tmp_path / "a.tif", image, icc_profile=swapped_rgb())
    assert colours(path) == colours(save(tmp_path / "b.tif", image))  # L*a*b* is absolute
    assert not caplog.records


@pytest.mark.parametrize("profile", [b"garbage", swapped_rgb()[:200]])
def test_broken_profile_is_ignored_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, profile: bytes
) -> None:
    image = Image.new("RGB", (1, 1), (1, 2, 3))
    path = save(tmp_path / "a.png", image, icc_profile=profile)
    assert colours(path) == [[1, 2, 3]]
    assert len(caplog.records) == 1
    assert "colours may be off" in caplog.records[0].getMessage()


# sizes that Pillow warns of
def test_large_picture_below_the_limit_is_read_without_noise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "a.png", Image.new("L", (12, 12)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # Pillow warns above, refuses at 200
    assert read_picture(path).width == 12


def test_pillows_limit_is_as_it_was_after_reading(tmp_path: Path) -> None:
    before = Image.MAX_IMAGE_PIXELS
    with open_image(save(tmp_path / "a.png", Image.new("L", (1, 1)))):
        assert Image.MAX_IMAGE_PIXELS == PIXEL_LIMIT // 2  # Pillow refuses above twice as many
        read_picture(tmp_path / "a.png")
        assert Image.MAX_IMAGE_PIXELS == PIXEL_LIMIT // 2
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.tif", "a.webp"])
def test_first_frame_is_read(tmp_path: Path, name: str) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("white", "black", "red")]
    path = tmp_path / name
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert colours(path) == [[255, 255, 255]] * 16


def test_file_of_another_ending_is_read_by_its_content(tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.new("RGB", (1, 1), (1, 2, 3)).save(buffer, "PNG")
    path = tmp_path / "a.jpg"
    path.write_bytes(buffer.getvalue())
    assert colours(path) == [[1, 2, 3]]
