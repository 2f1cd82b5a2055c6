"""What losses with random draws share."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from stylelightning.backbones.base import Features
from stylelightning.losses.base import Loss


class RenewedLoss(Loss):
    """A loss that looks at the pictures through something drawn at random, such as directions.

    The n-th draw is the same for the same seed, so a resumed run goes on with it.

    Args:
        weight: Factor of the term in the total, at least 0.
        layers: Layers to read.
        renew_every_n_steps: Steps after which there is another draw; null keeps the first one. New
            draws make another function of each step, which L-BFGS can't follow.
        seed: Seed of the draws.

    Raises:
        ValueError: If a number is out of its range.
    """

    def __init__(
        self,
        weight: float,
        layers: Sequence[str] | dict[str, float],
        renew_every_n_steps: int | None,
        seed: int,
    ) -> None:
        super().__init__(weight, layers)
        if renew_every_n_steps is not None:
            self._check_counts(renew_every_n_steps=renew_every_n_steps)
        self._check_seed(seed)
        self.renew_every_n_steps = renew_every_n_steps
        self.seed = seed
        self.stochastic = renew_every_n_steps is not None
        self._calls = 0
        self._draw = -1

    def prepare(self, content: Features | None, styles: Sequence[Features]) -> None:
        """Begin with the first draw again."""
        self._calls, self._draw = 0, -1

    def forward(self, features: Features) -> Tensor:
        """Return the unweighted term, after another draw if its time has come."""
        draw = self._calls // (self.renew_every_n_steps or self._calls + 1)
        if draw != self._draw:
            self._draw = draw
            generator = torch.Generator().manual_seed((self.seed * 1_000_003 + draw) % 2**63)
            with torch.no_grad():
                self.renew(features, generator)
        self._calls += 1
        return self.evaluate(features)

    @abstractmethod
    def renew(self, features: Features, generator: torch.Generator) -> None:
        """Draw anew, and see the targets in this way.

        Args:
            features: Feature maps of the picture, for their sizes.
            generator: Where random numbers come from, on the CPU.
        """

    @abstractmethod
    def evaluate(self, features: Features) -> Tensor:
        """Return the unweighted term with the present draw, a scalar of at least 0."""

    def state(self) -> dict[str, Any]:
        """Return how many evaluations there were: it decides which draw is in use."""
        return {"calls": self._calls}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on with the draw of ``state``."""
        self._calls = state["calls"]
