from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from stylelightning.distillation.pictures import (
    Pixels,
    draw_crop,
    draw_noise,
    picture_files,
    read_pictures,
)
from stylelightning.images import write_picture
from tests.conftest import smooth_picture


@pytest.fixture
def pictures() -> list[Pixels]:
    random = np.random.default_rng(0)
    sizes = ((40, 64), (100, 33), (16, 16))
    return [random.integers(0, 256, (*size, 3), np.uint8) for size in sizes]


def crop(pictures: list[Pixels], seed: int, side: int = 16, alters: bool = True) -> Tensor:
    return draw_crop(pictures, side, np.random.default_rng(seed), alters=alters)


def test_pictures_are_read_in_the_order_of_their_paths(tmp_path: Path) -> None:
    for name, value in (("b.png", 0.2), ("a/z.PNG", 0.4), ("c.png", 0.6)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_picture(tmp_path / name, torch.full((1, 3, 3, 5), value))
    (tmp_path / "notes.txt").write_text("no picture")
    files = [path.relative_to(tmp_path).as_posix() for path in picture_files(tmp_path)]
    assert files == ["a/z.PNG", "b.png", "c.png"]
    pictures = read_pictures(tmp_path, "data.pictures")
    assert [each.shape for each in pictures] == [(3, 5, 3)] * 3
    assert [int(each[0, 0, 0]) for each in pictures] == [102, 51, 153]
    assert all(each.dtype == np.uint8 for each in pictures)


def test_a_picture_is_read_to_the_bit(tmp_path: Path) -> None:
    image = (smooth_picture(5, 7, 1) * 255).round() / 255
    write_picture(tmp_path / "a.png", image)
    (pixels,) = read_pictures(tmp_path, "data.pictures")
    assert torch.equal(torch.from_numpy(pixels).permute(2, 0, 1).float()[None] / 255, image)


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_pictures_is_named_with_its_key(tmp_path: Path, exists: bool) -> None:
    folder = tmp_path / "folder"
    if exists:
        folder.mkdir()
        (folder / "notes.txt").touch()
    with pytest.raises(FileNotFoundError, match=f"`data.held_out`: .* no pictures in {folder}"):
        read_pictures(folder, "data.held_out")


def test_a_picture_that_cant_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"broken\.png"):
        read_pictures(tmp_path, "data.pictures")


@pytest.mark.parametrize("alters", [True, False])
@pytest.mark.parametrize("side", [16, 48])  # one picture is as small as the first
def test_crops_are_pictures_of_the_side(pictures: list[Pixels], side: int, alters: bool) -> None:
    for seed in range(30):
        image = crop(pictures, seed, side, alters)
        assert image.shape == (3, side, side)
        assert image.dtype == torch.float32
        assert image.min() >= 0
        assert image.max() <= 1


def test_a_smaller_picture_is_enlarged() -> None:
    halves = np.zeros((4, 4, 3), np.uint8)
    halves[:, 2:] = 255
    image = crop([halves], 0, side=16, alters=False)
    assert image[:, :, :4].max() == 0
    assert image[:, :, -4:].min() == 1
    torch.testing.assert_close(image.mean(), torch.tensor(0.5))


def test_a_crop_as_large_as_the_picture_is_the_picture() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (16, 16, 3), np.uint8)
    expected = torch.from_numpy(pixels).permute(2, 0, 1) / 255
    for seed in range(5):
        torch.testing.assert_close(crop([pixels], seed, alters=False), expected)


def test_all_of_a_picture_is_cropped_at_several_scales() -> None:
    # red and green are places, in parts of the sides
    ramp = np.linspace(0, 255, 64, dtype=np.uint8)
    pixels = np.stack(np.broadcast_arrays(ramp[:, None], ramp, np.uint8(0)), 2)
    found = [crop([pixels], seed, alters=False) for seed in range(200)]
    extents = torch.stack([image.amax((1, 2)) - image.amin((1, 2)) for image in found])
    assert extents[:, :2].min() < 0.3  # a crop of 16 px
    assert extents[:, :2].max() > 0.85  # one of 4 times that
    places = torch.stack([image.mean((1, 2))[:2] for image in found])
    assert (places.amin(0) < 0.2).all()
    assert (places.amax(0) > 0.8).all()


@pytest.mark.parametrize("alters", [True, False])
def test_the_random_numbers_are_all_that_a_crop_depends_on(
    pictures: list[Pixels], alters: bool
) -> None:
    larger = pictures[:2]
    first = crop(larger, 3, alters=alters)
    torch.manual_seed(1)
    assert torch.equal(crop(larger, 3, alters=alters), first)
    assert not torch.equal(crop(larger, 4, alters=alters), first)


def test_drawing_leaves_the_pictures_as_they_were(pictures: list[Pixels]) -> None:
    before = [each.copy() for each in pictures]
    for seed in range(20):
        crop(pictures, seed).zero_()
    assert all(np.array_equal(a, b) for a, b in zip(before, pictures, strict=True))


def test_crops_are_altered_as_often_as_is_said() -> None:
    # the colour of a pixel tells where it is: red from left to right, green is 0 and blue 1
    ramp = np.linspace(0, 255, 16).round().astype(np.uint8)
    pixels = np.stack(
        np.broadcast_arrays(ramp[None], np.uint8(0), np.full((16, 16), 255, np.uint8)), 2
    )
    count = 1200
    flipped = permuted = smooth = 0
    for seed in range(count):
        image = crop([pixels], seed)
        spread = (image.var(1).sum((1,))).max()
        if spread > 1e-6:  # of a column: noise
            continue
        smooth += 1
        means = image.mean((1, 2))
        permuted += not torch.equal(means.argsort(), torch.tensor([1, 0, 2]))
        red = image[(means - 0.5).abs().argmin()]
        flipped += bool(red[0, 0] > red[0, -1])
    # neither noisy nor blended: 2/3 of 5/6; a sixth of the permutations change nothing
    assert smooth / count == pytest.approx(2 / 3 * 5 / 6, abs=0.05)
    assert flipped / smooth == pytest.approx(1 / 2, abs=0.07)
    assert permuted / smooth == pytest.approx(1 / 3 * 5 / 6, abs=0.07)


def test_without_alterations_a_crop_is_as_it_is() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (16, 16, 3), np.uint8)
    random = np.random.default_rng(0)
    draw_crop([pixels], 16, random, alters=False)
    # the picture, the scale and the place are drawn, and nothing else
    other = np.random.default_rng(0)
    other.integers(1), other.uniform(0, 1), other.integers(1), other.integers(1)
    assert random.bit_generator.state == other.bit_generator.state


def test_noise_is_a_colour_or_all_of_the_range() -> None:
    colour = draw_noise(32, np.random.default_rng(0), 0)
    assert (colour == colour[:, :1, :1]).all()
    noise = draw_noise(32, np.random.default_rng(0), 1)
    assert noise.shape == (3, 32, 32)
    assert noise.min() < 0.01
    assert noise.max() > 0.99
    torch.testing.assert_close(noise.mean((1, 2)), torch.full((3,), 0.5), rtol=0, atol=0.05)


def test_noise_of_a_drawn_amplitude_is_a_picture() -> None:
    found = torch.stack([draw_noise(16, np.random.default_rng(seed)) for seed in range(200)])
    assert found.min() >= 0
    assert found.max() <= 1
    # the range of each channel is its amplitude, whose square is uniform: 2/3 on average
    ranges = (found.amax((2, 3)) - found.amin((2, 3))).mean()
    assert ranges == pytest.approx(2 / 3, abs=0.05)
