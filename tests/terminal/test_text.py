"""Lines that fit a terminal."""

import pytest

from stylelightning.terminal.text import clock, wrapped

LINE = "step 25/180  96x64 px  total 1287  content 417.2  style 534.1  strokes 307.3  73 ms/step"


@pytest.mark.parametrize("columns", [24, 40, 80])
def test_a_wrapped_line_fits_and_keeps_numbers_with_their_names(columns: int) -> None:
    lines = wrapped(LINE, columns).split("\n")
    assert max(map(len, lines)) <= columns
    # by hand: two spaces part what belongs together
    assert [part for line in lines for part in line.strip().split("  ")] == LINE.split("  ")


def test_prose_is_broken_between_words_and_line_breaks_stay() -> None:
    # by hand
    assert wrapped("the picture is small\nyes", 12) == "the picture\n    is small\nyes"


def test_a_word_that_is_too_long_stays_whole() -> None:
    assert (
        wrapped("a /long/path/of/a/picture.png b", 9) == "a\n    /long/path/of/a/picture.png\n    b"
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (0.2, "0:01"), (59.7, "1:00"), (3725, "1:02:05")]
)
def test_a_clock_says_minutes_and_hours(seconds: float, text: str) -> None:
    assert clock(seconds) == text  # by hand
