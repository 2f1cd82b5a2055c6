"""What a step tile by tile will take."""

from pathlib import Path

import pytest

from stylelightning import StyleTransferData
from stylelightning.cli import probes
from stylelightning.cli.forecast import report
from stylelightning.cli.tiled_forecast import COPIES, TiledForecast, Weighed, Work, work_at
from stylelightning.execution.tiling import Tiling
from tests.runs import make_module, make_trainer


def seconds(work: Work) -> float:
    return 0.5 + (3e-6 if work.tiles > 1 else 2e-6) * work.read


def weighed(work: Work) -> Weighed:
    held = 5 + 8e-5 * work.pixels  # the 5 MB do not grow
    peak = 100 + 2e-3 * work.largest + (8e-5 + COPIES * 12e-6) * work.pixels
    return Weighed(work, peak, held)


WHOLE = [Work(14_000, 14_000, 14_000, 1), Work(44_000, 44_000, 44_000, 1)]
CUT = [Work(68_000, 150_000, 38_000, 4), Work(170_000, 800_000, 78_000, 12)]


def test_what_was_measured_is_drawn_on() -> None:
    timed = [(each, seconds(each)) for each in [*WHOLE, *CUT]]
    found = TiledForecast(timed, [weighed(each) for each in CUT], renewal=1e-6)
    for work in (Work(10**7, 2 * 10**7, 10**6, 20), Work(10**6, 10**6, 10**6, 1)):
        assert found.plain(work) == pytest.approx(seconds(work))
        assert found.renewal(work) == pytest.approx(1e-6 * work.pixels)  # nothing is done again
        assert found.megabytes(work) == pytest.approx(weighed(work).peak)


def test_noise_does_not_make_a_large_picture_or_tile_take_less_memory() -> None:
    timed = [(each, 1.0) for each in [*WHOLE, *CUT]]
    found = TiledForecast(timed, [Weighed(CUT[0], 120.0, 9.0), Weighed(CUT[1], 119.0, 8.9)])
    assert found.megabytes(Work(10**6, 10**6, 200, 9)) > found.megabytes(Work(10**5, 10**5, 200, 9))
    assert found.megabytes(Work(100, 100, 900, 9)) >= found.megabytes(Work(100, 100, 200, 9))


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
    monkeypatch.setattr(probes, "TIMED", (36, 32))
    monkeypatch.setattr(probes, "WEIGHED", ((40, 32), (48, 32)))
    monkeypatch.setattr(probes, "PROBES", (16, 24))
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
