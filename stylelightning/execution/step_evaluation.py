"""A step's evaluation: in full, tile by tile, or by replaying a recording that still fits."""

from collections.abc import Callable, Iterable

from torch import Tensor, nn

from stylelightning.backbones.windows import Maps
from stylelightning.execution.allocator import large_blocks, map_large_blocks, tidy_up
from stylelightning.execution.step_graph import Fixed, StepGraph
from stylelightning.execution.tiled_evaluation import TiledEvaluation
from stylelightning.losses.references import References
from stylelightning.losses.terms import Terms
from stylelightning.objective import Objective


class StepEvaluation:
    """Evaluates a run's terms, and has its losses do once a step what is due.

    Args:
        objective: What the run minimises.
        graph: What records an evaluation and replays it; None to make each in full.
    """

    def __init__(self, objective: Objective, graph: StepGraph | None = None) -> None:
        self._objective = objective
        self._graph = graph
        self._tiled: TiledEvaluation | None = None
        self._is_first = True  # of the evaluations of a scale
        self._advanced = -1
        self._targets = 0  # how often the losses' own tensors have changed

    def prepare(self, references: References, tiled: TiledEvaluation | None = None) -> None:
        """Have every loss compute its targets: a scale begins, or a run goes on in it.

        Args:
            references: What the picture is compared with.
            tiled: What evaluates the pictures of this size; None to look at them at once.
        """
        map_large_blocks(tiled is not None)
        self._objective.prepare(references)
        self._tiled, self._is_first = tiled, True
        if tiled is not None and references.picture is not None:
            tidy_up(references.picture)
        self._advanced = -1
        self._targets += 1

    def advance(self, picture: Tensor, step: int) -> None:
        """Have every loss do what is due at a step, if it is not done yet.

        Args:
            picture: The picture, (1, 3, H, W) in [0, 1].
            step: Steps done at this scale.
        """
        if self._is_due(step):
            self._advance(self._maps(picture), step)
            if self._tiled is not None:
                tidy_up(picture)

    def stop(self) -> None:
        """Let what was recorded go: nothing is evaluated any more."""
        map_large_blocks(False)
        self._graph = self._tiled = None

    def evaluate(
        self, decode: Callable[[], Tensor], parameters: Iterable[nn.Parameter], step: int
    ) -> tuple[Terms, Tensor]:
        """Return the terms, detached, and their total, which has a gradient at the parameters.

        Args:
            decode: What gives the picture, with its gradient at the parameters.
            parameters: The parameters of the picture.
            step: Steps done at this scale.
        """
        if self._tiled is not None:
            picture = decode()
            with large_blocks(mapped=self._is_first):  # the maps of tiles are alike from then on
                self.advance(picture, step)
                found = self._tiled.evaluate(picture)
            self._is_first = False
            return found
        return self._replayed(decode, parameters, step) or self._in_full(decode, step)

    def _replayed(
        self, decode: Callable[[], Tensor], parameters: Iterable[nn.Parameter], step: int
    ) -> tuple[Terms, Tensor] | None:
        if self._graph is None or self._is_due(step):
            return None
        fixed = Fixed(list(parameters), dict(self._objective.weights), self._targets)
        objective = self._objective
        return self._graph.evaluate(fixed, lambda: objective.terms(objective.features(decode())))

    def _in_full(self, decode: Callable[[], Tensor], step: int) -> tuple[Terms, Tensor]:
        seen = self._objective.features(decode())
        if self._is_due(step):
            self._advance(seen, step)
        terms = self._objective.terms(seen)
        return terms.detached(), terms.total

    def _maps(self, picture: Tensor) -> Maps:
        if self._tiled is not None:
            return self._tiled.maps(picture)
        return self._objective.features(picture)

    def _advance(self, maps: Maps, step: int) -> None:
        self._objective.advance(maps, step)
        self._advanced = step
        self._targets += 1

    def _is_due(self, step: int) -> bool:
        return step != self._advanced and self._objective.is_due(step)
