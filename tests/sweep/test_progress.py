"""What a sweep says as its runs end."""

from pathlib import Path

import pytest

from stylelightning.sweep.points import Point
from stylelightning.sweep.progress import Progress
from stylelightning.sweep.records import Record
from stylelightning.sweep.sweep_folder import SweepFolder


def test_a_sweep_says_the_time_that_is_left_as_a_run_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    monkeypatch.setattr("stylelightning.sweep.progress.monotonic", lambda: now)
    progress = Progress([Point(name, {}, {}) for name in "abc"], {}, SweepFolder(tmp_path))
    progress.begin(0, 3)
    now = 1900.0
    progress.add(Record("a", {}, "done", 9, 1900.0))
    progress.add(Record("b", {}, "failed", error="no such layer"))
    progress.add(Record("c", {}, "done", 9, 0.0))
    lines = [line.partition("  about ")[2] for line in caplog.messages]
    # by hand: two more of 1900 s each are 1 h 3 min 20 s, one more of 950 s is 15 min 50 s
    assert lines == ["", "1:03:20 left", "15:50 left", ""]
