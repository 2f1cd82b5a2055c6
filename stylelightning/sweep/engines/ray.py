"""Runs on a Ray cluster."""

import importlib
import logging
import os
import sys
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stylelightning.cli.process import set_up_process
from stylelightning.sweep.engines.base import Engine, check_least
from stylelightning.sweep.job import Job, run_job
from stylelightning.sweep.quiet import quiet_runs
from stylelightning.sweep.records import Record


class RayEngine(Engine):
    """Makes the runs as tasks of a Ray cluster; needs ``pip install 'stylelightning[ray]'``.

    The sweep's folder and the pictures must be at the same place on all machines, on a shared file
    system. What is known of a run comes back as it ends. The run of a worker that is lost is made
    again, and goes on from its last checkpoint.

    Args:
        address: Address of a cluster, such as ``auto`` or ``ray://head:10001``; null starts one on
            this machine.
        cpus: Cores, and threads, of each run, at least 1.
        gpus: GPUs of each run; a part of one, such as 0.5, lets runs share it.
        at_once: Most runs at the same time; null for as many as the cluster has room for.
        retries: How often a run is made again whose worker was lost, at least 0.

    Raises:
        ValueError: If a number is out of its range, or Ray is not installed.
    """

    def __init__(
        self,
        address: str | None = None,
        cpus: int = 1,
        gpus: float = 0.0,
        at_once: int | None = None,
        retries: int = 3,
    ) -> None:
        check_least("cpus", cpus, 1, "RayEngine")
        check_least("gpus", gpus, 0, "RayEngine")
        check_least("at_once", at_once, 1, "RayEngine")
        check_least("retries", retries, 0, "RayEngine")
        try:
            self._ray: Any = importlib.import_module("ray")
        except ImportError as error:
            raise ValueError(
                "RayEngine needs Ray: pip install 'stylelightning[ray]', or --engine LocalEngine."
            ) from error
        self.address = address
        self.cpus = cpus
        self.gpus = gpus
        self.at_once = at_once
        self.retries = retries

    def run(self, jobs: Sequence[Job]) -> Generator[Record, None, None]:
        """Make the runs as tasks.

        Args:
            jobs: The points to run.

        Raises:
            ConnectionError: If the cluster can't be reached.
        """
        ray, connected = self._ray, self._ray.is_initialized()
        if not connected:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            local = {} if self.address else {"include_dashboard": False}
            ray.init(self.address, log_to_driver=False, logging_level=logging.ERROR, **local)
        try:
            room = self._room(ray.cluster_resources())
            yield from self._tasks([replace(job, threads=self.cpus) for job in jobs], room)
        finally:
            if not connected:
                ray.shutdown()

    def _room(self, resources: dict[str, float]) -> int:
        room = resources.get("CPU", 0) // self.cpus
        if self.gpus:
            room = min(room, resources.get("GPU", 0) // self.gpus)
        if room < 1:
            raise ValueError(
                f"A run needs {self.cpus} CPU and {self.gpus:g} GPU, more than the cluster has: "
                f"{resources.get('CPU', 0):g} and {resources.get('GPU', 0):g}."
            )
        return int(min(room, self.at_once or room))

    def _tasks(self, jobs: Sequence[Job], at_once: int) -> Generator[Record, None, None]:
        ray, waiting, running = self._ray, deque(jobs), dict[Any, Job]()
        task = ray.remote(num_cpus=self.cpus, num_gpus=self.gpus, max_retries=self.retries)(_task)
        folder = str(Path.cwd())
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    job = waiting.popleft()
                    running[task.remote(job, folder)] = job
                (ended,), _ = ray.wait(list(running))
                record = self._record(ended, running.pop(ended))
                yield record
                if record.status == "stopped":
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            self._stop(running)
            for each, job in running.items():
                yield self._record(each, job)
        except GeneratorExit:
            self._stop(running)
            raise

    def _record(self, ended: Any, job: Job) -> Record:
        try:
            record: Record = self._ray.get(ended)
        except self._ray.exceptions.TaskCancelledError:
            return job.record("stopped")
        except self._ray.exceptions.RayError as error:
            line = " ".join(str(error).split())
            return job.record("failed", f"Ray: {line[:300]}")
        return record

    def _stop(self, running: dict[Any, Job]) -> None:
        for each in running:
            self._ray.cancel(each)  # a KeyboardInterrupt there: the run ends after its step


def _task(job: Job, folder: str) -> Record:
    """Make a run on a worker, with the paths of the sweep's own process."""
    os.chdir(folder)
    if folder not in sys.path:
        sys.path.insert(0, folder)  # components of the user's own
    set_up_process()
    with quiet_runs():
        return run_job(job)
