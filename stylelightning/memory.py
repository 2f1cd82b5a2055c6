"""How much memory there is, and how much was used."""

import re
from pathlib import Path

import torch

_STATUS, _CLEAR, _INFO = (
    Path("/proc/self/status"),
    Path("/proc/self/clear_refs"),
    Path("/proc/meminfo"),
)


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
        if self.device.type == "cuda":
            self.megabytes = torch.cuda.max_memory_allocated(self.device) / 1e6
        elif _STATUS.exists():
            self.megabytes = _kilobytes(_STATUS, "VmHWM") * 1024 / 1e6


def free_megabytes(device: torch.device) -> float:
    """Return how much memory a program may still take, in megabytes; NaN if nobody knows."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] / 1e6
    return _kilobytes(_INFO, "MemAvailable") * 1024 / 1e6 if _INFO.exists() else float("nan")


def _kilobytes(file: Path, key: str) -> float:
    match = re.search(rf"^{key}:\s+(\d+) kB", file.read_text(), re.MULTILINE)
    return float(match[1]) if match else float("nan")
