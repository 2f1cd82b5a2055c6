"""Torch's L-BFGS with its history in the host's memory."""

from typing import Any, Literal

from torch.optim import LBFGS, Optimizer
from torch.optim.optimizer import ParamsT

from stylelightning.optimizers.host_history import HostHistory

HISTORY = ("old_dirs", "old_stps")
"""Entries of the state of torch's L-BFGS that hold a vector for each step that it remembers."""


class HostLBFGS(LBFGS):
    """L-BFGS whose history lies in the host's memory, for pictures that are large for their GPU.

    The steps are those of ``torch.optim.LBFGS``. The two vectors that it remembers of each step,
    each as large as the picture, go to the host, into pinned memory if that can be had, and come
    back one at a time, four vectors for each remembered step. On a CPU nothing is copied, and
    nothing is gained.

    With ``max_iter`` above 1, which a run never has, the history is on the device until the first
    step is over.

    Args:
        params: The parameters, all on one device.
        lr: Learning rate, the factor of each step.
        max_iter: Iterations of a step at most; 1 in every run.
        max_eval: Evaluations of a step at most; null for ``max_iter`` times 1.25.
        tolerance_grad: Largest value of a gradient that needs no step.
        tolerance_change: Change of the total or of the parameters that ends a step.
        history_size: Steps that are remembered at most.
        line_search_fn: Null, or ``strong_wolfe``.
        maximize: Whether the total is maximised.

    Example:
        .. code-block:: yaml

            model:
              optimizer:
                class_path: HostLBFGS
                init_args: {history_size: 20}
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: Literal["strong_wolfe"] | None = None,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr,
            max_iter,
            max_eval,
            tolerance_grad,
            tolerance_change,
            history_size,
            line_search_fn,
            maximize=maximize,
        )
        # functions and no methods: they go along into a copy of the optimizer
        self.register_step_post_hook(_to_host)
        self.register_state_dict_post_hook(_as_lists)
        self.register_load_state_dict_pre_hook(_from_lists)


def _to_host(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
    """Put a history in the place of the lists that torch makes at the first step."""
    for parameter, state in optimizer.state.items():
        state.update(_held(parameter, state))


def _as_lists(optimizer: Optimizer, stored: dict[str, Any]) -> dict[str, Any]:
    """Return a state as torch's own L-BFGS has it, with the history's tensors on the host."""
    return {
        **stored,
        "state": {
            number: {k: v.on_host() if isinstance(v, HostHistory) else v for k, v in state.items()}
            for number, state in stored["state"].items()
        },
    }


def _from_lists(optimizer: Optimizer, stored: dict[str, Any]) -> dict[str, Any]:
    """Return a state whose history torch leaves on the host."""
    parameter = optimizer.param_groups[0]["params"][0]  # the one that has all of L-BFGS's state
    states = stored["state"].items()
    return {
        **stored,
        "state": {number: {**state, **_held(parameter, state)} for number, state in states},
    }


def _held(parameter: Any, state: dict[str, Any]) -> dict[str, HostHistory]:
    """Return the histories of the lists in a state."""
    lists = {key: state[key] for key in HISTORY if isinstance(state.get(key), list)}
    return {key: HostHistory(parameter, vectors) for key, vectors in lists.items()}
