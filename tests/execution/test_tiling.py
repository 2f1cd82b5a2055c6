"""Runs whose pictures are cut into tiles."""

from pathlib import Path
from typing import Any

import pytest
import torch

from stylelightning import Schedule, StyleTransferData
from stylelightning.backbones import VGG16, Pixels
from stylelightning.callbacks import Advice, GradientBalance
from stylelightning.execution import allocator, tiling
from stylelightning.execution.tiling import Tiling, fitting_size, tile_size
from stylelightning.losses import ContentLoss, GramLoss, HistogramLoss, Loss, PatchLoss
from tests.conftest import Run
from tests.runs import OPTIMIZERS, fit, make_trainer


def losses() -> dict[str, Loss | None]:
    return {
        "content": ContentLoss(100.0, ["level2"]),
        "style": GramLoss(100.0, ["level1", "level2"], "hw"),
        "strokes": PatchLoss(10.0, ["image"], size=3, renew_every_n_steps=2),
    }


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiling, "SMALLEST", 8)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_in_several_tiles_makes_the_picture_of_one_that_is_not_cut(
    tmp_path: Path, data: StyleTransferData, optimizer: str
) -> None:
    pictures = [
        fit(
            tmp_path, data, Advice(), GradientBalance(every_n_steps=2),
            losses=losses(), optimizer=OPTIMIZERS[optimizer], tiling=tiles,
            calibrate={"style": 10, "content": 1}, schedule=Schedule(4, min_size=16, factor=2.0),
        ).picture
        for tiles in (None, Tiling(8), Tiling(32))
    ]  # fmt: skip
    torch.testing.assert_close(pictures[1], pictures[0], rtol=1e-3, atol=1e-3)
    assert torch.equal(pictures[2], pictures[0])  # no larger than a tile: it is not cut


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.usefixtures("small_tiles")
def test_a_large_picture_in_tiles_leaves_no_holes_in_memory(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    calls: list[bool] = []
    monkeypatch.setattr(allocator, "LARGE", 3 * 24 * 24)
    monkeypatch.setattr(allocator, "give_back_freed_memory", lambda: calls.append(True))
    schedule, tiles = Schedule([2, 3], min_size=16, factor=2.0), Tiling(8) if cut else None
    fit(tmp_path, data, losses=losses(), tiling=tiles, schedule=schedule)
    # at the larger scale alone: before and after its targets; each of its steps and two searches
    assert len(calls) == (2 + 3 + 2 if cut else 1)


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.usefixtures("small_tiles")
def test_large_blocks_are_mapped_while_what_stays_is_made(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    told: list[bool] = []
    monkeypatch.setattr(allocator, "_heap", allocator._Heap(keeps=True))
    monkeypatch.setattr(allocator, "_tell", lambda key, value: told.append(value > 0))
    schedule, tiles = Schedule([2, 3], min_size=16, factor=2.0), Tiling(8) if cut else None
    fit(tmp_path, data, losses=losses(), tiling=tiles, schedule=schedule)
    # on the heap are the tiles of three steps, each scale's first apart, twice: before and after
    # the gradient, which stays; and everything once the run is over
    assert told == ([True, False] * (2 * 3 + 1) if cut else [])


@pytest.mark.usefixtures("small_tiles")
def test_a_run_in_tiles_resumes_exactly(run: Run) -> None:
    args = ("--model.tiling.size=8", "--model.losses.tv=PatchLoss", "--model.losses.tv.size=3")
    run("--trainer.max_steps=4", *args)
    resumed, whole = run("--ckpt_path=last", *args), run(*args)
    assert (resumed / "result.png").read_bytes() == (whole / "result.png").read_bytes()


def test_auto_takes_the_whole_picture_where_it_fits_and_the_largest_tile_that_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, layers = VGG16(weights=None), frozenset(["relu4_1"])

    def chosen(gigabytes: float, side: int) -> int | None:
        monkeypatch.setattr(tiling, "free_megabytes", lambda _: 1e3 * gigabytes)
        return fitting_size(network, layers, (side, side), torch.device("cpu"), 32)

    assert chosen(1000, 8192) is None
    sizes: list[Any] = [chosen(each, 8192) for each in (100, 40, 20, 16)]
    assert None not in sizes
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) > 2
    assert chosen(2, 300) is None
    assert chosen(0.1, 600) == tiling.CHOICES[-1]


def test_auto_leaves_a_run_alone_that_can_not_be_cut_and_says_why(
    tmp_path: Path, data: StyleTransferData, caplog: pytest.LogCaptureFixture
) -> None:
    terms = {"histogram": HistogramLoss(1.0, ["level1"])}
    fit(tmp_path, data, losses=terms, tiling="auto", schedule=Schedule(1))
    (line,) = [each for each in caplog.messages if "`model.tiling: auto`" in each]
    assert "'histogram' (HistogramLoss)" in line


def test_a_run_without_tiling_has_no_tiles(tmp_path: Path) -> None:
    network, trainer, size = Pixels(), make_trainer(tmp_path), (64, 96)
    layers = frozenset(["octave2"])
    assert tile_size(None, network, layers, size, trainer) is None
    assert tile_size(Tiling(48), network, layers, size, trainer) == 48
    assert tile_size("auto", network, layers, size, trainer) is None  # it fits


def test_a_network_without_layers_is_cut_for_nothing_but_its_pictures() -> None:
    assert tiling.bytes_a_pixel(Pixels(), frozenset(), 32) == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("8", "model.tiling must be options (size), 'auto' or null, got 8."),
        ("{size: 8}", "`model.tiling.size` must be at least 32 pixels, got 8"),
        ("true", "model.tiling must be options (size), 'auto' or null, got true."),
    ],
)
def test_what_is_no_tiling_is_one_line(
    run: Run, capsys: pytest.CaptureFixture[str], value: str, words: str
) -> None:
    run(f"--model.tiling={value}", code=2)
    (line,) = [each for each in capsys.readouterr().err.splitlines() if "error" in each]
    assert words in line
