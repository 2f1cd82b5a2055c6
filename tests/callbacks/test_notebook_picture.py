"""The growing picture of a notebook, with a plain Trainer; IPython is played by a stand-in."""

import pickle
import sys
from io import BytesIO
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from stylelightning import StyleTransferData
from stylelightning.callbacks import NotebookPicture
from tests.runs import fit, make_trainer


class Cell:
    """Below a cell: what was shown and what it was replaced by."""

    def __init__(self) -> None:
        self.shown: list[Any] = []

    def display(self, shown: Any, display_id: bool) -> "Cell":
        assert display_id
        self.shown.append(shown)
        return self

    def update(self, shown: Any) -> None:
        self.shown.append(shown)

    @property
    def sizes(self) -> list[tuple[int, int]]:
        return [Image.open(BytesIO(each.data)).size for each in self.shown]


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Cell:
    """Make the process a notebook's."""
    cell = Cell()
    ipython, display = ModuleType("IPython"), ModuleType("IPython.display")
    vars(ipython)["get_ipython"] = lambda: SimpleNamespace(kernel=object())
    vars(display).update(display=cell.display, Image=SimpleNamespace)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return cell


def test_it_shows_the_picture_from_the_start_to_the_end(
    tmp_path: Path, data: StyleTransferData, cell: Cell
) -> None:
    module = fit(tmp_path, data, NotebookPicture(min_seconds=0))
    # the start, six steps, of which three are at each scale, and the end
    assert cell.sizes == [(16, 12)] * 4 + [(32, 24)] * 4
    assert {each.width for each in cell.shown} == {32}  # on the page, from the start
    assert module.picture.shape == (1, 3, 24, 32)


def test_it_shows_no_more_than_one_picture_in_its_time(
    tmp_path: Path, data: StyleTransferData, cell: Cell
) -> None:
    fit(tmp_path, data, NotebookPicture(min_seconds=1000))
    assert cell.sizes == [(16, 12), (32, 24)]


def test_each_run_has_a_picture_of_its_own(
    tmp_path: Path, data: StyleTransferData, cell: Cell
) -> None:
    callback = NotebookPicture(min_seconds=1000)
    for _ in range(2):
        fit(tmp_path, data, callback)
    assert cell.sizes == [(16, 12), (32, 24)] * 2
    again = pickle.loads(pickle.dumps(callback))
    assert again.min_seconds == 1000


def test_outside_a_notebook_it_says_so(
    tmp_path: Path, data: StyleTransferData, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(tmp_path, data, NotebookPicture())
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: NotebookPicture has an effect in a notebook only: `fit` w")


def test_a_run_that_does_not_start_shows_nothing(
    tmp_path: Path, data: StyleTransferData, cell: Cell
) -> None:
    with pytest.raises(TypeError):
        make_trainer(tmp_path, NotebookPicture()).fit(None, data)  # type: ignore[arg-type]
    assert cell.shown == []


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_a_time_out_of_range_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match=f"must be a number of at least 0, got {seconds}"):
        NotebookPicture(seconds)


def test_a_large_picture_is_made_smaller(
    tmp_path: Path, data: StyleTransferData, cell: Cell
) -> None:
    fit(tmp_path, data, NotebookPicture(min_seconds=0, longest_side=20))
    assert cell.sizes == [(16, 12)] * 4 + [(20, 15)] * 4  # by hand: 32 x 24 px at 20
    assert {each.width for each in cell.shown} == {20}


def test_a_side_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`longest_side` .* at least 1 pixel, got 0\.$"):
        NotebookPicture(longest_side=0)
