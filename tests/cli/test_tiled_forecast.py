"""What a step tile by tile will take."""

from pathlib import Path

import pytest

from stylelightning import StyleTransferData
from stylelightning.cli import forecast
from stylelightning.cli.forecast import report
from stylelightning.cli.tiled_forecast import TiledForecast, TiledProbe, Work, work_at
from stylelightning.execution.tiling import Tiling
from tests.runs import make_module, make_trainer


def plane(work: Work) -> TiledProbe:
    seconds = 0.5 + (3e-6 if work.tiles > 1 else 2e-6) * work.read
    return TiledProbe(work, seconds, 100 + 2e-3 * work.largest + 1e-4 * work.pixels)


def test_what_lies_on_a_plane_is_predicted() -> None:
    works = [
        Work(14_000, 14_000, 14_000, 1),
        Work(44_000, 44_000, 44_000, 1),
        Work(68_000, 150_000, 38_000, 4),
        Work(270_000, 800_000, 78_000, 12),
    ]
    found = TiledForecast([plane(each) for each in works])
    for work in (Work(10**7, 2 * 10**7, 10**6, 20), Work(10**6, 10**6, 10**6, 1)):
        expected = plane(work)
        assert found.seconds(work) == pytest.approx(expected.seconds)
        assert found.megabytes(work) == pytest.approx(expected.megabytes)


def test_noise_does_not_make_a_large_picture_take_less_memory() -> None:
    works = [Work(100, 100, 100, 1), Work(200, 200, 200, 1), Work(900, 1200, 200, 4)]
    probes = [
        TiledProbe(work, 1.0, memory)
        for work, memory in zip(works, (100.0, 120.0, 119.0), strict=True)
    ]
    found = TiledForecast(probes)
    assert found.megabytes(Work(10**6, 10**6, 200, 9)) >= found.megabytes(works[2])


def test_the_work_of_a_picture_counts_what_is_read_around_tiles() -> None:
    # by hand: two levels of stride 2, a margin of 2 and 6 pixels; a picture that is not cut
    module = make_module()
    assert work_at(module, (12, 16), 32) == Work(192, 192, 192, 1)
    cut = work_at(module, (64, 96), 32)
    assert (cut.pixels, cut.tiles) == (64 * 96, 6)
    assert cut.pixels < cut.read <= 6 * cut.largest
    assert 32 * 32 < cut.largest < (32 + 2 * 16) ** 2


def test_a_report_of_tiles_says_how_many(
    tmp_path: Path, content: Path, style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "SIZES", (36, 48))
    monkeypatch.setattr(forecast, "TILE", 32)
    monkeypatch.setattr(forecast, "PROBES", (16, 24))
    module = make_module(tiling=Tiling(32))
    data = StyleTransferData(str(content), str(style), size=64)
    text = report(module, data, lambda callbacks: make_trainer(tmp_path, *callbacks), -1)
    scales = text.splitlines()
    assert "32x24 px" in scales[1]
    assert "tiles" not in scales[1]
    assert scales[2].endswith("4 tiles")
    assert "32 px;" in text
    assert "read again" in text
    assert "largest tile  4096 px" in text
    assert module.tiling == Tiling(32)
