"""Pictures as coloured half blocks."""

import io
import re

import numpy as np
import pytest

from stylelightning.terminal.half_blocks import (
    block_size,
    half_blocks,
    has_true_colour,
    why_no_blocks,
)

# red over blue, white over black
PICTURE = np.array([[[255, 0, 0], [255, 255, 255]], [[0, 0, 255], [0, 0, 0]]], np.uint8)


@pytest.mark.parametrize(
    ("true_colour", "row"),
    [
        (True, "\x1b[38;2;255;0;0;48;2;0;0;255m▀\x1b[38;2;255;255;255;48;2;0;0;0m▀\x1b[0m"),
        # xterm's table: 196 is red, 21 blue, 231 white, 16 black
        (False, "\x1b[38;5;196;48;5;21m▀\x1b[38;5;231;48;5;16m▀\x1b[0m"),
    ],
)
def test_a_letter_has_the_colours_of_two_pixels(true_colour: bool, row: str) -> None:
    assert half_blocks(PICTURE, true_colour) == [row]


def test_a_colour_is_said_once_for_its_neighbours() -> None:
    (row,) = half_blocks(np.full((2, 9, 3), 7, np.uint8), true_colour=True)
    assert (row.count("▀"), row.count("38;2;7;7;7"), row.count("48;2;7;7;7")) == (9, 1, 1)


def test_grays_are_near_in_256_colours() -> None:
    grays = np.repeat(np.arange(0, 256, 3, dtype=np.uint8), 3).reshape(1, -1, 3)
    (row,) = half_blocks(np.repeat(grays, 2, 0), true_colour=False)
    # xterm's table: cube levels and grays are at most 10 apart but at the black end
    chosen = [int(code) for code in re.findall(r"38;5;(\d+)", row)]
    assert all(code >= 232 or code in (16, 59, 102, 145, 188, 231) for code in chosen)


@pytest.mark.parametrize(
    ("height", "width", "columns", "lines", "size"),
    [
        (200, 300, 80, 24, (18, 27)),  # 9 lines of 24 are 40 %
        (100, 1000, 80, 24, (8, 79)),  # one column stays free
        (1000, 100, 80, 24, (18, 2)),
        (100, 100, 2, 1, (2, 1)),
    ],
)
def test_a_picture_fills_the_width_or_two_fifths_of_the_height(
    height: int, width: int, columns: int, lines: int, size: tuple[int, int]
) -> None:
    assert block_size(height, width, columns, lines) == size  # by hand


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("encoding", "environment", "reason"),
    [
        ("utf-8", {}, ""),
        ("utf-8", {"NO_COLOR": "1"}, "NO_COLOR is set"),
        ("utf-8", {"NO_COLOR": ""}, ""),  # no-color.org: when not empty
        ("utf-8", {"TERM": "dumb"}, "TERM is dumb"),
        ("ascii", {}, "the terminal has ascii"),
    ],
)
def test_a_terminal_without_colours_or_blocks_is_known(
    encoding: str, environment: dict[str, str], reason: str
) -> None:
    found = why_no_blocks(Terminal(io.BytesIO(), encoding), environment)
    assert found.startswith(reason)
    assert bool(found) is bool(reason)


def test_a_file_gets_no_blocks() -> None:
    assert why_no_blocks(io.StringIO(), {}) == "standard output is no terminal"
    assert why_no_blocks(None, {})


def test_true_colour_is_what_the_terminal_says() -> None:
    assert has_true_colour({"COLORTERM": "truecolor"})
    assert not has_true_colour({"TERM": "xterm-256color"})
