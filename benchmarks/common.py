"""What every benchmark shares: clocks, the machine's description, tables and result files."""

import datetime
import json
import os
import platform
import re
import statistics
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"

Row = dict[str, Any]


def default_device() -> str:
    """Return the best device there is: ``cuda`` or ``cpu``."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def synchronize(device: str) -> None:
    """Wait until everything that was asked of the device is done."""
    if device == "cuda":
        torch.cuda.synchronize()


def median_ms(work: Callable[[], object], device: str, repeats: int, warmup: int = 2) -> float:
    """Return the median duration of some work in milliseconds, the device's part included."""
    for _ in range(warmup):
        work()
    durations = []
    for _ in range(repeats):
        synchronize(device)
        began = perf_counter()
        work()
        synchronize(device)
        durations.append(perf_counter() - began)
    return 1e3 * statistics.median(durations)


def machine(device: str) -> str:
    """Return the name of the processor, or of the graphics card."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*:\s*(.+)", info.read_text()) if info.exists() else []
    return f"{names[0] if names else platform.processor()}, {torch.get_num_threads()} threads"


def commit(root: Path = ROOT) -> str | None:
    """Return the commit of a checkout.

    A copy has that of the environment's ``COMMIT``, or None, even inside another checkout.
    """

    def git(*args: str) -> str:
        return subprocess.run(
            ["git", *args], cwd=root, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")) == root.resolve():
            return git("describe", "--always", "--dirty")
    except (OSError, subprocess.CalledProcessError):
        pass
    return os.environ.get("COMMIT")


def metadata(device: str) -> Row:
    """Return what one must know of a measurement: when, where, with what."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(device),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def save(suite: str, device: str, rows: Sequence[Row]) -> Path:
    """Write rows with their metadata into ``results``, and return the file's path."""
    name = re.sub(r"[^a-z0-9]+", "-", machine(device).lower()).strip("-")
    path = RESULTS / f"{suite}--{name}.json"
    RESULTS.mkdir(exist_ok=True)
    path.write_text(json.dumps({"metadata": metadata(device), "rows": rows}, indent=1) + "\n")
    return path


def table(rows: Sequence[Row]) -> str:
    """Return rows as a table in Markdown, with the first row's keys as its head."""
    keys = list(rows[0])
    lines = [keys, ["---"] * len(keys), *([_cell(row.get(key)) for key in keys] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return "" if value is None else str(value)
