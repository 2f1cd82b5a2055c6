"""Files written beside the run, not in its way."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore, Condition
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer

from stylelightning.callbacks.periodic import PeriodicCallback

log = logging.getLogger(__name__)

WAITING = 4
"""Most pictures that wait to be written; the run then waits for the oldest."""
HELD = 4 * 12 * 2048**2
"""Most bytes of pictures that wait: four of 2048 x 2048 px in floats; a larger one waits alone."""


class BackgroundWriter:
    """One thread that does what it is given, one after the other.

    An error is raised in the run's thread: by the next call, or at the latest by ``finish``.
    """

    def __init__(self) -> None:
        self._free = BoundedSemaphore(WAITING)
        self._room = _Room(HELD)
        self._thread: ThreadPoolExecutor | None = None
        self._done: list[Future[None]] = []

    def make_room(self, held: int) -> None:
        """Wait until copies of a picture may be made for work that comes next.

        Args:
            held: Their bytes.
        """
        self._room.wait_for(held)

    def later(self, work: Callable[[], None], held: int = 0) -> None:
        """Do some work soon; waits when too much is waiting.

        Args:
            work: What to do. It must hold copies of what the run changes in place.
            held: Bytes of what it holds.
        """
        self._raise_failures()
        if self._thread is None:
            self._thread = _one_thread()
        self._free.acquire()
        self._room.take(held)
        future = self._thread.submit(work)
        future.add_done_callback(lambda _: self._free.release())
        future.add_done_callback(lambda _: self._room.give_back(held))
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


class _Room:
    """Bytes that work in the background may hold.

    Args:
        most: How many; a single piece of work may hold more.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._changed = Condition()

    def wait_for(self, held: int) -> None:
        """Wait until so many more may be held, or nothing is."""
        with self._changed:
            self._changed.wait_for(lambda: not self._held or self._held + held <= self._most)

    def take(self, held: int) -> None:
        """Note that so many more are held."""
        with self._changed:
            self._held += held

    def give_back(self, held: int) -> None:
        """Note that so many are held no more."""
        with self._changed:
            self._held -= held
            self._changed.notify_all()


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
