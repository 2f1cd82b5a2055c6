"""Signals wait until rubbish is collected."""

import gc
import signal

import pytest

from stylelightning.cli.process import on_sigterm
from stylelightning.execution.signals import signals_wait


class Stopped(BaseException):
    """What the handler raises."""


class Rubbish:
    """Holds itself, and is told to stop while it is collected."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


def test_a_stop_while_rubbish_is_collected_is_not_lost() -> None:
    after: list[str] = []

    def collect() -> None:
        with signals_wait():
            Rubbish()
            gc.collect()
            after.append("collected")
        after.append("went on")

    with on_sigterm(Stopped), pytest.raises(Stopped):
        collect()
    assert after == ["collected"]


@pytest.mark.usefixtures("heard_ctrl_c")
def test_handlers_are_given_back() -> None:
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    with signals_wait():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_wait():
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
