"""Any bytes at all give a picture or an error of one line, in bounded time and memory."""

import re
import resource
from collections import Counter
from pathlib import Path
from time import process_time

import pytest

from stylelightning.images import MissingConfigError, opening, read_config, read_picture
from tests.images.mutations import mutants

SECONDS = 5
"""Longest time of the processor for a file."""
LIMIT = 20_000_000
"""Most pixels of a picture here, so that a bomb just below the limit takes no gigabytes."""
MEMORY = 60 * LIMIT
"""Most bytes on top of those of the process."""


@pytest.fixture(autouse=True)
def _lower_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PIXEL_LIMIT", LIMIT)


def outcomes(folder: Path, seed: int, count: int) -> Counter[str]:
    """Return how reading mutated pictures ended, after checking each."""
    table: Counter[str] = Counter()
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, what, data in mutants(folder, seed, count):
        path = folder / name
        path.write_bytes(data)
        began = process_time()
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
            table["picture"] += 1
        table["config"] += config_is_read(path)
        assert process_time() - began < SECONDS, what
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
