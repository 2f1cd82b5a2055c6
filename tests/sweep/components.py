"""Losses that fail, for the runs of the tests."""

import os
import signal
from pathlib import Path

from torch import Tensor

from stylelightning.backbones.base import Features
from stylelightning.losses import Loss, References


class Fragile(Loss):
    """Crashes in the middle of a run when its two numbers are the same.

    Args:
        weight: Its weight.
        row: A number.
        column: Another.
    """

    def __init__(self, weight: float = 1.0, row: int = 0, column: int = 1) -> None:
        super().__init__(weight, ["image"])
        self.row = row
        self.column = column
        self._evaluated = 0

    def prepare(self, references: References) -> None:
        pass

    def forward(self, features: Features) -> Tensor:
        self._evaluated += 1
        crashes = self.row == self.column and self._evaluated > 2
        return features["image"].mean() * (1 / (0 if crashes else 1))


class Deadly(Loss):
    """Kills its process once, in the middle of a run.

    Args:
        weight: Its weight.
        marker: A file that is not there yet; whoever makes it is the one that is killed.
        after: Evaluations before that.
    """

    def __init__(self, weight: float = 1.0, marker: str = "", after: int = 4) -> None:
        super().__init__(weight, ["image"])
        self.marker = marker
        self.after = after
        self._evaluated = 0

    def prepare(self, references: References) -> None:
        pass

    def forward(self, features: Features) -> Tensor:
        self._evaluated += 1
        if self._evaluated == self.after and not Path(self.marker).exists():
            Path(self.marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return features["image"].square().mean()
