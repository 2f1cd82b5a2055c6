"""Masks: what a picture of one says, in whatever shape it comes."""

from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from stylelightning.data.masks import read_masks, read_named_masks
from stylelightning.images import Picture, picture_of

SIZE = (32, 24)
WHAT = "the content image"


@pytest.fixture
def of() -> Picture:
    return picture_of(Image.new("RGB", SIZE, "gray"))


def half(path: Path, mode: str = "L", size: tuple[int, int] = SIZE, **options: object) -> str:
    """Write a mask that is white on the left half and black on the right."""
    image = Image.new("L", size)
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2 - 1, size[1] - 1), 255)
    image.convert(mode).save(path, **options)  # type: ignore[arg-type]
    return str(path)


def halves(mask: Tensor) -> tuple[float, float]:
    middle = mask.shape[3] // 2
    return float(mask[..., :middle].mean()), float(mask[..., middle:].mean())


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_a_mask_may_be_of_any_kind(tmp_path: Path, of: Picture, mode: str) -> None:
    if mode == "I;16":
        path = tmp_path / "mask.png"
        deep = Image.new("I;16", SIZE)
        deep.paste(65535, (0, 0, 16, 24))
        deep.save(path)
        mask = str(path)
    else:
        mask = half(tmp_path / "mask.png", mode)
    found = read_masks({"sky": mask}, of, WHAT)
    assert list(found) == ["sky", "rest"]
    assert halves(found["sky"]) == (1, 0)
    assert halves(found["rest"]) == (0, 1)


def test_the_noise_of_a_jpeg_is_no_region(tmp_path: Path, of: Picture) -> None:
    mask = half(tmp_path / "mask.jpg", size=(320, 240), quality=60)
    found = read_masks({"sky": mask}, of, WHAT)["sky"]
    assert found[..., :150].eq(1).all()
    assert found[..., 170:].eq(0).all()


def test_gray_is_between_and_transparent_is_outside(tmp_path: Path, of: Picture) -> None:
    image = Image.new("LA", SIZE, (128, 255))
    image.paste((255, 0), (16, 0, 32, 24))
    image.save(tmp_path / "mask.png")
    inside, outside = halves(read_masks({"sky": str(tmp_path / "mask.png")}, of, WHAT)["sky"])
    assert inside == pytest.approx(0.5, abs=0.01)
    assert outside == 0


@pytest.mark.parametrize("opacity", [64, 128, 254])
def test_a_layer_that_is_half_opaque_counts_with_its_own_colours(
    tmp_path: Path, of: Picture, opacity: int
) -> None:
    labels = Image.new("RGBA", SIZE, (0, 0, 255, opacity))
    labels.paste((0, 255, 0, opacity), (0, 0, 16, 24))
    labels.paste((255, 0, 0, 0), (0, 0, 32, 8))  # transparent
    labels.save(tmp_path / "labels.png")
    source = str(tmp_path / "labels.png")
    found = read_masks(source, of, WHAT)
    assert set(found) == {"green", "blue", "rest"}
    assert halves(found["green"][..., 8:, :]) == (1, 0)
    assert halves(found["rest"][..., :8, :]) == (1, 1)
    named = read_named_masks(source, ("green", "blue"), of, WHAT)
    assert halves(named["blue"][..., 8:, :]) == (0, 1)

    half(tmp_path / "mask.png")
    layer = Image.open(tmp_path / "mask.png").convert("RGBA")
    layer.putalpha(opacity)
    layer.save(tmp_path / "mask.png")
    assert halves(read_masks({"sky": str(tmp_path / "mask.png")}, of, WHAT)["sky"]) == (1, 0)


def test_masks_of_other_sizes_are_fitted_to_each_other(tmp_path: Path, of: Picture) -> None:
    small = half(tmp_path / "small.png", size=(16, 12))
    large = half(tmp_path / "large.png", size=(64, 48))
    found = read_masks({"sky": small, "sun": large}, of, WHAT)
    assert {tuple(mask.shape[2:]) for mask in found.values()} == {(48, 64)}
    # both are white on the left, where each has a half of the picture
    assert float(found["sky"][..., :30].mean()) == pytest.approx(0.5)
    assert float(found["rest"][..., 34:].mean()) == 1


@pytest.mark.parametrize("given", [("sky",), ("sky", "rest"), ("sky", "sun", "sea")])
def test_regions_add_up_to_the_whole_picture(
    tmp_path: Path, of: Picture, given: tuple[str, ...]
) -> None:
    generator = torch.Generator().manual_seed(0)
    paths = {}
    for name in given:
        levels = (torch.rand(24, 32, generator=generator) * 255).byte().numpy()
        Image.fromarray(levels).save(tmp_path / f"{name}.png")
        paths[name] = str(tmp_path / f"{name}.png")
    found = read_masks(paths, of, WHAT)
    total = sum(found.values(), torch.zeros(()))
    torch.testing.assert_close(total, torch.ones(1, 1, 24, 32))


def test_a_white_mask_is_everything(tmp_path: Path, of: Picture) -> None:
    for level in (255, 252):
        Image.new("L", SIZE, level).save(tmp_path / "white.png")
        found = read_masks({"all": str(tmp_path / "white.png")}, of, WHAT)
        assert list(found) == ["all"]
        assert found["all"].eq(1).all()


@pytest.mark.parametrize(
    ("draw", "text"),
    [
        (lambda path: Image.new("L", SIZE, 0).save(path), "must be white somewhere"),
        (lambda path: Image.new("L", (24, 24), 255).save(path), "must have the shape of the con"),
        (lambda path: Image.new("RGBA", SIZE, (255, 255, 255, 0)).save(path), "are fully transp"),
    ],
)
def test_a_mask_that_says_nothing_is_refused(
    tmp_path: Path, of: Picture, draw: object, text: str
) -> None:
    path = tmp_path / "mask.png"
    draw(path)  # type: ignore[operator]
    with pytest.raises(ValueError, match=text):
        read_masks({"sky": str(path)}, of, WHAT)


def test_a_shape_may_be_off_by_the_rounding_of_a_size(tmp_path: Path, of: Picture) -> None:
    assert read_masks({"sky": half(tmp_path / "mask.png", size=(13, 10))}, of, WHAT)


def test_no_names_are_refused(of: Picture) -> None:
    with pytest.raises(ValueError, match="must name a region"):
        read_masks({}, of, WHAT)


# of style images


def labelled(path: Path, left: str, right: str, **options: int) -> str:
    image = Image.new("RGB", SIZE, left)
    image.paste(right, (16, 0, 32, 24))
    image.save(path, **options)  # type: ignore[arg-type]
    return str(path)


def test_a_style_image_has_the_content_images_colours(tmp_path: Path, of: Picture) -> None:
    mask = labelled(tmp_path / "style.jpg", "#0404f8", "#888888", quality=60)
    found = read_named_masks(mask, ("blue", "green"), of, "the style image")
    assert list(found) == ["blue"]
    assert halves(found["blue"])[0] > 0.9
    assert halves(found["blue"])[1] == 0


def test_colours_that_the_content_image_lacks_are_refused(tmp_path: Path, of: Picture) -> None:
    mask = labelled(tmp_path / "style.png", "red", "yellow")
    for names in (("blue", "#00ff00"), ("sky", "rest")):
        with pytest.raises(ValueError, match=f"none of the content.*{', '.join(names)}"):
            read_named_masks(mask, names, of, "the style image")


def test_masks_by_name_are_those_of_the_content_images_names(tmp_path: Path, of: Picture) -> None:
    mask = half(tmp_path / "mask.png")
    found = read_named_masks({"#0000fe": mask}, ("blue", "sky"), of, "the style image")
    assert list(found) == ["blue"]
    with pytest.raises(ValueError, match=r"name the region 'sea', which .* it has blue, sky"):
        read_named_masks({"sea": mask}, ("blue", "sky"), of, "the style image")


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a\\b", "", " ", "a\nb", "../../up"])
def test_a_name_that_is_no_folders_is_refused(tmp_path: Path, of: Picture, name: str) -> None:
    mask = half(tmp_path / "mask.png")
    with pytest.raises(ValueError, match=r"give a name without / or \\, such as sky\.$"):
        read_masks({"sky": mask, name: mask}, of, WHAT)


@pytest.mark.parametrize("name", ["blue sky", "Himmel über Köln", "v1.2", "..."])
def test_other_names_are_taken(tmp_path: Path, of: Picture, name: str) -> None:
    assert name in read_masks({name: half(tmp_path / "mask.png")}, of, WHAT)
