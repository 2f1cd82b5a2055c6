"""Weights from the measured gradients of the terms, so that these stand in a given ratio."""

import logging
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from lightning.pytorch import Trainer
from torch import Tensor

from stylelightning.objective import Objective
from stylelightning.run.term_gradients import TermGradients, norm, with_noise

log = logging.getLogger(__name__)

AT_MINIMUM = 0.01
"""A gradient that is this much smaller at the start than near it says that a term starts done."""

Evaluate = Callable[[Tensor, Objective], TermGradients]
"""Evaluates an objective at a picture."""


class CalibrationError(ValueError):
    """A term has no gradient at the start, so no weight gives it a part."""


class Calibration:
    """Sets the weights of some terms by the gradients that they have at the start.

    The norms of the weighted gradients are then in the asked ratio, whatever network, layers and
    size are. The term with the largest number keeps its own weight, the first one if there are
    several; so the others follow it, and terms that are not named keep their place beside it.

    Args:
        ratios: The norm that each named term shall have, in proportion to the others.
        objective: What the run minimises; its weights are set.
        switched_off: Names of losses that the run leaves out.

    Raises:
        ValueError: If a name is unknown or switched off, a number is not above 0, or fewer than
            two terms are named.
    """

    def __init__(
        self, ratios: Mapping[str, float], objective: Objective, switched_off: Collection[str] = ()
    ) -> None:
        self.ratios = {name: float(each) for name, each in ratios.items()}
        for name, ratio in self.ratios.items():
            if name in switched_off:
                raise ValueError(
                    f"`model.calibrate` names the loss {name!r}, which is switched off: leave it "
                    f"out with --model.calibrate.{name} null."
                )
            if name not in objective.losses:
                raise ValueError(
                    f"`model.calibrate` names {name!r}, which is no loss of the run. There are "
                    f"{', '.join(objective.losses)}."
                )
            if not 0 < ratio < math.inf:
                raise ValueError(f"`model.calibrate.{name}` must be a number above 0, got {ratio}.")
        if len(self.ratios) < 2:
            raise ValueError(
                "`model.calibrate` must name at least two losses, since only their ratio counts, "
                f"got {', '.join(self.ratios)} alone."
            )
        self.objective = objective
        self.anchor = max(self.ratios, key=lambda name: self.ratios[name])
        kept = float(objective.weights[self.anchor])
        if not kept > 0:
            raise ValueError(
                f"`model.calibrate` keeps the weight of {self.anchor!r}, which is 0: give it one "
                f"with --model.losses.{self.anchor}.weight 1."
            )
        self._asked = {"ratios": self.ratios, "kept": {self.anchor: kept}}
        self.weights: dict[str, float] = {}

    def start(self, evaluate: Evaluate, picture: Tensor, trainer: Trainer) -> None:
        """Give the losses their weights unless a checkpoint did, and say what they are.

        Args:
            evaluate: What evaluates an objective at a picture.
            picture: Where the run is, (1, 3, H, W) in [0, 1].
            trainer: The run's trainer, for its loggers.
        """
        if not self.weights:
            self.set_weights(evaluate, picture)
        shown = "  ".join(f"{name} {weight:.4g}" for name, weight in self.weights.items())
        log.info("weights  %s", shown)
        for logger in trainer.loggers:
            metrics = {f"weight/{name}": weight for name, weight in self.weights.items()}
            logger.log_metrics(metrics, trainer.global_step)

    def set_weights(self, evaluate: Evaluate, picture: Tensor) -> None:
        """Measure at a picture, and give the losses their weights.

        When a term is at its own minimum there, as a content term is at the content image, all are
        measured at the picture plus noise.

        Args:
            evaluate: What evaluates an objective at a picture.
            picture: Where the run is, (1, 3, H, W) in [0, 1].

        Raises:
            CalibrationError: If a term has no gradient, or one that is not finite.
        """
        norms = self._norms(evaluate, picture)
        near = self._norms(evaluate, with_noise(picture))
        if any(norms[name] < AT_MINIMUM * near[name] for name in norms):
            norms = near
        for name, each in norms.items():
            if not 0 < each < math.inf:
                raise CalibrationError(
                    f"`model.calibrate.{name}` can't be met: the gradient of {name!r} has the norm "
                    f"{each:g} at the start. Leave it out with --model.calibrate.{name} null."
                )
        weight = self.objective.weights[self.anchor]
        self._apply(calibrated_weights(norms, self.ratios, self.anchor, weight))

    def state(self) -> dict[str, Any]:
        """Return the weights and what they were asked for, for a checkpoint."""
        return {"asked": self._asked, "weights": self.weights}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take the weights of ``state``, if they were asked for in the same words."""
        if state["asked"] == self._asked:
            self._apply(state["weights"])

    def _apply(self, weights: Mapping[str, float]) -> None:
        self.weights = dict(weights)
        self.objective.weights.update(weights)

    def _norms(self, evaluate: Evaluate, picture: Tensor) -> dict[str, float]:
        unweighted = self.objective.part(self.ratios, dict.fromkeys(self.ratios, 1.0))
        evaluation = evaluate(picture, unweighted)
        return {name: norm(evaluation.gradient(name)) for name in self.ratios}


def calibrated_weights(
    norms: Mapping[str, float], ratios: Mapping[str, float], anchor: str, weight: float
) -> dict[str, float]:
    r"""Return the weights with which the norms of the weighted gradients are in a ratio.

    .. math:: w_i = w_a \frac{\lVert \nabla L_a \rVert}{\lVert \nabla L_i \rVert}
        \frac{r_i}{r_a}

    Args:
        norms: L2 norms of the gradients of the unweighted terms, above 0.
        ratios: The ratio r that is asked for, above 0.
        anchor: Name of the term a that keeps its weight.
        weight: That weight.

    Example:
        >>> calibrated_weights({"a": 4.0, "b": 2.0}, {"a": 10, "b": 1}, "a", 3.0)
        {'a': 3.0, 'b': 0.6}
    """
    unit = weight * norms[anchor] / ratios[anchor]
    return {
        name: weight if name == anchor else unit * ratio / norms[name]
        for name, ratio in ratios.items()
    }
