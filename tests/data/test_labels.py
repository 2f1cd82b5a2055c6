"""Label pictures: which colours are regions, and what they are called."""

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from stylelightning.data.labels import COLOURS, colour_of, labels_of, name_of, same_region
from tests.conftest import smooth_picture

BROWN = (128 / 255, 64 / 255, 0.0)


def painted(*colours: tuple[float, float, float], side: int = 24) -> Tensor:
    """Return columns of equal width in these colours, (1, 3, side, n * side)."""
    columns = [torch.tensor(colour)[:, None, None].expand(3, side, side) for colour in colours]
    return torch.cat(columns, 2)[None].clone()


def as_jpeg(pixels: Tensor, quality: int) -> Tensor:
    levels = (pixels[0].permute(1, 2, 0) * 255).round().byte().numpy()
    file = BytesIO()
    Image.fromarray(levels).save(file, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1)[None].float() / 255


def test_each_colour_is_a_region() -> None:
    masks = labels_of(painted(COLOURS["blue"], BROWN), None, "labels")
    assert set(masks) == {"blue", "#804000"}
    assert masks["blue"][..., :24].eq(1).all()
    assert masks["blue"][..., 24:].eq(0).all()
    assert torch.equal(sum(masks.values(), torch.zeros(())), torch.ones(1, 1, 24, 48))


@pytest.mark.parametrize("quality", [60, 90])
def test_a_jpeg_has_the_regions_that_were_saved(quality: int) -> None:
    colours = [COLOURS["blue"], COLOURS["yellow"], COLOURS["black"], BROWN]
    clean = labels_of(painted(*colours), None, "clean")
    noisy = labels_of(as_jpeg(painted(*colours), quality), None, "noisy")
    assert {name for name in noisy if name in COLOURS} == {"blue", "yellow", "black"}
    assert len(noisy) == 4
    brown = same_region("#804000", noisy)
    assert brown is not None
    for name, mask in clean.items():
        other = noisy[brown if name == "#804000" else name]
        assert (mask != other).float().mean() < 0.03, name  # at the borders alone


def test_colours_between_two_regions_are_none_of_their_own() -> None:
    # enlarged by 8 without sharp edges: a quarter of the pixels is on the way from blue to yellow
    small = painted(COLOURS["blue"], COLOURS["yellow"], side=4)
    large = torch.nn.functional.interpolate(small, scale_factor=8, mode="bilinear")
    assert set(labels_of(large, None, "large")) == {"blue", "yellow"}


def test_what_is_transparent_is_in_no_region() -> None:
    opacity = torch.ones(1, 1, 24, 48)
    opacity[..., 24:] = 0
    masks = labels_of(painted(COLOURS["red"], COLOURS["white"]), opacity, "layer")
    assert set(masks) == {"red"}
    assert masks["red"].sum() == 24 * 24


@pytest.mark.parametrize("side", [16, 64])
def test_a_photograph_is_refused(side: int) -> None:
    with pytest.raises(ValueError, match=r"mask me\.jpg must be a label picture.*photograph"):
        labels_of(smooth_picture(side, side, 3), None, "me.jpg")


def test_a_photograph_of_few_colours_is_refused() -> None:
    # as a drawing in ink: slopes of gray, each pixel of them near some label or other
    coarse = torch.rand(1, 1, 5, 6, generator=torch.Generator().manual_seed(0))
    gray = torch.nn.functional.interpolate(coarse, (100, 120), mode="bicubic").clamp(0, 1)
    with pytest.raises(ValueError, match="photograph"):
        labels_of(gray.expand(-1, 3, -1, -1), None, "ink.jpg")


def test_too_many_colours_are_refused() -> None:
    colours = [(red, green, 0.5) for red in (0, 0.25, 0.5, 0.75, 1) for green in (0, 0.3, 0.6, 0.9)]
    with pytest.raises(ValueError, match="at most 16 colours"):
        labels_of(painted(*colours), None, "palette")


@pytest.mark.parametrize("name", COLOURS)
def test_a_pure_colour_has_its_word_as_a_name(name: str) -> None:
    pure = torch.tensor(COLOURS[name])
    assert name_of(pure) == name
    assert name_of((pure - 0.02).abs()) == name  # 0.02 and 0.98 for 0 and 1
    assert torch.equal(colour_of(name.upper()), pure)  # type: ignore[arg-type]


def test_a_name_stands_for_the_region_whose_colour_is_near() -> None:
    names = ("blue", "#804000", "sky")
    for given, meant in (
        ("blue", "blue"),
        ("Blue", "blue"),
        ("#0000FE", "blue"),
        ("#1000f0", "blue"),
        ("#7f4103", "#804000"),
        ("sky", "sky"),
    ):
        assert same_region(given, names) == meant
    for given in ("#000080", "green", "sea", "#80400", "#80400g", "Sky"):
        assert same_region(given, names) is None, given


def test_a_pixel_of_many_colours_is_found_in_no_time() -> None:
    # as many colours as pixels, all near one: a region, not a search for each
    pixels = 0.5 + 0.04 * torch.rand(1, 3, 300, 300, generator=torch.Generator().manual_seed(0))
    (mask,) = labels_of(pixels, None, "noise").values()
    assert mask.eq(1).all()
