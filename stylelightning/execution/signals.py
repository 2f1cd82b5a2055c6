"""Signals that wait until a stretch of the program is over."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

WAITING = tuple(
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if name in signal.Signals.__members__
)
"""Those that end a program whose handlers may raise an error."""


@contextmanager
def signals_wait() -> Iterator[None]:
    """Let signals be handled at the end, as they would have been; only the main thread can.

    An error that a handler raises while rubbish is collected, in a destructor or a callback, is
    printed by Python and then lost.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    heard = [each for each in WAITING if callable(signal.getsignal(each))]
    before = {number: signal.signal(number, note) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for each in came[:1]:
        signal.raise_signal(each)
