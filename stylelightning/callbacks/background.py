"""Files written beside the run, not in its way."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer

from stylelightning.callbacks.periodic import PeriodicCallback

log = logging.getLogger(__name__)

WAITING = 4
"""Most pictures that wait to be written; the run then waits for the oldest."""


class BackgroundWriter:
    """One thread that does what it is given, one after the other.

    An error is raised in the run's thread: by the next call, or at the latest by ``finish``.
    """

    def __init__(self) -> None:
        self._free = BoundedSemaphore(WAITING)
        self._thread: ThreadPoolExecutor | None = None
        self._done: list[Future[None]] = []

    def later(self, work: Callable[[], None]) -> None:
        """Do some work soon; waits when too much is waiting.

        Args:
            work: What to do. It must hold copies of what the run changes in place.
        """
        self._raise_failures()
        if self._thread is None:
            self._thread = _one_thread()
        self._free.acquire()
        future = self._thread.submit(work)
        future.add_done_callback(lambda _: self._free.release())
        self._done.append(future)

    def __reduce__(self) -> tuple[type["BackgroundWriter"], tuple[()]]:
        """Leave the thread behind when a callback is copied."""
        return BackgroundWriter, ()

    def finish(self) -> None:
        """Wait until all is done.

        Raises:
            Exception: What went wrong first, if anything did.
        """
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None
        self._raise_failures()

    def _raise_failures(self) -> None:
        finished = [future for future in self._done if future.done()]
        self._done = [future for future in self._done if not future.done()]
        for future in finished:
            future.result()


def _one_thread() -> ThreadPoolExecutor:
    """Return a thread that works alone.

    With OpenMP threads of its own it would make those of the run sleep between any two operations:
    steps of 2 ms took 7.
    """
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(1, "stylelightning-writer")
    pool.submit(_work_alone).result()
    torch.set_num_threads(threads)  # what threads to come begin with
    return pool


def _work_alone() -> None:
    torch.get_num_threads()  # a thread takes over the others' number when it first asks
    torch.set_num_threads(1)


class PictureCallback(PeriodicCallback):
    """Records pictures every n steps: encoding and writing them does not hold the run up.

    Args:
        every_n_steps: Number of steps from one record to the next, at least 1.
        min_seconds: Least time from one record to the next, at least 0.
    """

    def __init__(self, every_n_steps: int, min_seconds: float = 0.0) -> None:
        super().__init__(every_n_steps, min_seconds)
        self.writer = BackgroundWriter()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the end, and see that all is written."""
        super().on_train_end(trainer, pl_module)
        self.writer.finish()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """See that what was recorded is written; the run's own error is the one to be told."""
        try:
            self.writer.finish()
        except OSError as error:
            log.warning("A picture could not be written either: %s", error)
