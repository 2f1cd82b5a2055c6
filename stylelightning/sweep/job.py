"""One point's run: the same function for every engine."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from stylelightning.backbones import Backbone
from stylelightning.callbacks import FinalMetrics
from stylelightning.callbacks.periodic import style_transfer
from stylelightning.cli import config
from stylelightning.cli.chosen import short_key
from stylelightning.cli.errors import attempt
from stylelightning.cli.manner import Manner
from stylelightning.cli.process import set_up_process
from stylelightning.cli.run import fit
from stylelightning.execution.memory import PeakMemory
from stylelightning.run.folder import RunFolder, newest_run
from stylelightning.sweep.records import Record, Status
from stylelightning.sweep.state import checkpoint_of, read_state, write_state
from stylelightning.sweep.sweep_folder import SweepFolder

log = logging.getLogger(__name__)

NOT_KEPT = (*config.NOT_KEPT, "trainer.default_root_dir")
"""Keys that are left out of the config of a point's run: the sweep's folder is one of them."""

BACKBONES: dict[str, Backbone] = {}
"""Backbones of this process's runs, by class and options: each is made once."""

WATCHES: list[Callback] = []
"""What shows this process's runs as they go; the processes that an engine starts have none."""

STATUS: dict[int, Status] = {0: "done", 130: "stopped", 143: "stopped"}
"""Status by exit code; any other is that of a failure."""


@dataclass(frozen=True)
class Job:
    """A point that is to be run.

    Args:
        point: Its name.
        place: Label of its value on each axis, by axis.
        args: The options of its run.
        folder: The sweep's folder.
        config: The run's whole config, as YAML.
        fingerprint: What changes when the run would make another picture.
        threads: Threads of the run; None leaves torch's number.
        bar: Whether the config's progress bar is shown.
    """

    point: str
    place: dict[str, str]
    args: tuple[str, ...]
    folder: str
    config: str
    fingerprint: str
    threads: int | None = None
    bar: bool = False

    def record(self, status: Status, error: str = "") -> Record:
        """Return all that is known of a point without a run of its own."""
        return Record(self.point, self.place, status, error=error)


class FinalTerms(Callback):
    """Keeps the terms at the end of a run, and how many steps it made."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.terms: dict[str, float] = {}

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep it."""
        self.steps = trainer.global_step
        self.terms = {
            name: float(term) for name, term in style_transfer(pl_module).terms.weighted.items()
        }
        if self.terms:  # a run that fails before its first step has none
            self.terms["total"] = sum(self.terms.values())

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Keep it of a run that was stopped or failed, too."""
        self.on_train_end(trainer, pl_module)


def run_job(job: Job) -> Record:
    """Make the run of a point, or go on with it, and write what is known of it into its folder.

    Args:
        job: The point.

    Returns:
        What is known at the end, also of a run that failed or was stopped.
    """
    try:
        return _run_job(job)
    except Exception as error:  # the other points can still be run
        line = " ".join(f"{type(error).__name__}: {error}".split())
        return job.record("failed", line)


def _run_job(job: Job) -> Record:
    folder, began, final = SweepFolder(Path(job.folder)), monotonic(), FinalTerms()
    record = Record(job.point, job.place)
    checkpoint = checkpoint_of(folder, job.point, job.config) if _begun(job) else None
    args = list(job.args) if checkpoint is None else [*job.args, f"--ckpt_path={checkpoint}"]
    before = newest_run(folder.path, job.point)
    write_state(folder, record, job.fingerprint)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    set_up_process()
    with _threads(job.threads), PeakMemory(device) as peak:
        outcome = attempt(lambda: fit(args, _manner(job, final)), raises=False)
    newest = newest_run(folder.path, job.point)
    run = None if newest == before else newest
    record = replace(
        record,
        status=STATUS.get(outcome.code, "failed"),
        steps=final.steps,
        seconds=monotonic() - began,
        megabytes=peak.megabytes,
        folder="" if run is None else str(run.path.relative_to(folder.path)),
        error=outcome.error or ("" if outcome.code in STATUS else f"Exit code {outcome.code}."),
        terms=final.terms,
        metrics=_metrics(run),
    )
    write_state(folder, record, job.fingerprint)
    return record


def _begun(job: Job) -> bool:
    """Return whether a run of this very point was begun and neither ended nor failed."""
    known = read_state(SweepFolder(Path(job.folder)), job.point, job.fingerprint)
    return known is not None and known.status in ("waiting", "stopped")


def _manner(job: Job, final: FinalTerms) -> Manner:
    return Manner(
        not_kept=NOT_KEPT,
        says_changes=False,  # what a change of class leaves out was said before the first run
        instantiators=[(_shared_backbone, Backbone, True)],
        bar=job.bar,
        usual={"metrics": FinalMetrics},
        last=[final, *WATCHES],
        place={short_key(axis): label for axis, label in job.place.items()},
    )


def _shared_backbone(class_type: type[Backbone], *args: Any, **options: Any) -> Backbone:
    options.pop("applied_instantiation_links", None)
    if not class_type.__module__.startswith("stylelightning."):
        return class_type(*args, **options)  # may draw random numbers, or change
    key = f"{class_type.__module__}.{class_type.__qualname__}{args}{sorted(options.items())}"
    if key not in BACKBONES:
        BACKBONES[key] = class_type(*args, **options)
    return BACKBONES[key]


def _metrics(run: RunFolder | None) -> dict[str, float]:
    if run is None or not run.metrics.is_file():
        return {}
    metrics: dict[str, float] = json.loads(run.metrics.read_text())
    return metrics


@contextmanager
def _threads(number: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
