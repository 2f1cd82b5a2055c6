"""Every metric: what it is for the images themselves, and what torchmetrics asks of it."""

import copy
import math
import pickle
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor
from torchmetrics.image import StructuralSimilarityIndexMeasure
from torchmetrics.image import TotalVariation as TorchTotalVariation

from stylelightning import functional as F
from stylelightning.backbones import Pixels, RandomMultiscale
from stylelightning.colours.luminance import luminance
from stylelightning.functional.transport import squared_wasserstein
from stylelightning.metrics import (
    ContentSimilarity,
    FeatureSimilarity,
    GaussianDistance,
    GramDistance,
    PictureMetric,
    StyleDistance,
    TotalVariation,
)
from tests.conftest import smooth_picture

CONTENT, STYLE = smooth_picture(24, 32, seed=1), smooth_picture(32, 32, seed=2)
PICTURE = smooth_picture(24, 32, seed=3)


def network() -> RandomMultiscale:
    return RandomMultiscale(levels=2, filters=4, seed=5)


def gaussian_distance() -> GaussianDistance:
    return GaussianDistance(network(), ["level1", "level2"])


def feature_similarity() -> FeatureSimilarity:
    return FeatureSimilarity(network(), ["level1", "level2"])


METRICS = [
    pytest.param(StyleDistance, id="style distance"),
    pytest.param(GramDistance, id="gram distance"),
    pytest.param(ContentSimilarity, id="content similarity"),
    pytest.param(gaussian_distance, id="gaussian distance"),
    pytest.param(feature_similarity, id="feature similarity"),
    pytest.param(TotalVariation, id="total variation"),
]


def measured(metric: PictureMetric, picture: Tensor, **images: Any) -> dict[str, float]:
    metric.reset()
    metric.update(picture, **{"content": CONTENT, "styles": [STYLE], **images})
    return {name: value.item() for name, value in metric.compute().items()}


# what every metric has


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_has_a_finite_number_for_each_of_its_names(metric: type[Any]) -> None:
    made = metric()
    found = measured(made, PICTURE)
    assert tuple(found) == made.names
    assert all(map(math.isfinite, found.values()))


@pytest.mark.parametrize("metric", METRICS)
def test_a_number_is_the_same_every_time(metric: type[Any]) -> None:
    first = measured(metric(), PICTURE)
    torch.rand(1)
    assert measured(metric(), PICTURE) == first
    assert measured(metric(), PICTURE.double()) == first


@pytest.mark.parametrize("metric", METRICS)
def test_several_pictures_give_their_mean(metric: type[Any]) -> None:
    made = metric()
    one, other = measured(made, PICTURE), measured(made, 1 - PICTURE)
    made.update(PICTURE, CONTENT, [STYLE])
    mean = {name: value.item() for name, value in made.compute().items()}
    assert mean == pytest.approx({name: (one[name] + other[name]) / 2 for name in one})


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_is_reset_copied_and_pickled_as_any_other(metric: type[Any]) -> None:
    made = metric()
    found = measured(made, PICTURE)
    for same in (made.clone(), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert {name: value.item() for name, value in same.compute().items()} == found
    assert {name: value.item() for name, value in made(PICTURE, CONTENT, [STYLE]).items()} == found
    made.reset()
    assert not made.counts.any()
    assert not made.totals.any()


@pytest.mark.parametrize("metric", METRICS)
def test_images_are_not_changed(metric: type[Any]) -> None:
    images = [CONTENT.clone(), STYLE.clone(), PICTURE.clone()]
    metric().update(images[2], images[0], [images[1]])
    for image, before in zip(images, (CONTENT, STYLE, PICTURE), strict=True):
        torch.testing.assert_close(image, before, rtol=0, atol=0)


@pytest.mark.parametrize("metric", METRICS)
def test_a_content_image_of_another_size_is_resized(metric: type[Any]) -> None:
    large = smooth_picture(48, 64, seed=4)
    resized = F.resize(large, (24, 32))
    assert measured(metric(), PICTURE, content=large) == measured(
        metric(), PICTURE, content=resized
    )


@pytest.mark.parametrize(
    ("metric", "missing"),
    [
        (StyleDistance, "style"),
        (GramDistance, "content"),
        (GramDistance, "style"),
        (ContentSimilarity, "content"),
    ],
)
def test_a_missing_image_is_named(metric: type[Any], missing: str) -> None:
    images: dict[str, Any] = {"content": None} if missing == "content" else {"styles": []}
    with pytest.raises(ValueError, match=f"{metric.__name__} needs a {missing} image, got none"):
        measured(metric(), PICTURE, **images)


@pytest.mark.parametrize(
    ("images", "error"),
    [
        pytest.param({"content": torch.rand(3, 24, 32)}, r"`content` .* got \(3, 24, 32\)", id="3"),
        pytest.param({"styles": [torch.rand(1, 1, 9, 9)]}, r"`styles\[0\]` must have", id="gray"),
        pytest.param({"shares": [0.5, 0.5]}, "`shares` must be 1 numbers, got 2", id="shares"),
    ],
)
def test_what_is_no_picture_is_named(images: dict[str, Any], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        measured(StyleDistance(), PICTURE, **images)


def test_a_metric_of_ones_own_is_names_and_values() -> None:
    class Warmth(PictureMetric):
        def __init__(self) -> None:
            super().__init__(["warmth"])

        def values(
            self, picture: Tensor, content: Tensor | None, styles: Sequence[Tensor], shares: Tensor
        ) -> dict[str, Tensor]:
            red, _, blue = picture.mean((0, 2, 3))
            return {"warmth": red - blue}

    red = torch.zeros(1, 3, 4, 4)
    red[:, 0] = 1
    metric = Warmth()
    metric.update(red)
    assert metric.compute() == {"warmth": torch.tensor(1.0)}


# StyleDistance


def test_the_style_distance_is_0_for_the_style_and_1_for_the_content() -> None:
    # by definition
    assert measured(StyleDistance(), STYLE)["style_distance"] == 0
    assert measured(StyleDistance(), CONTENT)["style_distance"] == pytest.approx(1)


def test_the_style_distance_ignores_where_patches_are() -> None:
    # rolled by whole octaves, a picture that tiles keeps its patches but for those at the borders
    tile = smooth_picture(32, 32, seed=2).repeat(1, 1, 8, 8)
    rolled = tile.roll((8, 16), (2, 3))
    distance = StyleDistance(octaves=2, samples=2**16)
    near = measured(distance, rolled, content=CONTENT, styles=[tile])["patch_distance"]
    far = measured(distance, PICTURE, content=CONTENT, styles=[tile])["patch_distance"]
    assert near < 0.1 * far


def test_the_patch_distance_of_a_shift_in_colour_is_that_shift() -> None:
    # by hand: patches of 1 px in one octave; a shift s moves each line by s . v, and the mean
    # square of s . v over unit vectors v is |s|^2 / 3
    metric = StyleDistance(size=1, octaves=1, projections=4000)
    found = measured(metric, 0.5 * STYLE + 0.25, styles=[0.5 * STYLE])
    assert found["patch_distance"] == pytest.approx((3 * 0.25**2 / 3) ** 0.5, rel=0.03)


def test_the_patch_distance_is_the_exact_one_where_no_patch_is_left_out() -> None:
    # oracle: patches by unfold and the exact distance on a line; 512 quantiles lose little
    metric = StyleDistance(octaves=1, projections=16)
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(16, 75, generator=generator)
    directions /= directions.norm(dim=1, keepdim=True)
    lines = [directions @ torch.nn.functional.unfold(each, 5)[0] for each in (PICTURE, STYLE)]
    exact = squared_wasserstein(lines[0], lines[1].sort(1).values).mean().sqrt().item()
    assert measured(metric, PICTURE)["patch_distance"] == pytest.approx(exact, rel=0.01)


def test_a_draw_of_patches_is_near_to_all_of_them() -> None:
    few = measured(StyleDistance(samples=400), PICTURE)  # of 560, in the largest octave
    assert few == pytest.approx(measured(StyleDistance(), PICTURE), rel=0.2)
    assert few != measured(StyleDistance(), PICTURE)
    assert measured(StyleDistance(samples=400), STYLE)["style_distance"] == 0


def test_octaves_smaller_than_a_patch_are_left_out() -> None:
    # 24 px: 24, 12 and 6 hold a patch of 5, 3 doesn't
    three = measured(StyleDistance(octaves=3), PICTURE)
    assert measured(StyleDistance(octaves=9), PICTURE) == three
    assert measured(StyleDistance(octaves=2), PICTURE) != three


def test_a_picture_without_a_content_image_has_a_patch_distance_only() -> None:
    found = measured(StyleDistance(), PICTURE, content=None)
    assert found == {"patch_distance": measured(StyleDistance(), PICTURE)["patch_distance"]}


@pytest.mark.parametrize("metric", [StyleDistance, GramDistance])
def test_several_styles_are_blended_by_their_shares(metric: type[Any]) -> None:
    other = smooth_picture(20, 30, seed=5)
    alone = measured(metric(), PICTURE)
    assert measured(metric(), PICTURE, styles=[STYLE, other], shares=[1.0, 0.0]) == alone
    assert measured(metric(), PICTURE, styles=[STYLE, STYLE]) == pytest.approx(alone)
    half = measured(metric(), PICTURE, styles=[STYLE, other])
    assert half == measured(metric(), PICTURE, styles=[STYLE, other], shares=[0.5, 0.5])
    assert half != alone


@pytest.mark.parametrize("option", ["size", "octaves", "projections", "samples"])
def test_a_number_below_1_is_refused(option: str) -> None:
    with pytest.raises(ValueError, match=f"`{option}` of StyleDistance must be at least 1, got 0"):
        StyleDistance(**{option: 0})


def test_a_picture_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(ValueError, match="`size` of StyleDistance is 5, but an image has only 4"):
        measured(StyleDistance(), PICTURE[..., :4, :])


# GramDistance


def test_the_gram_distance_is_0_for_the_style_and_1_for_the_content() -> None:
    # by definition, in every layer
    assert set(measured(GramDistance(), STYLE).values()) == {0}
    ones = measured(GramDistance(), CONTENT)
    assert ones == pytest.approx(dict.fromkeys(ones, 1))


def test_the_gram_distance_is_the_mean_of_its_layers() -> None:
    found = measured(GramDistance(), PICTURE)
    assert list(found) == ["gram", *(f"gram/level{n}" for n in range(1, 5))]
    assert found["gram"] == pytest.approx(sum(list(found.values())[1:]) / 4)


def test_the_gram_distance_under_any_backbone_by_hand() -> None:
    # Pixels normalise nothing: the Gram matrix of a flat gray g is g^2 everywhere
    flat = {value: torch.full((1, 3, 4, 4), value) for value in (0.2, 0.5, 1.0)}
    metric = GramDistance(Pixels(), ["octave1", "octave2"], name="pixels")
    found = measured(metric, flat[0.5], content=flat[0.2], styles=[flat[1.0]])
    names = ("pixels", "pixels/octave1", "pixels/octave2")
    assert found == pytest.approx(dict.fromkeys(names, (1 - 0.25) / (1 - 0.04)))


def test_the_filters_of_the_gram_distance_are_not_those_of_a_run() -> None:
    assert measured(GramDistance(RandomMultiscale(seed=1000)), PICTURE) == measured(
        GramDistance(), PICTURE
    )
    assert measured(GramDistance(RandomMultiscale()), PICTURE) != measured(GramDistance(), PICTURE)


def test_layers_of_the_gram_distance_are_checked() -> None:
    assert GramDistance(layers=["level2"]).names == ("gram", "gram/level2")
    with pytest.raises(ValueError, match="Unknown layer 'relu1_1' for RandomMultiscale"):
        GramDistance(layers=["relu1_1"])
    with pytest.raises(ValueError, match="`layers` of GramDistance must name a layer, got none"):
        GramDistance(layers=[])


# ContentSimilarity and TotalVariation


def test_a_picture_is_similar_to_itself() -> None:
    # by definition
    assert measured(ContentSimilarity(), CONTENT) == pytest.approx({"ssim": 1, "structure": 1})


def test_similarity_falls_with_noise() -> None:
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand(CONTENT.shape, generator=generator)
    found = [
        measured(ContentSimilarity(), CONTENT.lerp(noise, part)) for part in (0.0, 0.3, 0.6, 1.0)
    ]
    for name in ("ssim", "structure"):
        for nearer, farther in pairwise(each[name] for each in found):
            assert nearer > farther
        assert abs(found[-1][name]) < 0.3


def test_structure_ignores_what_inverts_or_flattens_colours() -> None:
    # an invariant: edges of 1 - x and of x / 2 are those of x but for a factor
    for other in (1 - CONTENT, CONTENT / 2):
        assert measured(ContentSimilarity(), other)["structure"] == pytest.approx(1)


def test_ssim_is_torchmetrics_own_of_the_luminance() -> None:
    reference = StructuralSimilarityIndexMeasure(data_range=1.0)
    expected = reference(luminance(PICTURE), luminance(CONTENT)).item()
    assert measured(ContentSimilarity(), PICTURE)["ssim"] == pytest.approx(expected)


def test_structure_of_a_flat_picture_is_not_defined() -> None:
    found = measured(ContentSimilarity(), torch.full_like(CONTENT, 0.5))
    assert math.isnan(found["structure"])
    assert math.isfinite(found["ssim"])


def test_a_picture_smaller_than_the_window_is_refused() -> None:
    measured(ContentSimilarity(), PICTURE[..., :11, :])
    with pytest.raises(ValueError, match="at least 11 px on its shorter side, got 32x10 px"):
        measured(ContentSimilarity(), PICTURE[..., :10, :])


def test_the_total_variation_of_a_checkerboard_by_hand() -> None:
    # every pair of neighbours differs by 1: 4 * 3 pairs each way, of 4 * 4 values
    board = (torch.arange(16).view(4, 4) + torch.arange(4)[:, None]) % 2
    picture = board.float().expand(1, 3, 4, 4)
    assert measured(TotalVariation(), picture) == {"total_variation": 24 / 16}
    assert measured(TotalVariation(), torch.ones(1, 3, 4, 4)) == {"total_variation": 0}


def test_the_total_variation_is_torchmetrics_own_for_each_value() -> None:
    expected = TorchTotalVariation()(PICTURE).item() / PICTURE.numel()
    assert measured(TotalVariation(), PICTURE)["total_variation"] == pytest.approx(expected)
