"""How far a call has come: a bar, or lines where a bar can't be drawn."""

import contextlib
import math
import sys
import time
import warnings
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from stylelightning.callbacks.notebook_picture import in_notebook
from stylelightning.callbacks.periodic import last_step, step_times, style_transfer
from stylelightning.module import StyleTransfer
from stylelightning.run.step_costs import StepTimes
from stylelightning.terminal.text import clock

SECONDS = 0.2
"""Least time from one drawing of the bar to the next."""


class Progress(Callback):
    """Shows step n of N, the size, the terms and the time left.

    In a notebook that is a widget if ipywidgets is there and a line of text if not, in a terminal a
    line of text. In a file or a pipe it is a line for each scale.
    """

    def __init__(self) -> None:
        super().__init__()
        self._bar: Any = None  # tqdm's, of whatever kind
        self._drawn_at = -math.inf
        self._times = StepTimes([])

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Make the bar."""
        self._bar, self._times = None, step_times(style_transfer(pl_module))
        if not (in_notebook() or (sys.stdout is not None and sys.stdout.isatty())):
            return
        with warnings.catch_warnings(action="ignore"):  # of a notebook without ipywidgets
            from tqdm.auto import tqdm

        self._bar = tqdm(
            total=last_step(trainer, style_transfer(pl_module)),
            initial=trainer.global_step,
            dynamic_ncols=True,
            file=sys.stdout,
            bar_format=_bar(None),
        )

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Draw the bar when it is time; say at the end of a scale how the terms stand."""
        module, step, now = style_transfer(pl_module), trainer.global_step, time.monotonic()
        self._times.add(module.scale, now)
        ends = step == last_step(trainer, module) or step in module.plan.ends
        if self._bar is not None and (ends or now - self._drawn_at >= SECONDS):
            self._draw(trainer, module)
        elif self._bar is None and ends:
            last = last_step(trainer, module)
            _write(f"step {step:{len(str(last))}d}/{last}  {_size(module)}  {_terms(module)}")

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Leave the bar as it is."""
        self._close()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the bar as it is."""
        self._close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Leave the bar of a run that was stopped or failed as it is."""
        self._close()

    def _draw(self, trainer: Trainer, module: StyleTransfer) -> None:
        self._bar.total = last_step(trainer, module)  # scales may end early
        self._bar.n = trainer.global_step
        left = self._times.left(module.plan, trainer.global_step, self._bar.total)
        self._bar.bar_format = _bar(left)
        self._bar.set_description_str(_size(module), refresh=False)
        self._bar.set_postfix_str(_terms(module))
        self._drawn_at = time.monotonic()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _bar(left: float | None) -> str:
    """Return the bar, as tqdm fills it in, which knows nothing of scales and the time they take."""
    times = f"{{elapsed}}<{'?' if left is None else clock(left)}"
    return f"{{desc}} {{percentage:3.0f}}%|{{bar}}| {{n}}/{{total}} [{times}{{postfix}}]"


def _size(module: StyleTransfer) -> str:
    height, width = module.canvas.size
    return f"{width}x{height} px"


def _terms(module: StyleTransfer) -> str:
    terms = {name: float(term) for name, term in module.terms.weighted.items()}
    terms["total"] = sum(terms.values())
    return "  ".join(f"{name} {value:.4g}" for name, value in terms.items())


def _write(line: str) -> None:
    if sys.stdout is not None:
        with contextlib.suppress(OSError, ValueError):  # the reader is gone; the run goes on
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
