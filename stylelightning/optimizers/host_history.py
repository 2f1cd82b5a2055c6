"""Vectors that lie in the host's memory and are used on a device, one at a time."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import Parameter


class HostHistory:
    """What an optimizer remembers of its steps, with as much of a list as torch's L-BFGS uses.

    It can't be iterated, on purpose: torch and Lightning move every tensor of an optimizer's state
    to the device, those in lists, mappings and whatever else can be iterated too.

    Args:
        parameter: The parameter of the optimizer whose device and type the vectors are read in.
        vectors: What is remembered already, on any device.
    """

    def __init__(self, parameter: Parameter, vectors: Iterable[Tensor] = ()) -> None:
        self._parameter = parameter
        self._held: list[Tensor] = []
        for each in vectors:
            self.append(each)

    __iter__ = None  # else Python would iterate by __getitem__

    def __len__(self) -> int:
        """Return the number of vectors."""
        return len(self._held)

    def __getitem__(self, index: int) -> Tensor:
        """Return a vector where the parameter is; on a CPU it is the one that is held."""
        held = self._held[index]
        # a copy from pinned memory is queued as the work that reads it is
        return held.to(self._parameter.device, non_blocking=held.is_pinned())

    def append(self, vector: Tensor) -> None:
        """Remember one more vector."""
        kind = self._parameter.dtype.to_real()  # L-BFGS sees a complex number as two
        if self._parameter.is_cuda:
            self._held.append(_empty(vector, kind).copy_(vector))
        else:
            self._held.append(vector.to("cpu", kind))

    def pop(self, index: int) -> None:
        """Forget a vector."""
        del self._held[index]

    def on_host(self) -> list[Tensor]:
        """Return all vectors as they are held."""
        return list(self._held)


def _empty(like: Tensor, kind: torch.dtype) -> Tensor:
    """Return memory of the host, pinned if the system allows it: copies are several times faster.

    Args:
        like: What gives the shape.
        kind: Type of the values.
    """
    try:
        return torch.empty(like.shape, dtype=kind, pin_memory=True)
    except RuntimeError:  # there is no more memory that may be pinned
        return torch.empty(like.shape, dtype=kind)
