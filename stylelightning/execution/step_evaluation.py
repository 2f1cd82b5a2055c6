"""A step's evaluation: in full, or by replaying a recording that still fits."""

from collections.abc import Callable, Iterable

from torch import Tensor, nn

from stylelightning.backbones.base import Features
from stylelightning.execution.step_graph import Fixed, StepGraph
from stylelightning.losses.references import References
from stylelightning.objective import Objective, Terms


class StepEvaluation:
    """Evaluates a run's terms, and has its losses do once a step what is due.

    Args:
        objective: What the run minimises.
        graph: What records an evaluation and replays it; None to make each in full.
    """

    def __init__(self, objective: Objective, graph: StepGraph | None = None) -> None:
        self._objective = objective
        self._graph = graph
        self._advanced = -1
        self._targets = 0  # how often the losses' own tensors have changed

    def prepare(self, references: References) -> None:
        """Have every loss compute its targets: a scale begins, or a run goes on in it."""
        self._objective.prepare(references)
        self._advanced = -1
        self._targets += 1

    def advance(self, features: Features, step: int) -> None:
        """Have every loss do what is due at a step, if it is not done yet.

        Args:
            features: Feature maps of the picture.
            step: Steps done at this scale.
        """
        if self._is_due(step):
            self._objective.advance(features, step)
            self._advanced = step
            self._targets += 1

    def evaluate(
        self, features: Callable[[], Features], parameters: Iterable[nn.Parameter], step: int
    ) -> tuple[Terms, Tensor]:
        """Return the terms, detached, and their total, which has a gradient at the parameters.

        Args:
            features: What gives the feature maps of the picture, with their gradients.
            parameters: The parameters of the picture.
            step: Steps done at this scale.
        """
        return self._replayed(features, parameters, step) or self._in_full(features, step)

    def _replayed(
        self, features: Callable[[], Features], parameters: Iterable[nn.Parameter], step: int
    ) -> tuple[Terms, Tensor] | None:
        if self._graph is None or self._is_due(step):
            return None
        fixed = Fixed(list(parameters), dict(self._objective.weights), self._targets)
        return self._graph.evaluate(fixed, lambda: self._objective.terms(features()))

    def _in_full(self, features: Callable[[], Features], step: int) -> tuple[Terms, Tensor]:
        seen = features()
        self.advance(seen, step)
        terms = self._objective.terms(seen)
        return terms.detached(), terms.total

    def _is_due(self, step: int) -> bool:
        return step != self._advanced and self._objective.is_due(step)
