"""How many of the processor's threads a run takes."""

import logging
import math
import os
from functools import cache
from pathlib import Path

import torch

from stylelightning.execution import probe
from stylelightning.execution.kept import kept

log = logging.getLogger(__name__)

VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables of the environment by which a user chooses."""
MOST = torch.get_num_threads()
"""What torch takes by itself: one for each core that the system shows."""
GAIN = 0.9
"""Part of the time of all threads that fewer may take to be chosen."""

_GROUPS = Path("/sys/fs/cgroup")
"""Where Linux says what a container may take of the processor."""


def choose_threads() -> None:
    """Take fewer threads than torch does where they are faster, unless somebody has chosen.

    A container may be given the time of two cores and be shown sixty-four, and of a core's two
    hardware threads the second may cost more than it brings. Nothing is done where there is a GPU,
    or where the number is no longer torch's own.
    """
    chosen = any(os.environ.get(each) for each in VARIABLES) or torch.get_num_threads() != MOST
    if MOST == 1 or chosen or torch.cuda.is_available():
        return
    if (number := fitting_threads()) < MOST:
        torch.set_num_threads(number)
        log.info(
            f"{number} of {MOST} threads are used: more would be slower here. "
            "OMP_NUM_THREADS chooses another number."
        )


@cache
def fitting_threads() -> int:
    """Return the number of threads with which a convolution is fastest here, as it was measured.

    The most are those that a container has the time of; halves of them are tried one after another,
    as long as they are faster.
    """
    most = min(MOST, cores_of_a_container() or MOST)
    if most == 1:
        return 1
    key = f"at most {most} threads"
    found = kept("threads", key, {"threads"}, lambda: {"threads": float(_measure(most))})
    return min(most, max(1, round(found["threads"])))


def cores_of_a_container() -> int | None:
    """Return how many cores' time this process may take, rounded up; None if there is no limit."""
    try:
        if (limits := _GROUPS / "cpu.max").exists():  # control groups 2
            quota, period = limits.read_text().split()
        else:
            quota, period = (
                (_GROUPS / "cpu" / f"cpu.cfs_{each}_us").read_text() for each in ("quota", "period")
            )
        cores = int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):  # no groups, or "max" as the quota
        return None
    return math.ceil(cores) if cores > 0 else None  # -1 is no limit in groups 1


def _measure(most: int) -> int:
    convolution, before = probe.convolution(), torch.get_num_threads()

    def fewest_seconds(numbers: tuple[int, int]) -> tuple[float, ...]:
        taken: dict[int, list[float]] = {number: [] for number in numbers}
        for _ in range(probe.ROUNDS):  # in turns: a machine that changes its pace changes both
            for number, durations in taken.items():
                torch.set_num_threads(number)
                durations.append(probe.seconds(convolution))
        return tuple(map(min, taken.values()))

    best = most
    try:
        while best > 1:
            more, fewer = fewest_seconds((best, best // 2))
            if fewer > GAIN * more:
                break
            best //= 2
    finally:
        torch.set_num_threads(before)
    return best
