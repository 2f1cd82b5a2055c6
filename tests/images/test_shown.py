"""Pictures as a page shows them."""

import base64
from io import BytesIO
from pathlib import Path

import pytest
import torch
from PIL import Image

from stylelightning.images import data_uri, shown_image, shown_png


def test_a_large_picture_is_made_smaller_and_a_small_one_left(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200)).save(tmp_path / "a.png")
    assert shown_image(tmp_path / "a.png", 150).size == (150, 100)
    assert shown_image(tmp_path / "a.png", 400).size == (300, 200)


def test_what_is_transparent_is_shown_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 0))
    image.save(tmp_path / "a.png")
    shown = shown_image(tmp_path / "a.png", 10)
    assert [shown.getpixel((x, 0)) for x in (0, 1)] == [(255, 0, 0), (255, 255, 255)]


def test_a_data_uri_holds_the_picture() -> None:
    start, _, data = data_uri(Image.new("RGB", (30, 20), (200, 30, 60)), 90).partition(",")
    assert start == "data:image/webp;base64"
    with Image.open(BytesIO(base64.b64decode(data))) as image:
        assert image.size == (30, 20)
        assert image.getpixel((15, 10)) == pytest.approx((200, 30, 60), abs=3)


def test_a_large_picture_in_memory_is_made_smaller_with_its_opacity() -> None:
    pixels, alpha = torch.full((1, 3, 20, 30), 0.2), torch.ones(1, 1, 20, 30)
    with Image.open(BytesIO(shown_png(pixels, alpha, 15))) as image:
        assert (image.mode, image.size) == ("RGBA", (15, 10))
        assert image.getpixel((7, 5)) == (51, 51, 51, 255)  # by hand
