from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from stylelightning import StyleTransferData
from stylelightning import functional as F
from stylelightning.images import convert, orientation, read, read_picture, reduction

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
SIDES = st.integers(1, 40)


@pytest.fixture
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take pictures of more than 100 pixels for large ones, and few pixels for a strip."""
    monkeypatch.setattr(reduction, "LARGE", 100)
    monkeypatch.setattr(convert, "STRIP", 150)
    monkeypatch.setattr(reduction, "COLUMNS", 7)


def noise(height: int, width: int, channels: int = 3) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)
    return Image.fromarray(values)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(height=SIDES, width=SIDES, rows=st.integers(1, 9), size=st.tuples(SIDES, SIDES))
def test_strips_are_resized_as_the_whole(
    height: int, width: int, rows: int, size: tuple[int, int]
) -> None:
    whole = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    parts = [(top, whole[:, :, top : top + rows]) for top in range(0, height, rows)]
    assert torch.equal(reduction.joined(parts, height, width), whole)
    expected = F.resize(whole, size)
    torch.testing.assert_close(reduction.joined(parts, height, width, size), expected)


@pytest.mark.usefixtures("_large")
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg"])
def test_large_picture_is_what_resizing_the_whole_gives(tmp_path: Path, name: str) -> None:
    noise(33, 57).save(tmp_path / name)
    whole = read_picture(tmp_path / name).pixels
    assert whole.shape[2:] == (33, 57)
    reduced = read_picture(tmp_path / name, 40).pixels  # too large for a JPEG's half
    torch.testing.assert_close(reduced, F.resize(whole, (23, 40)))  # by hand: 33 * 40 / 57


@pytest.mark.usefixtures("_large")
@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("L", {}),
        ("P", {}),
        ("CMYK", {}),
        (
            "RGB",
            {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()},
        ),
        ("I;16", {}),
    ],
)
def test_strips_of_every_mode_are_those_of_the_whole(
    tmp_path: Path, mode: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = noise(33, 57)
    if mode == "I;16":
        deep = np.random.default_rng(0).integers(0, 65536, (33, 57)).astype(np.uint16)
        image = Image.fromarray(deep)
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    (image if mode == "I;16" else image.convert(mode)).save(path, **options)
    in_strips = read_picture(path).pixels
    reduced = read_picture(path, 20).pixels
    monkeypatch.setattr(convert, "STRIP", 10**6)
    whole = read_picture(path).pixels
    assert torch.equal(in_strips, whole)
    torch.testing.assert_close(reduced, F.resize(whole, (12, 20)))


@pytest.mark.usefixtures("_large")
def test_opacity_in_strips_is_that_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    noise(33, 57, 4).save(path)
    in_strips, reduced = read_picture(path), read_picture(path, 20)
    monkeypatch.setattr(convert, "STRIP", 10**6)
    whole = read_picture(path)
    assert whole.alpha is not None
    torch.testing.assert_close(in_strips.pixels, whole.pixels)
    assert in_strips.alpha is not None
    assert torch.equal(in_strips.alpha, whole.alpha)
    torch.testing.assert_close(reduced.pixels, F.resize(whole.pixels, (12, 20)))
    assert reduced.alpha is not None
    torch.testing.assert_close(reduced.alpha, F.resize(whole.alpha, (12, 20)))


@pytest.mark.usefixtures("_large")
def test_large_jpeg_is_decoded_at_a_part_of_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jpg"
    noise(8, 12).resize((384, 256), Image.Resampling.BICUBIC).save(path, quality=95)
    whole = F.resize(read_picture(path).pixels, (16, 24))
    decoded: list[tuple[int, int]] = []
    kept = orientation.upright

    def noted(image: Image.Image, path: Path) -> Image.Image:
        decoded.append(image.size)
        return kept(image, path)

    monkeypatch.setattr(read, "upright", noted)
    reduced = read_picture(path, 24).pixels
    assert decoded == [(48, 32)]  # by hand: an eighth, twice what is of use
    # two filters in place of one, and values rounded on the way
    torch.testing.assert_close(reduced, whole, rtol=0, atol=4 / 255)


@pytest.mark.usefixtures("_large")
def test_run_reads_large_pictures_at_the_sizes_that_it_uses(tmp_path: Path) -> None:
    noise(48, 96).save(tmp_path / "c.png")
    noise(96, 48).save(tmp_path / "s.png")
    data = StyleTransferData(
        str(tmp_path / "c.png"), str(tmp_path / "s.png"), size=32, style_scale=2.0
    )
    data.setup("fit")
    content, (style,) = data.pictures.content(32), data.pictures.styles(32)
    assert data.pictures.content_image is not None
    assert data.pictures.content_image.own.pixels.shape == (1, 3, 16, 32)
    assert data.pictures.style_images[0].own.pixels.shape == (1, 3, 64, 32)
    torch.testing.assert_close(content, F.resize(read_picture(tmp_path / "c.png").pixels, (16, 32)))
    torch.testing.assert_close(style, F.resize(read_picture(tmp_path / "s.png").pixels, (64, 32)))


def test_usual_pictures_are_read_whole(tmp_path: Path) -> None:
    noise(48, 96).save(tmp_path / "c.png")
    assert read_picture(tmp_path / "c.png", 16).pixels.shape == (1, 3, 48, 96)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_200_megapixels_take_little_memory(tmp_path: Path, name: str) -> None:
    big = noise(768, 1024).resize((16384, 12288), Image.Resampling.NEAREST)
    big.save(tmp_path / name)
    del big
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak begins anew
    before = status("VmRSS")
    assert read_picture(tmp_path / name, 512).width == 512
    # Pillow's picture of 805 MB; nineteen bytes a pixel would be 3.8 GB
    assert status("VmHWM") - before < 1200


def status(name: str) -> float:
    """Return a number of the process' status in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(each.split()[1]) for each in lines if each.startswith(name)) / 1024
