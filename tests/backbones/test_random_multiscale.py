from typing import get_args

import pytest
import torch
import torch.nn.functional as F

from stylelightning.backbones import RandomMultiscale
from stylelightning.backbones.padding import Padding
from stylelightning.functional import gram_matrix
from tests.backbones.measure import picture, support


@pytest.mark.parametrize("padding", get_args(Padding))
def test_levels_are_rectified_answers_and_colours_of_a_pyramid(padding: Padding) -> None:
    backbone = RandomMultiscale(levels=2, filters=2, sizes=(3, 5), padding=padding)
    image = picture(1, 3, 14, 12)
    features = backbone(image, ["level1", "level2"])
    # oracle: the prototype's formula, with every padding made by torch.nn.functional.pad
    mode = "constant" if padding == "zeros" else padding
    x = (image - 0.45) / 0.226
    for level in ("level1", "level2"):
        maps = [
            F.conv2d(F.pad(x, (w.shape[-1] // 2,) * 4, mode), w)
            for w in backbone.banks.parameters()
        ]
        expected = torch.cat([*maps, x, -x], 1).clamp_min(0)
        torch.testing.assert_close(features[level], expected)
        binomial = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        filters = torch.outer(binomial, binomial).expand(3, 1, 4, 4)
        x = F.conv2d(F.pad(x, (1,) * 4, mode), filters, stride=2, groups=3)


def test_filters_sum_to_zero_in_each_colour_and_have_norm_one() -> None:
    for weight in RandomMultiscale().banks.parameters():
        assert weight.shape[:2] == (16, 3)
        zeros, ones = torch.zeros(16, 3), torch.ones(16)
        torch.testing.assert_close(weight.sum((2, 3)), zeros, rtol=0, atol=1e-5)
        torch.testing.assert_close(weight.square().sum((1, 2, 3)), ones)


def test_a_coarse_levels_gradient_has_no_blocks() -> None:
    image = picture(1, 3, 64, 64).requires_grad_()
    level = RandomMultiscale()(image, ["level4"])["level4"]
    gradient = torch.autograd.grad(level.square().sum(), image)[0][0]
    steps = gradient.diff(dim=2).abs().mean((0, 1))  # 63 steps from column to column
    # the mean of 2 x 2 pixels would have all its steps between blocks of 8 columns, none within
    assert steps[7::8].mean() < 2 * steps[3::8].mean()


def test_flat_picture_gets_no_answer() -> None:
    features = RandomMultiscale()(torch.full((1, 3, 16, 16), 0.7), ["level1", "level4"])
    for level in features.values():
        answers, above, below = level.split([48, 3, 3], 1)
        torch.testing.assert_close(answers, torch.zeros_like(answers), rtol=0, atol=1e-5)
        torch.testing.assert_close(above, torch.full_like(above, 0.25 / 0.226))
        assert not below.any()


def test_a_dark_and_a_bright_picture_have_other_gram_matrices() -> None:
    # 0.2 and 0.7 are equally far from the gray of 0.45
    matrices = [
        gram_matrix(RandomMultiscale()(torch.full((1, 3, 16, 16), value), ["level1"])["level1"])
        for value in (0.2, 0.7)
    ]
    assert (matrices[0] - matrices[1]).abs().max() > 1


@pytest.mark.parametrize("height", [36, 8])
def test_four_levels_of_a_small_picture_work(height: int) -> None:
    features = RandomMultiscale()(picture(1, 3, height, 48), ["level4"])
    assert features["level4"].shape == (1, 54, height // 8, 6)


@pytest.mark.parametrize("name", ["level1", "level2", "level4"])
def test_level_sees_as_far_as_its_layer_says(name: str) -> None:
    backbone = RandomMultiscale()
    layer = backbone.layer_table[name]
    assert layer.receptive_field is not None
    side = 3 * layer.receptive_field
    middle = side // layer.stride // 2
    first, last = support(backbone, name, side, middle)
    assert last - first + 1 == layer.receptive_field
    assert support(backbone, name, side, middle + 1)[0] - first == layer.stride


def test_circular_padding_makes_a_level_blind_to_rolling() -> None:
    backbone = RandomMultiscale(padding="circular")
    image = picture(1, 3, 40, 48)
    level = backbone(image, ["level4"])["level4"]
    rolled = backbone(image.roll((8, -16), (2, 3)), ["level4"])["level4"]
    torch.testing.assert_close(rolled, level.roll((1, -2), (2, 3)))


def test_seed_decides_the_filters_and_leaves_the_global_random_numbers_alone() -> None:
    before = torch.get_rng_state()
    first, again, other = RandomMultiscale(seed=3), RandomMultiscale(seed=3), RandomMultiscale()
    assert torch.equal(torch.get_rng_state(), before)
    image = picture(1, 3, 16, 16)
    level = first(image, ["level1"])["level1"]
    assert torch.equal(level, again(image, ["level1"])["level1"])
    assert not torch.equal(level, other(image, ["level1"])["level1"])


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("levels", 0, r"^`levels` must be from 1 to 16, got 0\.$"),
        ("filters", 0, r"^`filters` must be from 1 to 65536, got 0\.$"),
        ("filters", 10**30, r"^`filters` must be from 1 to 65536, got 10+\.$"),
        ("seed", 2**63, r"^`seed` must be a whole number of 64 bits, got 9223372036854775808\.$"),
        ("sizes", [], r"^`sizes` must be odd numbers of at least 3, got \[\]\.$"),
        ("sizes", [3, 4], r"^`sizes` must be odd numbers of at least 3, got \[3, 4\]\.$"),
        ("sizes", (1,), r"^`sizes` must be odd numbers of at least 3, got \[1\]\.$"),
        (
            "padding",
            "same",
            r"^`padding` must be one of zeros, replicate, reflect, circular, got 'same'\.$",
        ),
    ],
)
def test_argument_out_of_range_is_refused(argument: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RandomMultiscale(**{argument: value})  # type: ignore[arg-type]
