"""Metrics of large pictures, part by part: the numbers are those of the whole."""

from collections.abc import Callable

import pytest
import torch

from stylelightning.backbones import VGG16, Backbone, Pixels, RandomMultiscale
from stylelightning.backbones.tiled_maps import TiledMaps
from stylelightning.metrics import (
    LPIPS,
    ContentSimilarity,
    FeatureSimilarity,
    GaussianDistance,
    GramDistance,
    PictureMetric,
    TotalVariation,
    parts,
)
from tests.conftest import smooth_picture

CONTENT, STYLE = smooth_picture(31, 47, seed=1), smooth_picture(40, 44, seed=2)
PICTURE = smooth_picture(31, 47, seed=3)


def network() -> Backbone:
    return RandomMultiscale(levels=2, filters=4, seed=5)


LAYERS = ["level1", "level2"]
METRICS: dict[str, Callable[[], PictureMetric]] = {
    "content similarity": ContentSimilarity,
    "total variation": TotalVariation,
    "gram distance": lambda: GramDistance(network()),
    "gaussian distance": lambda: GaussianDistance(network(), LAYERS),
    "feature similarity": lambda: FeatureSimilarity(network(), LAYERS),
    "of a vgg": lambda: FeatureSimilarity(VGG16(weights=None), ["relu1_1", "relu2_1"]),
}


@pytest.mark.parametrize("name", METRICS)
def test_a_picture_in_parts_has_the_numbers_of_the_whole(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for whole in (parts.WHOLE, 100):
        monkeypatch.setattr(parts, "WHOLE", whole)
        monkeypatch.setattr(parts, "TILE", 16)
        monkeypatch.setattr(parts, "ROWS", 7)
        metric = METRICS[name]()
        metric.update(PICTURE, CONTENT, [STYLE])
        found.append({name: float(value) for name, value in metric.compute().items()})
    assert found[1] == pytest.approx(found[0], rel=2e-5)


def test_only_large_pictures_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = network()
    assert not isinstance(parts.maps_of(backbone, backbone, LAYERS, PICTURE), TiledMaps)
    monkeypatch.setattr(parts, "WHOLE", 100)
    assert isinstance(parts.maps_of(backbone, backbone, LAYERS, PICTURE), TiledMaps)
    around = network()
    around.looks_around = True
    assert not isinstance(parts.maps_of(around, around, LAYERS, PICTURE), TiledMaps)


def test_strips_cover_every_row_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(parts.strips(11, 3)) == [slice(0, 11)]
    monkeypatch.setattr(parts, "WHOLE", 10)
    monkeypatch.setattr(parts, "ROWS", 5)
    assert list(parts.strips(11, 3)) == [slice(0, 5), slice(5, 10), slice(10, 11)]


def test_lpips_refuses_what_it_would_hold_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylelightning.metrics.lpips.WHOLE", 100)
    metric = LPIPS()
    monkeypatch.setattr(metric, "_load", lambda: torch.nn.Identity())
    with pytest.raises(ValueError, match=r"at most 100 pixels, got 47x31 px: compare it at a sma"):
        metric.update(PICTURE, CONTENT)


def test_pixels_are_measured_in_parts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "WHOLE", 100)
    monkeypatch.setattr(parts, "TILE", 16)
    metric = GaussianDistance(Pixels(), ["octave1"])
    metric.update(STYLE, CONTENT, [STYLE])
    assert float(metric.compute()["vgg_style"]) < 0.01
