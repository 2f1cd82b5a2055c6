"""The picture of the run in the terminal."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from stylelightning import StyleTransferData
from stylelightning.callbacks import TerminalPreview
from stylelightning.images import write_picture
from tests.conftest import ROOT, TINY, Run
from tests.runs import fit

ERASURE = re.compile(r"\r\x1b\[(\d+)A\x1b\[J")
BLOCKS = re.compile(r"(?:\x1b\[[\d;]*m|▀)+\x1b\[0m\r\n")
Terminal = Callable[..., str]


@pytest.fixture
def terminal(tmp_path: Path, content: Path, style: Path) -> Terminal:
    """Run ``fit`` on a terminal of a size and return all that it wrote there."""

    def run(*args: str, columns: int = 80, lines: int = 24, **variables: str) -> str:
        outer, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        given = ["--config", str(TINY), f"--data.content={content}", f"--data.style={style}"]
        kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLORTERM")}
        process = subprocess.Popen(
            [sys.executable, "-m", "stylelightning", "fit", *given, *args],
            cwd=tmp_path, stdout=inner, stderr=inner, stdin=subprocess.DEVNULL,
            env={**kept, "OMP_NUM_THREADS": "1", "TERM": "xterm", "PYTHONPATH": str(ROOT),
                 "PYTHONUTF8": "1", **variables},
        )  # fmt: skip
        os.close(inner)
        parts = []
        while part := read(outer):
            parts.append(part)
        os.close(outer)
        assert process.wait() == 0, b"".join(parts).decode()
        return b"".join(parts).decode()

    return run


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux: all have closed it
        return b""


def rows(shown: str, begin: int) -> list[str]:
    """Return the rows of blocks that begin somewhere."""
    found = []
    while match := BLOCKS.match(shown, begin):
        found.append(match[0])
        begin = match.end()
    return found


def test_the_preview_has_the_pictures_colours_and_shape(terminal: Terminal, tmp_path: Path) -> None:
    picture = torch.tensor([200.0, 40.0, 60.0]).view(1, 3, 1, 1).repeat(1, 1, 24, 32) / 255
    picture[..., 16:] = picture[..., 16:].flip(1)
    write_picture(tmp_path / "halves.png", picture)
    shown = terminal(
        f"--model.init={tmp_path / 'halves.png'}",
        "--model.optimizer.lr=1e-9",  # it stays as it is
        "--preview",
        COLORTERM="truecolor",
    )
    block = rows(shown, shown.index("\x1b[38;2"))
    # by hand: 32x24 px on 24 lines, of which 9 are 40 %: 18 pixels high, 24 wide
    assert [row.count("▀") for row in block] == [24] * 9
    for row in block:
        colours = re.findall(r"[34]8;2;(\d+;\d+;\d+)", row)
        assert {*colours[:2]} == {"200;40;60"}
        assert {*colours[-2:]} == {"60;40;200"}


def test_every_line_that_is_said_takes_the_preview_away_and_puts_it_back(
    terminal: Terminal,
) -> None:
    shown = terminal("--preview", lines=30)
    erased = list(ERASURE.finditer(shown))
    assert {match[1] for match in erased} == {"12"}  # by hand: 40 % of 30 lines
    # after each, said or not said, there is a whole picture again
    for match in erased:
        begin = BLOCKS.search(shown, match.end())
        assert begin
        assert len(rows(shown, begin.start())) == 12
    assert "step 1/6" in shown[: erased[-1].start()]
    assert "38;5;" in shown
    assert "38;2;" not in shown
    end = BLOCKS.split(shown)[-1]
    assert "result.png" in end
    assert "tensorboard --logdir runs/tiny/version_0\r\ndone in" in end
    assert "▀" not in end


@pytest.mark.parametrize("columns", [80, 200])
def test_the_lines_of_a_run_fit_the_terminal(terminal: Terminal, columns: int) -> None:
    shown = terminal(columns=columns)
    lines = [each for line in shown.split("\n") for each in line.split("\r")]
    assert max(map(len, lines)) <= columns
    bars = [each for each in lines if "| 6/6  0:00 left  total" in each]
    assert bars
    assert all(("  tv " in each) is (columns == 200) for each in bars)


@pytest.mark.parametrize(
    ("variable", "reason"), [("NO_COLOR", "NO_COLOR is set"), ("TERM", "TERM is dumb")]
)
def test_a_terminal_without_colours_is_told(terminal: Terminal, variable: str, reason: str) -> None:
    shown = terminal("--preview", **{variable: "dumb"})
    assert f"no preview: {reason}" in shown
    assert "▀" not in shown


def test_a_file_gets_one_line_and_no_picture(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    folder = run("--preview")
    shown = capsys.readouterr().out
    assert shown.count("no preview: standard output is no terminal\n") == 1
    assert "\x1b" not in shown
    # like `output`, it is no part of what makes the picture
    assert "preview: null" in (folder / "config.yaml").read_text()
    run("--config", str(folder / "config.yaml"))
    assert "preview" not in capsys.readouterr().out


def test_a_preview_changes_no_pixel(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = fit(tmp_path, data).picture
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    torch.manual_seed(0)
    shown = fit(tmp_path, data, TerminalPreview(min_seconds=0)).picture
    torch.testing.assert_close(shown, plain, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_seconds": -1}, "`min_seconds` of TerminalPreview must be a number of at least 0"),
        ({"height": 0}, "`height` of TerminalPreview must be above 0 and at most 1, got 0"),
    ],
)
def test_bad_options_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TerminalPreview(**options)
