from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stylelightning.colours import Colours, ContentToStyle, StyleToContent
from stylelightning.colours.transfer import blended_moments, colour_moments, monge_kantorovich
from tests.colours.pictures import flat, gray, make_picture, random_picture, recoloured


def random_covariance(seed: int) -> torch.Tensor:
    values = np.random.default_rng(seed).normal(size=(3, 5))
    return torch.from_numpy(values @ values.T / 50)


def test_moments_are_numpys() -> None:
    picture = random_picture(1)
    mean, covariance = colour_moments(picture.pixels)
    colours = picture.pixels[0].flatten(1).double().numpy()
    np.testing.assert_allclose(mean, colours.mean(1))  # oracle: numpy
    np.testing.assert_allclose(covariance, np.cov(colours, bias=True))


def test_transparent_pixels_do_not_count() -> None:
    pixels = torch.tensor([[[[0.2, 0.9]]] * 3]).view(1, 3, 1, 2)
    mean, covariance = colour_moments(pixels, torch.tensor([1.0, 0.0]).view(1, 1, 1, 2))
    torch.testing.assert_close(mean, torch.full((3,), 0.2, dtype=torch.float64))
    torch.testing.assert_close(covariance, torch.zeros(3, 3, dtype=torch.float64))


def test_all_pixels_count_when_every_one_is_transparent() -> None:
    mean, _ = colour_moments(torch.rand(1, 3, 2, 2), torch.zeros(1, 1, 2, 2))
    assert mean.isfinite().all()


@given(st.integers(0, 999), st.integers(0, 999))
def test_the_map_takes_one_covariance_to_the_other_and_is_symmetric_and_positive(
    first: int, second: int
) -> None:
    source, target = random_covariance(first), random_covariance(second)
    matrix = monge_kantorovich(source, target, noise=1e-6)
    torch.testing.assert_close(matrix @ source @ matrix, target, rtol=1e-4, atol=1e-8)
    torch.testing.assert_close(matrix, matrix.t())
    assert torch.linalg.eigvalsh(matrix).min() > 0


def test_the_map_of_uncorrelated_colours_is_the_ratio_of_deviations() -> None:
    # by hand: for diagonal covariances T = diag(sigma_t / sigma_s)
    source = torch.tensor([0.04, 0.01, 0.09]).diag()
    target = torch.tensor([0.01, 0.04, 0.09]).diag()
    expected = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64).diag()
    torch.testing.assert_close(
        monge_kantorovich(source, target, noise=1e-8), expected, rtol=1e-5, atol=1e-5
    )


def test_a_recoloured_picture_has_the_others_mean_and_covariance_but_for_noise() -> None:
    source, target = random_picture(1, low=0.3, high=0.6), random_picture(2, low=0.4, high=0.7)
    moved = recoloured(source, target)
    assert 0 < moved.min() < moved.max() < 1  # nothing is cut
    mean, covariance = colour_moments(moved)
    goal, goal_covariance = colour_moments(target.pixels)
    torch.testing.assert_close(mean, goal)
    # by hand: T (S + e) T = G + e, so that T S T = G + e (1 - T T), with e the noise's variance
    matrix = monge_kantorovich(colour_moments(source.pixels)[1], goal_covariance)
    lost = 0.02**2 * (torch.eye(3, dtype=torch.float64) - matrix @ matrix)
    torch.testing.assert_close(covariance, goal_covariance + lost)


@pytest.mark.parametrize("make", [flat, gray])
def test_gray_and_one_coloured_images_stay_finite(make: Callable[[], torch.Tensor]) -> None:
    odd, picture = make_picture(make()), random_picture(1)
    for source, target in ((odd, picture), (picture, odd), (odd, odd)):
        moved = recoloured(source, target)
        assert moved.isfinite().all()
        assert 0 <= moved.min() <= moved.max() <= 1


def test_a_flat_image_takes_the_mean_colour() -> None:
    target = random_picture(2)
    moved = recoloured(make_picture(flat()), target)
    expected = target.pixels.mean((2, 3), keepdim=True).expand_as(moved)
    torch.testing.assert_close(moved, expected, rtol=0, atol=1e-5)


def test_noise_is_not_turned_into_colour() -> None:
    noisy = (0.5 + 0.002 * torch.randn(1, 3, 20, 20)).clamp(0, 1)
    moved = recoloured(make_picture(noisy), random_picture(2))
    # deviations of 0.002 next to a noise of 0.02 and a style of 0.29: at most 0.29 / 0.02 = 14.5
    assert moved.std((2, 3)).max() < 0.002 * 16


def test_strength_is_a_share_of_the_way() -> None:
    content, style = random_picture(1, low=0.3, high=0.6), random_picture(2, low=0.3, high=0.6)
    none, half, whole = (
        ContentToStyle(s).before(content, [style], [1.0])[0] for s in (0.0, 0.5, 1.0)
    )
    torch.testing.assert_close(none, content.pixels)
    torch.testing.assert_close(half, (none + whole) / 2)


def test_each_way_changes_one_kind_of_image_only() -> None:
    content, styles = random_picture(1), [random_picture(2)]
    changed, kept = ContentToStyle().before(content, styles, [1.0])
    assert kept[0] is styles[0].pixels
    torch.testing.assert_close(changed, recoloured(content, styles[0]))
    same, moved = StyleToContent().before(content, styles, [1.0])
    assert same is content.pixels
    torch.testing.assert_close(moved[0], recoloured(styles[0], content))


def test_the_palette_of_several_images_is_that_of_all_their_colours() -> None:
    first, second = random_picture(1), random_picture(2, low=0.5)
    both = torch.cat([first.pixels, second.pixels], 3)  # of one size, so each is a half
    mean, covariance = blended_moments([first, second], [0.5, 0.5])
    expected, expected_covariance = colour_moments(both)
    torch.testing.assert_close(mean, expected)
    torch.testing.assert_close(covariance, expected_covariance)
    alone = blended_moments([first, second], [1.0, 0.0])
    torch.testing.assert_close(alone, colour_moments(first.pixels))


@pytest.mark.parametrize("kind", [ContentToStyle, StyleToContent])
@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_out_of_range_is_refused(kind: type[Colours], strength: float) -> None:
    with pytest.raises(ValueError, match=f"`strength` of {kind.__name__} must be from 0 to 1"):
        kind(strength)  # type: ignore[call-arg]


def test_the_picture_to_show_is_what_the_run_made(tmp_path: Path) -> None:
    picture = torch.rand(1, 3, 4, 4)
    assert ContentToStyle().after(picture, torch.rand(1, 3, 4, 4), [], []) is picture
