"""A callback that takes the time of every step of a real run."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar, Protocol

import torch
from lightning.pytorch import Callback, LightningModule, Trainer


class Mark(Protocol):
    """A point in time on a device."""

    def milliseconds_until(self, other: Any) -> float:
        """Return the time from here to another point on the same device."""


class HostMark:
    """Now."""

    def __init__(self) -> None:
        self.seconds = perf_counter()

    def milliseconds_until(self, other: "HostMark") -> float:
        """Return the time from here to another point."""
        return 1e3 * (other.seconds - self.seconds)


class CudaMark:
    """When the GPU gets here: a step's end that nobody waits for, which would slow the next."""

    def __init__(self) -> None:
        self.event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        self.event.record()

    def milliseconds_until(self, other: "CudaMark") -> float:
        """Return the time from here to another point; both must have been reached."""
        return float(self.event.elapsed_time(other.event))


class StepClock(Callback):
    """Writes how long the steps but the last took, and what was measured between them.

    The last step is not among them: the end of the run would be.

    Args:
        path: Where to, a JSON file.
    """

    between: ClassVar[Mapping[str, Callable[[], float]]] = {}
    """What is measured between steps, in milliseconds, so that a machine that changes its pace
    changes both."""
    every_n_steps = 10

    def __init__(self, path: str) -> None:
        self.path = path
        self.steps: list[tuple[Mark, Mark]] = []
        self.others: dict[str, list[float]] = defaultdict(list)
        self._began: Mark | None = None

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Take the time, and measure what is to be measured between steps."""
        mark = CudaMark if pl_module.device.type == "cuda" else HostMark
        now: Mark = mark()
        if self._began is not None:
            self.steps.append((self._began, now))
        self._began = now
        if self.between and trainer.global_step % self.every_n_steps == 0:
            for name, measure in self.between.items():
                self.others[name].append(measure())
            self._began = mark()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write all."""
        if pl_module.device.type == "cuda":
            torch.cuda.synchronize()
        steps = [began.milliseconds_until(ended) for began, ended in self.steps]
        Path(self.path).write_text(json.dumps({"steps": steps, "others": self.others}))
