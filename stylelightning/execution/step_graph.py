"""A step's evaluation, recorded once as a CUDA graph and replayed with a single launch."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from stylelightning.losses.terms import Terms

log = logging.getLogger(__name__)

Evaluated = tuple[Terms, Tensor, tuple[Tensor, ...]]
"""The terms, their total and its gradients at the parameters."""
Record = Callable[[Callable[[], Evaluated]], tuple[Evaluated, Callable[[], None]]]
"""Does some work, and returns what came of it and what does it again, into the same tensors."""


@dataclass(frozen=True)
class Fixed:
    """What a recording is made for; anything else needs another one.

    Args:
        parameters: The parameters of the picture, which are read where they lie.
        weights: Weights of the terms, by name: numbers in the recording.
        targets: Changes whenever losses have other tensors than before.
    """

    parameters: Sequence[nn.Parameter]
    weights: Mapping[str, float]
    targets: int

    def is_that_of(self, other: "Fixed | None") -> bool:
        """Return whether a recording made for the other still serves."""
        return (
            other is not None
            and self.targets == other.targets
            and self.weights == other.weights
            and len(self.parameters) == len(other.parameters)
            and all(a is b for a, b in zip(self.parameters, other.parameters, strict=True))
        )


class StepGraph:
    """Evaluates a run's terms and their gradient by replaying a recording of both.

    Hundreds of small operations become one launch, so that a fast device does not wait for Python.
    The optimizer works on the gradient as ever: it may be any, and may evaluate as often as it
    likes. Where an evaluation can't be recorded, because it waits for the device or decides by
    what is there, it is left to the caller for the rest of the run.

    The tensors of a recording are written over by each replay.

    Args:
        record: What records; ``record_cuda_graph``.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._seen: Fixed | None = None
        self._recorded: Evaluated | None = None
        self._replay: Callable[[], None] | None = None
        self._refused = False

    def evaluate(self, fixed: Fixed, evaluate: Callable[[], Terms]) -> tuple[Terms, Tensor] | None:
        """Return the terms and their total, which has a gradient at the parameters.

        Args:
            fixed: What holds at this evaluation.
            evaluate: What gives the terms, with their gradients, at the present parameters.

        Returns:
            None if the caller has to evaluate by himself: nothing is recorded before the second
            evaluation of the same kind, as it might be the only one.
        """
        if self._refused:
            return None
        if not fixed.is_that_of(self._seen):
            self.forget()
            self._seen = fixed
            return None
        if self._replay is None:
            self._try_to_record(fixed, evaluate)
        else:
            self._replay()
        if self._recorded is None:
            return None
        terms, total, gradients = self._recorded
        return terms, _Recorded.apply(total, gradients, *fixed.parameters)

    def forget(self) -> None:
        """Let the recording go, with its memory."""
        self._seen = self._recorded = self._replay = None

    def _try_to_record(self, fixed: Fixed, evaluate: Callable[[], Terms]) -> None:
        def work() -> Evaluated:
            terms = evaluate()
            total = terms.total
            gradients = torch.autograd.grad(total, list(fixed.parameters), materialize_grads=True)
            return terms.detached(), total.detach(), gradients

        try:
            self._recorded, self._replay = self._record(work)
        except RuntimeError as error:
            self._refused = True
            log.debug("The step can't be recorded, and runs operation by operation: %s", error)


class _Recorded(torch.autograd.Function):
    """The recorded total, whose gradient was recorded with it."""

    @staticmethod
    def forward(
        ctx: Any, total: Tensor, gradients: tuple[Tensor, ...], *parameters: Tensor
    ) -> Tensor:
        ctx.gradients = gradients
        return total.clone()  # the next replay writes over it

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *(gradient * each for each in ctx.gradients)


def new_step_graph(
    asked: bool | str | None, device: torch.device, precision: str
) -> StepGraph | None:
    """Return what records the steps of a run, or None if they are not recorded.

    Args:
        asked: ``model.compile``: ``step``, null for wherever it can be done, or another way.
        device: Where the run is.
        precision: Lightning's name of its precision. With ``16-mixed`` the gradient is scaled by
            a number that changes, and must be so on its way back.
    """
    if asked not in (None, "step"):
        return None
    if device.type == "cuda" and precision != "16-mixed":
        return StepGraph(record_cuda_graph)
    if asked == "step":
        log.warning(
            "`model.compile` step has an effect on a GPU only, and not in 16-mixed: this run is on "
            f"{device.type} in {precision}."
        )
    return None


def record_cuda_graph(work: Callable[[], Evaluated]) -> tuple[Evaluated, Callable[[], None]]:
    """Record some work on the present device as a CUDA graph, and do it.

    Args:
        work: What is done with tensors that stay where they are; it never waits for the device.

    Returns:
        What came of it, and what does it again into the same tensors.

    Raises:
        RuntimeError: If it can't be recorded.
    """
    graph, stream = torch.cuda.CUDAGraph(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream), _no_autocast_cache():
        work()  # libraries make their workspaces
        # other threads may copy pictures to the host meanwhile
        graph.capture_begin(capture_error_mode="thread_local")
        try:
            result = work()
        finally:
            graph.capture_end()
    torch.cuda.current_stream().wait_stream(stream)
    graph.replay()
    return result, graph.replay


@contextmanager
def _no_autocast_cache() -> Iterator[None]:
    """Keep casts made before a recording out of it, and those made in it for itself."""
    before = torch.is_autocast_cache_enabled()
    torch.clear_autocast_cache()
    torch.set_autocast_cache_enabled(False)
    try:
        yield
    finally:
        torch.set_autocast_cache_enabled(before)
