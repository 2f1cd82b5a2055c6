"""How much memory there is, and how much was used."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType, MethodType

import torch

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_INFO = Path("/proc/meminfo")


class PeakMemory:
    """The most memory that was held while it was open, in megabytes (10^6 bytes).

    On a CPU it is the process's resident memory, on CUDA what torch's allocator held. NaN where
    the system doesn't tell: it is Linux that does.

    Args:
        device: Where the run is.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.megabytes = float("nan")

    def __enter__(self) -> "PeakMemory":
        """Begin to watch."""
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        elif _CLEAR.exists():
            _CLEAR.write_text("5")  # the high-water mark starts again
        return self

    def __exit__(self, *error: object) -> None:
        """Read the high-water mark."""
        if self.device.type == "cuda" or _CLEAR.exists():
            self.megabytes = peak_megabytes(self.device)


def peak_megabytes(device: torch.device) -> float:
    """Return the most memory that was held so far: on a GPU by torch, otherwise by the process.

    Returns:
        Megabytes (10^6 bytes); NaN where the system doesn't tell (Windows).
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    if _STATUS.exists():
        return _kilobytes(_STATUS, "VmHWM") * 1024 / 1e6
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6  # bytes there, else KiB


def held_megabytes(device: torch.device, *roots: object) -> float:
    """Return what a device's tensors take that can be reached from objects, each counted once.

    Args:
        device: Where the run is; what lies elsewhere is not counted.
        roots: Modules, and lists, dictionaries and plain objects of them and of tensors.

    Returns:
        Megabytes (10^6 bytes).
    """
    storages: dict[int, int] = {}
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, torch.Tensor):
            if each.device.type == device.type:
                storage = each.untyped_storage()
                storages[storage.data_ptr()] = storage.nbytes()
            waiting.append(each.grad if each.is_leaf else None)
        elif isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list | tuple | set):
            waiting += each
        elif hasattr(each, "__dict__") and not isinstance(each, type | FunctionType | MethodType):
            waiting += vars(each).values()
    return sum(storages.values()) / 1e6


def free_megabytes(device: torch.device) -> float:
    """Return how much memory a program may still take, in megabytes; NaN if nobody knows."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] / 1e6
    return _kilobytes(_INFO, "MemAvailable") * 1024 / 1e6 if _INFO.exists() else float("nan")


def _kilobytes(file: Path, key: str) -> float:
    match = re.search(rf"^{key}:\s+(\d+) kB", file.read_text(), re.MULTILINE)
    return float(match[1]) if match else float("nan")
