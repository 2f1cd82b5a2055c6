"""Copies from the device to the host that the run does not wait for."""

from collections.abc import Callable, Mapping
from functools import cache

import torch
from torch import Tensor


def to_host(tensors: Mapping[str, Tensor]) -> Callable[[], dict[str, Tensor]]:
    """Begin to copy tensors to the host.

    The run may go on and change them. On a GPU they are copied into pinned memory by a stream of
    their own, behind the work that makes them.

    Args:
        tensors: Tensors of one device, by name.

    Returns:
        What waits for the copies and gives them, for the thread that needs them.
    """
    copies = {name: each.detach().clone() for name, each in tensors.items()}
    if not any(each.is_cuda for each in copies.values()):
        return lambda: copies
    device = next(each.device for each in copies.values() if each.is_cuda)
    stream = _stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    pinned = {}
    with torch.cuda.stream(stream):
        for name, each in copies.items():
            pinned[name] = torch.empty(each.shape, dtype=each.dtype, pin_memory=True)
            pinned[name].copy_(each, non_blocking=True)
            if each.is_cuda:
                each.record_stream(stream)  # its memory is not given away before
        done = stream.record_event()

    def wait() -> dict[str, Tensor]:
        done.synchronize()
        return pinned

    return wait


@cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    """Return the stream of a device's copies."""
    stream: torch.cuda.Stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    return stream
