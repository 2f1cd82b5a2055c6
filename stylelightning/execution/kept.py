"""Measurements of this machine that are made once and kept from run to run."""

import json
import logging
import math
from collections.abc import Callable

import torch

from stylelightning.execution.device_name import processor_name
from stylelightning.files.atomic import write_atomically
from stylelightning.files.caches import own_cache

log = logging.getLogger(__name__)

Measured = dict[str, float]
"""Numbers by name."""


def kept(name: str, key: str, wanted: set[str], measure: Callable[[], Measured]) -> Measured:
    """Return what was measured here before, or measure it and keep it.

    It lies in the program's cache folder, for the processor and torch's version, so that the same
    run takes the same way, and makes the same picture, another time.

    Args:
        name: Name of the file, without its ending.
        key: What it was measured with besides, in words.
        wanted: The names of the numbers.
        measure: Measures them.
    """
    key = f"{processor_name()}, torch {torch.__version__}, {key}"
    path = own_cache() / f"{name}.json"
    known: dict[str, Measured] = {}
    try:
        for kept_key, found in json.loads(path.read_bytes()).items():
            numbers = {number: float(found[number]) for number in wanted & found.keys()}
            if wanted <= numbers.keys() and all(0 < value < math.inf for value in numbers.values()):
                known[kept_key] = numbers
    except (OSError, ValueError, TypeError, AttributeError):
        known = {}  # what can't be read is measured anew
    if key not in known:
        with torch.random.fork_rng(devices=[]):  # a first run draws what later ones do
            known[key] = measure()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, f"{json.dumps(known, indent=1)}\n".encode())
        except OSError as error:
            log.debug("The machine is measured anew another time: %s", error)
    return known[key]
