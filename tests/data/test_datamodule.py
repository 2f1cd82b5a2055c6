import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from stylelightning import StyleTransferData
from stylelightning import functional as F
from stylelightning.colours import ContentToStyle, LuminanceOnly, StyleToContent
from stylelightning.data import StyleImage
from stylelightning.images import read_picture, write_picture
from tests.colours.pictures import recoloured


def make_data(
    tmp_path: Path, style_size: tuple[int, int] = (20, 40), **values: object
) -> StyleTransferData:
    write_picture(tmp_path / "c.png", torch.rand(1, 3, 30, 60))
    write_picture(tmp_path / "s.png", torch.rand(1, 3, *style_size))
    data = StyleTransferData(
        str(tmp_path / "c.png"),
        str(tmp_path / "s.png"),
        **{"size": 40, **values},  # type: ignore[arg-type]
    )
    data.setup("fit")
    return data


def test_the_content_image_gives_the_aspect_ratio(tmp_path: Path) -> None:
    data = make_data(tmp_path)
    content = data.pictures.content(40)
    assert content is not None
    assert content.shape == (1, 3, 20, 40)


def test_the_style_keeps_its_own_aspect_ratio(tmp_path: Path) -> None:
    data = make_data(tmp_path, style_size=(40, 20))
    assert [tuple(style.shape) for style in data.pictures.styles(40)] == [(1, 3, 40, 20)]


def test_style_scale_multiplies_the_long_side(tmp_path: Path) -> None:
    data = make_data(tmp_path, style_scale=0.5)
    assert [tuple(style.shape) for style in data.pictures.styles(40)] == [(1, 3, 10, 20)]


def test_an_enlarged_style_image_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        make_data(tmp_path, style_scale=2.0)
    assert "The style image is 40 px and is enlarged to 80 px" in caplog.text


def test_a_style_image_of_one_colour_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_picture(tmp_path / "s.png", torch.full((1, 3, 40, 40), 0.3))
    with caplog.at_level(logging.WARNING):
        StyleTransferData(style=str(tmp_path / "s.png"), size=40).setup("fit")
    assert "The style image has one colour only, and so will the picture" in caplog.text
    caplog.clear()
    make_data(tmp_path, style_size=(40, 40))
    assert "one colour" not in caplog.text


def test_a_style_image_of_one_pixel_has_one_colour(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        make_data(tmp_path, style_size=(1, 1))  # and torch warns of nothing
    assert "The style image has one colour only" in caplog.text


def test_without_a_size_the_picture_has_the_content_images_own(tmp_path: Path) -> None:
    write_picture(tmp_path / "c.png", torch.rand(1, 3, 30, 60))
    data = StyleTransferData(str(tmp_path / "c.png"), size=None)
    data.setup("fit")
    assert data.pictures.picture_size(data.pictures.size) == (30, 60)


def test_without_content_the_style_gives_the_aspect_ratio(tmp_path: Path) -> None:
    write_picture(tmp_path / "s.png", torch.rand(1, 3, 30, 60))
    data = StyleTransferData(style=str(tmp_path / "s.png"), size=20)
    data.setup("fit")
    assert data.pictures.picture_size(20) == (10, 20)
    assert data.pictures.content(20) is None


def test_a_picture_without_content_has_any_aspect_ratio(tmp_path: Path) -> None:
    write_picture(tmp_path / "s.png", torch.rand(1, 3, 30, 60))
    data = StyleTransferData(style=str(tmp_path / "s.png"), size=20, aspect_ratio=0.5)
    data.setup("fit")
    assert data.pictures.picture_size(20) == (20, 10)
    assert [tuple(style.shape) for style in data.pictures.styles(20)] == [(1, 3, 10, 20)]


def test_several_style_images_have_sizes_and_shares_of_their_own(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("a.png", "b.png")]
    write_picture(tmp_path / "a.png", torch.rand(1, 3, 20, 40))
    write_picture(tmp_path / "b.png", torch.rand(1, 3, 40, 20))
    style = [StyleImage(paths[0], weight=3.0), StyleImage(paths[1], scale=0.5)]
    data = StyleTransferData(style=[*style], size=40, style_scale=0.5)
    data.setup("fit")
    assert [tuple(each.shape) for each in data.pictures.styles(40)] == [
        (1, 3, 10, 20),
        (1, 3, 10, 5),
    ]
    assert data.pictures.shares == (0.75, 0.25)
    assert data.pictures.picture_size(40) == (20, 40)  # the first one's shape
    plain = StyleTransferData(style=[*paths])
    plain.setup("fit")
    assert plain.pictures.shares == (0.5, 0.5)


def test_every_style_image_that_is_enlarged_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.png", "b.png"):
        write_picture(tmp_path / name, torch.rand(1, 3, 20, 40))
    style: list[str | StyleImage] = [str(tmp_path / "a.png")]
    style.append(StyleImage(str(tmp_path / "b.png"), scale=2.0))
    with caplog.at_level(logging.WARNING):
        StyleTransferData(style=style, size=40).setup("fit")
    assert [record.getMessage() for record in caplog.records] == [
        f"The style image {tmp_path / 'b.png'} is 40 px and is enlarged to 80 px: its strokes will "
        "be soft. A smaller scale of it keeps them sharp."
    ]


def test_colours_are_treated_before_the_images_are_resized(tmp_path: Path) -> None:
    to_style = make_data(tmp_path, size=60, colours=ContentToStyle())
    changed = to_style.pictures.content(60)
    assert changed is not None
    torch.testing.assert_close(
        to_style.pictures.styles(40)[0], F.resize(read_picture(tmp_path / "s.png").pixels, (20, 40))
    )
    expected = recoloured(read_picture(tmp_path / "c.png"), read_picture(tmp_path / "s.png"))
    torch.testing.assert_close(changed, expected)
    to_content = make_data(tmp_path, colours=StyleToContent())
    expected = recoloured(read_picture(tmp_path / "s.png"), read_picture(tmp_path / "c.png"))
    torch.testing.assert_close(to_content.pictures.styles(40)[0], expected)


def test_the_finished_picture_has_the_contents_own_colours(tmp_path: Path) -> None:
    data = make_data(tmp_path, colours=LuminanceOnly())
    content = F.resize(read_picture(tmp_path / "c.png").pixels, (20, 40))
    gray = data.pictures.content(40)
    assert gray is not None
    # the content image's own luminance gives the content image
    torch.testing.assert_close(
        data.pictures.finished(gray), content, rtol=0, atol=0.05
    )  # cut when resized
    assert torch.equal(make_data(tmp_path).pictures.finished(gray), gray)


def test_opacity_is_resized_with_the_picture(tmp_path: Path) -> None:
    write_picture(tmp_path / "c.png", torch.rand(1, 3, 8, 8), alpha=torch.full((1, 1, 8, 8), 0.2))
    data = StyleTransferData(str(tmp_path / "c.png"), size=16)
    data.setup("fit")
    torch.testing.assert_close(data.pictures.alpha((16, 16)), torch.full((1, 1, 16, 16), 0.2))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"content": "c.png", "size": 0}, "`data.size` must be at least 1 pixel, got 0"),
        ({"content": "c.png", "style_scale": 0.0}, "`data.style_scale` must be above 0, got 0.0"),
        ({}, "needs a content image, a style image or both"),
        ({"style": []}, "`data.style` must name at least one image, or be null, got "),
        ({"style": ["{pth: a.jpg}"]}, "must be a path, or have the keys path, weight and scale"),
        ({"style": [StyleImage("s.png", weight=0.0)]}, "must have an image with a weight above 0"),
        ({"style": "s.png", "aspect_ratio": 0.0}, "`data.aspect_ratio` must be above 0, got 0.0"),
        ({"content": "c.png", "aspect_ratio": 1.0}, "but the picture has the content image's: giv"),
        ({"content": "c.png", "colours": ContentToStyle()}, "got no style image: give --data.styl"),
        ({"style": "s.png", "colours": LuminanceOnly()}, "got no content image: give --data.conte"),
    ],
)
def test_bad_options_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StyleTransferData(**values)  # type: ignore[arg-type]


def test_pictures_are_read_in_setup(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="read in `setup`"):
        StyleTransferData(str(tmp_path / "c.png"), size=None).pictures.picture_size(10)


def test_the_endless_loader_says_that_it_can_resume(tmp_path: Path) -> None:
    loader = make_data(tmp_path).train_dataloader()
    loader.load_state_dict(loader.state_dict())
    assert len(next(iter(loader))) == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"weight": -1.0}, "The weight of the style image s.png must be at least 0, got -1.0"),
        ({"weight": float("inf")}, "must be at least 0, got inf"),
        ({"scale": 0.0}, "The scale of the style image s.png must be above 0, got 0.0"),
    ],
)
def test_bad_numbers_of_a_style_image_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StyleImage("s.png", **values)
