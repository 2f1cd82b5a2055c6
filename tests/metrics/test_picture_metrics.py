"""All metrics at once: names, order, and what is left out."""

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from stylelightning.metrics import (
    ContentSimilarity,
    GramDistance,
    PictureMetric,
    PictureMetrics,
    TotalVariation,
)
from tests.conftest import smooth_picture

CONTENT, STYLE = smooth_picture(24, 32, seed=1), smooth_picture(32, 32, seed=2)
PICTURE = smooth_picture(24, 32, seed=3)

LEVELS = [f"gram/level{n}" for n in range(1, 5)]


class Broken(PictureMetric):
    def __init__(self) -> None:
        super().__init__(["broken"])

    def values(
        self, picture: Tensor, content: Tensor | None, styles: Sequence[Tensor], shares: Tensor
    ) -> dict[str, Tensor]:
        raise KeyError("nothing\nis here")


def test_the_names_and_their_order_are_fixed() -> None:
    found = PictureMetrics().measure(PICTURE, CONTENT, [STYLE])
    assert list(found) == [
        "style_distance", "patch_distance", "gram", *LEVELS,
        "ssim", "structure", "total_variation",
    ]  # fmt: skip
    assert all(type(value) is float and math.isfinite(value) for value in found.values())


def test_pictures_do_not_mix() -> None:
    metrics = PictureMetrics()
    first = metrics.measure(PICTURE, CONTENT, [STYLE])
    metrics.measure(1 - PICTURE, CONTENT, [STYLE])
    assert metrics.measure(PICTURE, CONTENT, [STYLE]) == first


@pytest.mark.parametrize(
    ("content", "styles", "found"),
    [
        pytest.param(None, [STYLE], ["patch_distance"], id="a texture"),
        pytest.param(CONTENT, [], ["ssim", "structure"], id="content alone"),
        pytest.param(None, [], [], id="neither"),
    ],
)
def test_what_needs_a_missing_image_is_left_out(
    content: Tensor | None, styles: list[Tensor], found: list[str]
) -> None:
    metrics = PictureMetrics()
    assert list(metrics.measure(PICTURE, content, styles)) == [*found, "total_variation"]
    names = {name for metric in metrics.metrics for name in metric.names}
    assert metrics.left_out.keys() == names - {*found, "total_variation"}
    assert all("there is no" in text for text in metrics.left_out.values())
    assert not metrics.failures


def test_what_is_not_defined_is_left_out() -> None:
    # the style as the content: 0 / 0
    metrics = PictureMetrics()
    found = metrics.measure(torch.full_like(STYLE, 0.5), STYLE, [STYLE])
    assert list(found) == ["patch_distance", "ssim", "total_variation"]
    expected = {"style_distance", "gram", *LEVELS, "structure"}
    assert metrics.left_out == dict.fromkeys(expected, "it is not defined for these pictures")


def test_a_metric_that_fails_leaves_the_others() -> None:
    metrics = PictureMetrics([Broken(), TotalVariation()])
    assert list(metrics.measure(PICTURE)) == ["total_variation"]
    assert metrics.failures == {"broken": "KeyError: 'nothing\\nis here'"}
    assert metrics.left_out == metrics.failures
    metrics.metrics = [TotalVariation()]
    metrics.measure(PICTURE)
    assert metrics.left_out == metrics.failures == {}


def test_a_picture_too_small_is_a_failure_that_says_so() -> None:
    metrics = PictureMetrics([ContentSimilarity()])
    assert metrics.measure(PICTURE[..., :5, :], CONTENT) == {}
    assert "needs a picture of at least 11 px" in metrics.failures["ssim"]


def test_two_metrics_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="but 'gram' is there twice"):
        PictureMetrics([GramDistance(), GramDistance()])
    assert len(PictureMetrics([GramDistance(), GramDistance(name="other")]).metrics) == 2
