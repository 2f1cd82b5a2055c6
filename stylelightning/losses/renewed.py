"""What losses share that look at the picture anew every n steps."""

from abc import abstractmethod
from collections.abc import Sequence

import torch

from stylelightning.backbones.windows import Maps
from stylelightning.losses.base import Loss
from stylelightning.losses.references import References


class RenewedLoss(Loss):
    """A loss that keeps something for n steps and then finds it anew: directions, places, matches.

    The n-th draw is the same for the same seed, so a resumed run goes on with it.

    Args:
        weight: Factor of the term in the total when the run starts, at least 0.
        layers: Layers to read.
        renew_every_n_steps: Steps after which it is found anew; null keeps the first.
        seed: Seed of what is drawn.

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
        self._renewal = -1

    def prepare(self, references: References) -> None:
        """Keep what is needed of the images; the next step finds the first."""
        self._renewal = -1
        self.keep(references)

    def is_due(self, step: int) -> bool:
        """Return whether its time has come."""
        return self._renewal_at(step) != self._renewal

    @torch.no_grad()
    def advance(self, features: Maps, step: int) -> None:
        """Find it anew if its time has come."""
        if self.is_due(step):
            self._renewal = self._renewal_at(step)
            self.renew(features, self._renewal)

    def generator(self, renewal: int) -> torch.Generator:
        """Return where the random numbers of a renewal come from, on the CPU."""
        return torch.Generator().manual_seed((self.seed * 1_000_003 + renewal) % 2**63)

    @abstractmethod
    def keep(self, references: References) -> None:
        """Keep what ``renew`` needs of the images.

        Raises:
            ValueError: If there is no content or style image, and the term needs one.
        """

    @abstractmethod
    def renew(self, features: Maps, renewal: int) -> None:
        """Find anew what the term is computed with.

        Args:
            features: Feature maps of the picture, detached.
            renewal: How often that was done since ``prepare``.
        """

    def _renewal_at(self, step: int) -> int:
        return step // (self.renew_every_n_steps or step + 1)
