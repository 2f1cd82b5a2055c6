"""Any bytes at all give a picture or an error of one line, in bounded time and memory."""

import re
import resource
from collections import Counter
from pathlib import Path
from time import monotonic

import pytest

from stylelightning.images import PIXEL_LIMIT, MissingConfigError, read_config, read_picture
from tests.images.mutations import mutants

SECONDS = 5
"""Longest time for a file, and for each of its ``MEGAPIXELS``."""
MEGAPIXELS = 20
MEMORY = 24 * PIXEL_LIMIT
"""Most bytes on top of those of the process: twice the largest picture in floats."""


def outcomes(folder: Path, seed: int, count: int) -> Counter[str]:
    """Return how reading mutated pictures ended, after checking each."""
    table: Counter[str] = Counter()
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, what, data in mutants(folder, seed, count):
        path = folder / name
        path.write_bytes(data)
        began, allowed = monotonic(), float(SECONDS)
        try:
            picture = read_picture(path)
        except (OSError, ValueError) as error:
            message = str(error)
            assert message.startswith(f"Cannot read the picture {path}: "), (what, message)
            assert "\n" not in message, (what, message)
            reason = re.sub(r"\(.*\)", "", message.split(": ", 1)[1])
            table[re.sub(r"[\d,]{2,}", "N", reason)[:48].strip()] += 1
        else:
            assert bool((picture.pixels >= 0).all() and (picture.pixels <= 1).all()), what
            allowed *= max(1, picture.width * picture.height / MEGAPIXELS / 1e6)
            table["picture"] += 1
        table["config"] += config_is_read(path)
        assert monotonic() - began < allowed, what
        path.unlink()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (peak - start) * 1024 < MEMORY
    return table


def config_is_read(path: Path) -> bool:
    """Return whether a picture carries a config, after checking the error where it is broken."""
    try:
        return "content" in read_config(path)
    except MissingConfigError:
        return False
    except (OSError, ValueError) as error:
        message = str(error)
    assert message.startswith(f"Cannot read the picture {path}: "), message
    assert "\n" not in message, message
    return False


def test_mutated_pictures_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    table = outcomes(tmp_path, seed=0, count=120)
    assert table.total() - table["config"] == 120
    assert table["picture"] > 10
    assert len(table) > 4


@pytest.mark.slow
def test_two_thousand_mutated_pictures_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    table = outcomes(tmp_path, seed=7, count=2000)
    for outcome, count in table.most_common():
        print(f"{count:5} {outcome}")  # noqa: T201 -- shown with -s
    assert table.total() - table["config"] == 2000
    assert table["config"] > 20
    assert table["picture"] > 200
