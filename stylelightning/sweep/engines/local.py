"""Runs on this machine."""

import contextlib
import logging
import os
import signal
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import active_children, get_context
from multiprocessing.synchronize import Event

import torch

from stylelightning.cli.process import set_up_process
from stylelightning.sweep.engines.base import Engine, check_least
from stylelightning.sweep.job import Job, run_job
from stylelightning.sweep.quiet import Quiet, quiet_runs
from stylelightning.sweep.records import Record

STOP: list[Event] = []
"""In a process that makes runs for another one: what that one sets when no more shall be made."""


class LocalEngine(Engine):
    """Makes the runs on this machine.

    Args:
        workers: Number of runs at the same time, at least 1. One is made in this process; more
            are made in processes of their own.
        threads: Threads of each run; null shares the machine's cores out among the workers.

    Raises:
        ValueError: If a number is below 1.
    """

    def __init__(self, workers: int = 1, threads: int | None = None) -> None:
        check_least("workers", workers, 1, "LocalEngine")
        check_least("threads", threads, 1, "LocalEngine")
        self.workers = workers
        self.threads = threads

    def run(self, jobs: Sequence[Job]) -> Generator[Record, None, None]:
        """Make the runs, here or in processes of their own.

        A process that dies is replaced: the runs that were under way are made again, each by
        itself, and one that brings down its process again has failed.

        Args:
            jobs: The points to run.
        """
        if self.workers == 1:
            yield from _in_this_process([replace(job, threads=self.threads) for job in jobs])
            return
        threads = self.threads or max(1, torch.get_num_threads() // self.workers)
        set_up = [replace(job, threads=threads) for job in jobs]
        lost = yield from _in_processes(set_up, self.workers, threads)
        for job in lost or ():
            again = yield from _in_processes([job], 1, threads)
            if again is None:
                return
            if again:
                yield job.record("failed", "The run's process died, perhaps for want of memory.")


def _in_this_process(jobs: Sequence[Job]) -> Generator[Record, None, None]:
    with quiet_runs():
        for job in jobs:
            record = run_job(replace(job, bar=True))
            yield record
            if record.status == "stopped":
                return


def _in_processes(
    jobs: Sequence[Job], workers: int, threads: int
) -> Generator[Record, None, list[Job] | None]:
    """Make runs in processes.

    Returns:
        The jobs that were under way when a process died; None when the runs were stopped.
    """
    waiting, running, lost = deque(jobs), dict[Future[Record], Job](), list[Job]()
    while waiting:
        context = get_context("spawn")  # a fork would share torch's threads
        stop = context.Event()
        pool = ProcessPoolExecutor(workers, context, _begin, (threads, stop))
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    running[pool.submit(_interruptible, waiting[0])] = waiting[0]
                    waiting.popleft()  # not before: a pool that broke meanwhile takes none
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    record = future.result()
                    del running[future]
                    yield record
                    if record.status == "stopped":
                        raise KeyboardInterrupt
        except BrokenProcessPool:
            for future in [each for each in running if not each.exception()]:
                del running[future]
                yield future.result()
            lost += running.values()
            running.clear()
        except KeyboardInterrupt:
            _interrupt(stop)
            with contextlib.suppress(BrokenProcessPool):
                for future in running:
                    yield future.result()
            if not running:  # the stop came while the first run was handed over
                yield jobs[0].record("stopped")
            return None
        except GeneratorExit:
            _interrupt(stop)
            raise
        finally:
            pool.shutdown(cancel_futures=True)
    return lost


def _begin(threads: int, stop: Event) -> None:
    """Set up a process: Ctrl-C on the terminal is for the one that waits for this one."""
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    STOP.append(stop)
    set_up_process()
    torch.set_num_threads(threads)
    for handler in logging.getLogger("stylelightning").handlers:
        handler.addFilter(Quiet())


def _interruptible(job: Job) -> Record:
    """Make a run that an interrupt stops after its step."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if any(stop.is_set() for stop in STOP):  # asked while no run was there to hear it
            return job.record("stopped")
        return run_job(job)
    except KeyboardInterrupt:  # between the two
        return job.record("stopped")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _interrupt(stop: Event) -> None:
    """Stop the runs of this process's children after their step, and let them begin no other."""
    stop.set()
    for process in active_children():
        if process.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGINT)
