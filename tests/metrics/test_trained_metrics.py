"""The metrics with a trained network: their formulas on small ones, and where the filters are."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from stylelightning.backbones import Pixels, RandomMultiscale
from stylelightning.backbones.weights.cache import kept_file
from stylelightning.backbones.weights.source import OXFORD
from stylelightning.metrics import (
    FeatureSimilarity,
    GaussianDistance,
    PictureMetric,
    PictureMetrics,
    default_metrics,
    trained_network,
)
from stylelightning.metrics.gaussian_distance import EPSILON
from tests.conftest import smooth_picture

CONTENT, STYLE = smooth_picture(24, 32, seed=1), smooth_picture(32, 32, seed=2)
PICTURE = smooth_picture(24, 32, seed=3)


def measured(metric: PictureMetric, picture: Tensor, **images: Any) -> dict[str, float]:
    metric.reset()
    metric.update(picture, **{"content": CONTENT, "styles": [STYLE], **images})
    return {name: value.item() for name, value in metric.compute().items()}


def pixels() -> GaussianDistance:
    return GaussianDistance(Pixels(), ["octave1"], "colours")


# GaussianDistance


def test_the_gaussian_distance_is_0_for_the_style_and_1_for_the_content() -> None:
    # by definition, in every layer; the root of a rounding is no rounding any more
    network = RandomMultiscale(levels=2, filters=4)
    metric = GaussianDistance(network, ["level1", "level2"])
    assert list(measured(metric, STYLE)) == ["vgg_style", "vgg_style/level1", "vgg_style/level2"]
    assert max(measured(metric, STYLE).values()) < 0.01
    ones = measured(metric, CONTENT)
    assert ones == pytest.approx(dict.fromkeys(ones, 1), rel=1e-4)


def test_the_gaussian_distance_by_hand() -> None:
    # oracle: the formula with roots of matrices from eigenvalues, in float64
    def root(matrix: Tensor) -> Tensor:
        values, vectors = torch.linalg.eigh(matrix)
        product: Tensor = vectors @ values.clamp_min(0).sqrt().diag() @ vectors.T
        return product

    def gaussian(image: Tensor) -> tuple[Tensor, Tensor]:
        colours = image[0].flatten(1).double()
        covariance = torch.cov(colours, correction=0) + EPSILON * torch.eye(3)
        return colours.mean(1), covariance

    def distance(first: Tensor, second: Tensor) -> Tensor:
        (m, s), (n, t) = gaussian(first), gaussian(second)
        cross = root(root(t) @ s @ root(t))
        squared: Tensor = (m - n).square().sum() + s.trace() + t.trace() - 2 * cross.trace()
        return squared.sqrt()

    expected = (distance(PICTURE, STYLE) / distance(CONTENT, STYLE)).item()
    assert measured(pixels(), PICTURE)["colours"] == pytest.approx(expected, rel=1e-4)


def test_styles_are_blended_by_their_shares() -> None:
    other = smooth_picture(20, 30, seed=5)
    alone = measured(pixels(), PICTURE)
    found = measured(pixels(), PICTURE, styles=[STYLE, other], shares=[1.0, 0.0])
    assert found == pytest.approx(alone)
    assert measured(pixels(), PICTURE, styles=[STYLE, STYLE]) == pytest.approx(alone)
    assert measured(pixels(), PICTURE, styles=[STYLE, other]) != pytest.approx(alone)


# FeatureSimilarity


def test_the_similarity_is_1_for_the_content_in_any_colours() -> None:
    # a channel's mean and deviation are its style: other ones change nothing
    metric = FeatureSimilarity(Pixels(), ["octave1"], "forms")
    scale, shift = torch.tensor([0.5, 0.9, 0.2]), torch.tensor([0.1, 0.05, 0.7])
    recoloured = CONTENT * scale[:, None, None] + shift[:, None, None]
    assert measured(metric, CONTENT)["forms"] == pytest.approx(1)
    assert measured(metric, recoloured)["forms"] == pytest.approx(1, abs=1e-3)
    assert measured(metric, 1 - CONTENT)["forms"] == pytest.approx(-1)
    assert abs(measured(metric, PICTURE)["forms"]) < 0.5


def test_the_similarity_is_the_mean_cosine_of_the_layers() -> None:
    network = RandomMultiscale(levels=2, filters=4)
    metric = FeatureSimilarity(network, ["level1", "level2"])
    found = measured(metric, PICTURE)

    def at(image: Tensor, layer: str) -> Tensor:
        flat: Tensor = network(image, [layer])[layer][0].flatten(1).double()
        return (flat - flat.mean(1, keepdim=True)) / flat.std(1, correction=0, keepdim=True)

    cosines = []
    for layer in ("level1", "level2"):
        x, c = at(PICTURE, layer), at(CONTENT, layer)
        cosines.append(((x * c).sum(0) / (x.norm(dim=0) * c.norm(dim=0))).mean().item())
        assert found[f"vgg_content/{layer}"] == pytest.approx(cosines[-1], abs=2e-3)
    assert found["vgg_content"] == pytest.approx(sum(cosines) / 2, abs=2e-3)


# the filters


@pytest.mark.parametrize("metric", [GaussianDistance, FeatureSimilarity])
def test_without_the_filters_a_metric_says_how_to_get_them(
    metric: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_network._vgg16.cache_clear()
    monkeypatch.setattr(
        "stylelightning.backbones.weights.finding.load_filters", lambda *_: pytest.fail("fetched")
    )
    metrics = PictureMetrics([metric()])
    assert metrics.measure(PICTURE, CONTENT, [STYLE]) == {}
    (reason,) = set(metrics.failures.values())
    assert reason.startswith(f"{metric.__name__} needs Oxford's filters of VGG-16, which are not")
    assert "weights get oxford" in reason


def test_the_default_metrics_have_a_trained_network_where_its_filters_are() -> None:
    def names() -> set[str]:
        return {type(each).__name__ for each in default_metrics()}

    assert not names() & {"GaussianDistance", "FeatureSimilarity"}
    file: Path = kept_file(OXFORD)
    file.parent.mkdir(parents=True)
    file.touch()
    assert names() >= {"GaussianDistance", "FeatureSimilarity"}


@pytest.mark.parametrize("metric", [GaussianDistance, FeatureSimilarity])
def test_layers_that_are_none_are_refused_before_a_network_is_loaded(metric: type[Any]) -> None:
    with pytest.raises(ValueError, match=r"must be of relu1_1, .*, relu5_1, got 'relu9_1'"):
        metric(layers=["relu9_1"])
    with pytest.raises(ValueError, match=f"`layers` of {metric.__name__} must name a layer"):
        metric(layers=[])
    with pytest.raises(ValueError, match="Unknown layer 'relu1_1' for Pixels"):
        metric(Pixels(), ["relu1_1"])
