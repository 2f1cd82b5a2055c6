"""Rows that stand above the progress bar."""

import sys

import pytest

from stylelightning.terminal.standing import StandingRows

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_a_line_is_written_above_the_rows(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    standing = StandingRows()
    standing.show(["one", "two"], 3)
    standing.write("said", sys.stdout)
    # by hand: two lines up, all below erased, the line, the rows again
    assert capsys.readouterr().out == "one\ntwo\n" + "\r\x1b[2A\x1b[J" + "said\none\ntwo\n"


def test_rows_that_a_narrower_terminal_broke_are_taken_away_whole(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = StandingRows()
    standing.show(["row " * 10] * 3, 40)
    capsys.readouterr()
    monkeypatch.setenv("COLUMNS", "20")
    standing.show(["new"], 3)
    assert capsys.readouterr().out == "\r\x1b[6A\x1b[Jnew\n"  # by hand: 3 rows of 2 lines


def test_rows_that_were_released_stay(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    standing = StandingRows()
    standing.show(["row"], 3)
    standing.release()
    standing.write("said", sys.stdout)
    assert capsys.readouterr().out == "row\nsaid\n"
