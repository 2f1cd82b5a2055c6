"""What the terminal shows of a clip."""

import logging
from typing import Any

import pytest

from stylelightning.video import progress
from stylelightning.video.progress import ClipProgress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("stylelightning.video.progress.time.monotonic", lambda: now[0])
    return now


def test_the_time_left_tells_the_first_frames_from_the_others(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    shown = ClipProgress(firsts=2)
    shown.begin(10, 0)
    for number in range(10):
        first = number in (0, 5)
        shown.painting(number, first)
        clock[0] += 60 if first else 10
        shown.painted()
    lines = capsys.readouterr().out.splitlines()
    # all of 60 s at first; then 7 of 10 s and one of 60 s
    assert lines[0] == "frame 1/10  60.0 s  9:00 left"
    assert lines[1] == "frame 2/10  10.0 s  2:10 left"
    assert lines[-1] == "frame 10/10  10.0 s  0:00 left"
    assert len(lines) == 9  # the first frame, and one for each eighth


def test_the_bar_fits_a_terminal(
    clock: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bars: list[Any] = []

    class Bar:
        def __init__(self, **options: Any) -> None:
            bars.append(self)

        def refresh(self) -> None:
            pass

        def close(self) -> None:
            bars.append("closed")

    monkeypatch.setattr(progress, "tqdm", Bar)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    shown = ClipProgress(firsts=1)
    shown.begin(240, 0)
    shown.painting(0, True)
    clock[0] = 30.0
    shown.painted()
    shown.painting(1, False)
    clock[0] = 35.0
    shown.step(20, 40)
    (bar,) = bars
    assert bar.n == 1.5
    line = bar.bar_format.format_map({"bar": _Letters()})
    assert line.startswith("frame 2/240 |")
    assert line.endswith("| step 20/40  1:59:25 left")  # 238 of 30 s, and 25 s of this one
    assert len(line) <= 80 - len("^C") - 1
    shown.close()
    assert bars[-1] == "closed"
    assert capsys.readouterr().out == ""
    assert logging.getLogger("stylelightning").handlers


class _Letters:
    """Formats itself as so many letters."""

    def __format__(self, spec: str) -> str:
        return "#" * int(spec)
