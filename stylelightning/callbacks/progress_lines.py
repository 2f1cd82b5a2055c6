"""How a run stands, in a few lines."""

import logging
import time

from lightning.pytorch import Trainer

from stylelightning.callbacks.periodic import last_step, run_folder, step_times
from stylelightning.execution.memory import peak_megabytes
from stylelightning.module import StyleTransfer
from stylelightning.run.step_costs import StepTimes
from stylelightning.terminal.text import clock

log = logging.getLogger(__name__)

PARTS = 8
"""Lines over a run, beside those of its first and last steps."""


class ProgressLines:
    """A line at the start, one after the first step, and one for each eighth of the steps."""

    def __init__(self) -> None:
        self._times = StepTimes([])
        self._part = 0
        self._said = 0
        self._time = 0.0

    def start(self, trainer: Trainer, module: StyleTransfer) -> None:
        """Say what is to come."""
        step, last = trainer.global_step, last_step(trainer, module)
        self._times, self._part = step_times(module), _part(step, last)
        self._said, self._time = step, time.monotonic()
        sizes = [
            "{1}x{0}".format(*module.data.picture_size(scale.size)) for scale in module.plan.scales
        ]
        steps = f"{last - step} of {last} steps" if step else f"{last} steps"
        span = " to ".join(dict.fromkeys((sizes[0], sizes[-1])))
        log.info(f"{steps}  {span} px  {module.device}  {run_folder(trainer).path}")

    def step(self, trainer: Trainer, module: StyleTransfer) -> None:
        """Say how the run stands when it is time, after each step."""
        step, last = trainer.global_step, last_step(trainer, module)
        self._times.add(module.scale, time.monotonic())
        part = _part(step, last)
        if step == 1 or part > self._part:
            self._part = part
            self.say(trainer, module)

    def say(self, trainer: Trainer, module: StyleTransfer) -> None:
        """Say how the run stands, unless that was said or its picture is lost."""
        step, last = trainer.global_step, last_step(trainer, module)
        if step == self._said or not module.finite:
            return
        terms = {name: float(term) for name, term in module.terms.weighted.items()}
        height, width = module.canvas.size
        now = time.monotonic()
        left = self._times.left(module.plan, step, last)
        parts = [f"step {step:{len(str(last))}d}/{last}", f"{width}x{height} px"]
        shown = (("total", sum(terms.values())), *terms.items())
        parts += [f"{name} {value:.4g}" for name, value in shown]
        parts.append(f"{(now - self._time) / (step - self._said) * 1000:.0f} ms/step")
        parts += [f"{clock(left)} left"] if left and step < last else []
        log.info("  ".join([*parts, f"{peak_megabytes(module.device):.0f} MB"]))
        self._said, self._time = step, now


def _part(step: int, last: int) -> int:
    return PARTS * step // max(1, last)
