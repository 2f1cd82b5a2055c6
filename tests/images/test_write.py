import errno
import logging
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import ExifTags, Image

from stylelightning.images import (
    PICTURE_SUFFIXES,
    convert,
    pixels_to_image,
    read_config,
    read_picture,
    write_picture,
)
from stylelightning.images.formats import picture_format

LOSSLESS = [".png", ".tif", ".tiff", ".webp"]
SIZES = array_shapes(min_dims=2, max_dims=2, max_side=5)
LEVELS = SIZES.flatmap(lambda size: arrays(np.uint8, (1, 4, *size)))
YAML = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))  # as in YAML


def test_suffixes_are_sorted() -> None:
    assert PICTURE_SUFFIXES == (".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


@pytest.mark.parametrize("suffix", LOSSLESS)
@settings(deadline=None, derandomize=True, max_examples=20)
@given(levels=LEVELS)
def test_levels_survive_a_lossless_round_trip(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, levels: npt.NDArray[np.uint8]
) -> None:  # an invariant
    path = tmp_path_factory.mktemp("levels") / f"a{suffix}"
    pixels = torch.from_numpy(levels[:, :3]) / 255
    write_picture(path, pixels)
    torch.testing.assert_close(read_picture(path).pixels, pixels, rtol=0, atol=0)


@pytest.mark.parametrize("suffix", LOSSLESS)
@settings(deadline=None, derandomize=True, max_examples=20)
@given(levels=LEVELS)
def test_alpha_survives_a_round_trip(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, levels: npt.NDArray[np.uint8]
) -> None:  # an invariant, of the file: reading fills transparent pixels
    path = tmp_path_factory.mktemp("alpha") / f"a{suffix}"
    values = torch.from_numpy(levels) / 255
    write_picture(path, values[:, :3], alpha=values[:, 3:])
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image)[None].transpose(0, 3, 1, 2), levels)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg"])
def test_jpeg_is_close_and_keeps_sharp_colours(tmp_path: Path, suffix: str) -> None:
    pixels = torch.zeros(1, 3, 16, 16)
    pixels[:, 0, :, 1::2] = 1  # red stripes of one pixel: subsampling would mix them
    write_picture(tmp_path / f"a{suffix}", pixels)
    difference = read_picture(tmp_path / f"a{suffix}").pixels - pixels
    assert difference.abs().max() < 0.05  # measured 0.02; 0.5 with 4:2:0
    with Image.open(tmp_path / f"a{suffix}") as image:
        assert image.format == "JPEG"


def test_ending_is_case_insensitive_and_chooses_the_format(tmp_path: Path) -> None:
    for name, kind in (("a.PNG", "PNG"), ("a.JpG", "JPEG"), ("a.TIF", "TIFF"), ("a.WebP", "WEBP")):
        write_picture(tmp_path / name, torch.rand(1, 3, 4, 4))
        with Image.open(tmp_path / name) as image:
            assert image.format == kind


@pytest.mark.parametrize("name", ["a.gif", "a", "a.png.bak", ".png"])
def test_unknown_ending_is_refused(tmp_path: Path, name: str) -> None:
    text = r"must end in one of \.jpeg, \.jpg, \.png, \.tif, \.tiff, \.webp, got '.*'\.$"
    with pytest.raises(ValueError, match=text):
        write_picture(tmp_path / name, torch.zeros(1, 3, 2, 2))
    assert not list(tmp_path.iterdir())


def test_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    pixels = torch.rand(1, 3, 33, 17, generator=torch.Generator().manual_seed(0))
    for folder in ("first", "second"):
        for suffix in PICTURE_SUFFIXES:
            path = tmp_path / folder / f"a{suffix}"
            write_picture(path, pixels.clone(), alpha=pixels[:, :1], config="a: ü\n")
        time.sleep(1.1)  # dates in files have whole seconds
    for suffix in PICTURE_SUFFIXES:
        first, second = (tmp_path / folder / f"a{suffix}" for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes(), suffix


def test_pixels_are_clamped_and_rounded_to_the_nearest_level() -> None:
    values = torch.tensor([-1.0, 0.49 / 255, 0.51 / 255, 2.5, torch.inf]).view(1, 1, 1, 5)
    image = pixels_to_image(values.expand(-1, 3, -1, -1))
    assert image.mode == "RGB"
    assert np.asarray(image)[0, :, 0].tolist() == [0, 0, 1, 255, 255]  # by hand


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_float_type_is_written(dtype: torch.dtype) -> None:
    pixels = torch.full((1, 3, 1, 1), 0.5, dtype=dtype, requires_grad=True)
    # By hand: 127.5 rounds to the even level.
    assert pixels_to_image(pixels).getpixel((0, 0)) == (128, 128, 128)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@settings(deadline=None, derandomize=True, max_examples=30)
@given(
    values=SIZES.flatmap(
        lambda size: arrays(np.float32, (1, 4, *size), elements=st.floats(-0.5, 1.5, width=32))
    ),
    strip=st.integers(1, 30),
)
def test_strips_join_without_a_seam(
    dtype: torch.dtype, values: npt.NDArray[np.float32], strip: int
) -> None:
    given = torch.from_numpy(values).to(dtype)
    # the whole at once, as NumPy rounds it
    expected = np.rint(given.float().numpy()[0].transpose(1, 2, 0).clip(0, 1) * np.float32(255))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convert, "STRIP", strip)
        colours = pixels_to_image(given[:, :3])
        with_alpha = pixels_to_image(given[:, :3], given[:, 3:])
    assert np.array_equal(np.asarray(colours), expected[..., :3])
    assert np.array_equal(np.asarray(with_alpha), expected)


def test_nan_is_counted_over_all_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert, "STRIP", 1)
    pixels = torch.zeros(1, 3, 4, 2)
    pixels[0, :, 1:3, 0] = torch.nan  # by hand: 2 rows of 3 channels
    with pytest.raises(ValueError, match=r"^`pixels` must be numbers, 6 of 24 values are NaN\."):
        pixels_to_image(pixels)


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
def test_bytes_are_those_that_pillow_writes_into_memory(tmp_path: Path, suffix: str) -> None:
    pixels = torch.rand(1, 3, 37, 51, generator=torch.Generator().manual_seed(0))
    write_picture(tmp_path / f"a{suffix}", pixels, config="a: 1\n")
    format_, buffer = picture_format(tmp_path / f"a{suffix}"), BytesIO()
    arguments = {**format_.options, **format_.metadata("a: 1\n")}
    pixels_to_image(pixels).save(buffer, format_.name, **arguments)
    assert (tmp_path / f"a{suffix}").read_bytes() == buffer.getvalue()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
def test_full_disk_is_told_as_such_in_every_format(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Path.open

    def full(path: Path, mode: str = "r", **options: Any) -> Any:
        return Path("/dev/full").open("wb") if mode == "xb" else written(path, mode, **options)

    monkeypatch.setattr(Path, "open", full)
    pixels = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with pytest.raises(OSError, match=r"No space left on device\. Free some space") as caught:
        write_picture(tmp_path / f"a{suffix}", pixels)
    assert caught.value.errno == errno.ENOSPC
    assert not list(tmp_path.iterdir())


def test_pixels_of_the_caller_are_not_changed() -> None:
    pixels = torch.full((1, 3, 2, 2), 2.0)
    pixels_to_image(pixels, pixels[:, :1])
    assert pixels.eq(2).all()


def test_alpha_makes_an_rgba_image() -> None:
    image = pixels_to_image(torch.ones(1, 3, 1, 1), torch.full((1, 1, 1, 1), 0.2))
    assert image.mode == "RGBA"
    assert image.getpixel((0, 0)) == (255, 255, 255, 51)


@pytest.mark.parametrize("shape", [(3, 2, 2), (2, 3, 2, 2), (1, 4, 2, 2), (1, 3, 0, 2)])
def test_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"`pixels` must have shape \(1, 3, H, W\), got \("):
        pixels_to_image(torch.zeros(shape))


def test_wrong_alpha_is_refused() -> None:
    pixels = torch.zeros(1, 3, 2, 2)
    with pytest.raises(ValueError, match=r"size of `pixels`, \(2, 2\), got \(2, 3\)\.$"):
        pixels_to_image(pixels, torch.zeros(1, 1, 2, 3))
    with pytest.raises(ValueError, match=r"`alpha` must have shape \(1, 1, H, W\), got"):
        pixels_to_image(pixels, pixels)


def test_integers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must be floats in \[0, 1\], got torch\.uint8\.$"):
        pixels_to_image(torch.zeros(1, 3, 2, 2, dtype=torch.uint8))


def test_nan_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    pixels = torch.zeros(1, 3, 2, 2)
    pixels[0, 1, 0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"1 of 12 values are NaN\. The optimisation diverged"):
        write_picture(tmp_path / "a.png", pixels)
    assert not list(tmp_path.iterdir())


def test_jpeg_lays_transparent_pixels_on_white_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pixels = torch.zeros(1, 3, 16, 16)
    alpha = torch.full((1, 1, 16, 16), 0.2)
    write_picture(tmp_path / "a.jpg", pixels, alpha=alpha)
    written = read_picture(tmp_path / "a.jpg")
    # By hand: 0.2 * 0 + 0.8 * 1.
    torch.testing.assert_close(
        written.pixels, torch.full((1, 3, 16, 16), 0.8), rtol=0, atol=2 / 255
    )
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "JPEG holds no opacity" in caplog.records[0].getMessage()


@pytest.mark.parametrize(("suffix", "side"), [(".webp", 16383), (".jpg", 65500)])
def test_too_large_for_the_format_is_refused(tmp_path: Path, suffix: str, side: int) -> None:
    write_picture(tmp_path / f"a{suffix}", torch.zeros(1, 3, 1, side))
    text = rf"at most {side} pixels, got {side + 1} x 1\. Write \.png\.$"
    with pytest.raises(ValueError, match=text):
        write_picture(tmp_path / f"b{suffix}", torch.zeros(1, 3, 1, side + 1))


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
@settings(deadline=None, derandomize=True, max_examples=30)
@given(config=YAML)
def test_config_survives_in_every_format(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, config: str
) -> None:  # an invariant
    path = tmp_path_factory.mktemp("config") / f"a{suffix}"
    write_picture(path, torch.zeros(1, 3, 2, 2), config=config)
    assert read_config(path) == config


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
def test_long_config_survives(tmp_path: Path, suffix: str) -> None:
    config = "# größer\n" * 5900  # 64,900 bytes in UTF-8
    write_picture(tmp_path / f"a{suffix}", torch.zeros(1, 3, 2, 2), config=config)
    assert read_config(tmp_path / f"a{suffix}") == config


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
def test_config_does_not_change_the_picture(tmp_path: Path, suffix: str) -> None:
    pixels = torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    write_picture(tmp_path / f"a{suffix}", pixels)
    write_picture(tmp_path / f"b{suffix}", pixels, config="a: 1\n")
    a, b = (read_picture(tmp_path / f"{name}{suffix}").pixels for name in "ab")
    assert torch.equal(a, b)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_config_too_long_for_exif_is_left_out_with_a_warning(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    write_picture(tmp_path / f"a{suffix}", torch.zeros(1, 3, 2, 2), config="a" * 65_001)
    assert len(caplog.records) == 1
    assert "config of 65001 bytes is left out" in caplog.records[0].getMessage()
    with pytest.raises(ValueError, match="carries no config"):
        read_config(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
def test_picture_without_config_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_picture(path, torch.zeros(1, 3, 2, 2))
    with pytest.raises(ValueError, match=rf"^The picture {path} carries no config: .*\.$"):
        read_config(path)


def test_description_of_a_camera_is_no_config(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[270], exif[305] = "OLYMPUS DIGITAL CAMERA", "Version 1.0"
    Image.new("RGB", (2, 2)).save(tmp_path / "a.jpg", exif=exif)
    with pytest.raises(ValueError, match="carries no config"):
        read_config(tmp_path / "a.jpg")


def test_config_of_a_file_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("trainer: {}\n")
    with pytest.raises(ValueError, match="it is not a picture Pillow can read"):
        read_config(tmp_path / "a.png")
    with pytest.raises(FileNotFoundError, match=r"did you mean a\.png"):
        read_config(tmp_path / "a.jpg")


def test_png_and_jpeg_say_that_they_are_srgb(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", torch.zeros(1, 3, 2, 2))
    write_picture(tmp_path / "a.jpg", torch.zeros(1, 3, 2, 2))
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["srgb"] == 0  # PNG 3rd edition, 11.3.2.5: perceptual
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.getexif().get_ifd(0x8769)[0xA001] == 1  # EXIF 2.3: ColorSpace sRGB


def test_broken_config_is_named_with_its_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = "stylelightning"
    exif[ExifTags.Base.ImageDescription] = b"data: \xff"
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", exif=exif)
    with pytest.raises(ValueError, match=r"a\.jpg: the config in it is broken \('utf-8'"):
        read_config(tmp_path / "a.jpg")
