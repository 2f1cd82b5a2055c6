"""The bar of a call."""

import io
import sys
from pathlib import Path

import pytest

from stylelightning import StyleTransferData
from stylelightning.one_call.progress import Progress
from tests.runs import fit


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_with_the_terms(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    fit(tmp_path, data, Progress())
    assert terminal.getvalue().endswith("\n")
    last = terminal.getvalue().strip().split("\r")[-1]
    assert last.startswith("32x24 px 100%|")
    assert " 6/6 [" in last
    assert "content " in last
    assert "total " in last


def test_a_closed_output_stops_no_run(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert fit(tmp_path, data, Progress()).picture.isfinite().all()
