"""What a run says of itself: when, where and with what it was made."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from stylelightning.files.atomic import write_atomically
from stylelightning.run.folder import RunFolder

Status = Literal["running", "done", "stopped", "failed"]
Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class RunRecord:
    """What a run's config and its tables don't say.

    Args:
        status: ``running``, also of a run that was killed; ``done``; ``stopped`` on the way;
            ``failed``.
        began: When the first step began, ISO 8601 in UTC.
        seconds: Wall time since then.
        steps: Steps that are done, those of the runs that it goes on from among them.
        last_step: Step after which the run ends.
        device: Name of the graphics card, or of the processor with the number of threads.
        versions: Version of this package, Python and the libraries that count, by name.
        folder: Folder in which the run was started: relative paths of its config begin there.
        weights: Name of the file of trained weights, and ``sha256``, its hash; empty for none.
        better: For each metric, whether the ``higher`` or the ``lower`` value is the better one.
    """

    status: Status
    began: str
    seconds: float
    steps: int
    last_step: int
    device: str
    versions: dict[str, str]
    folder: str
    weights: dict[str, str] = field(default_factory=dict)
    better: dict[str, Better] = field(default_factory=dict)


def write_record(folder: RunFolder, record: RunRecord) -> None:
    """Write the record into the run's folder, whole or not at all.

    Args:
        folder: The run's folder.
        record: What it says.

    Raises:
        OSError: If it can't be written.
    """
    write_atomically(folder.record, f"{json.dumps(asdict(record), indent=1)}\n".encode())


def read_record(folder: RunFolder) -> RunRecord | None:
    """Return what a run says of itself; None if it says nothing, or nothing that can be read.

    Args:
        folder: The run's folder.
    """
    try:
        known: dict[str, Any] = json.loads(folder.record.read_bytes())
        record = RunRecord(**known)
    except (OSError, ValueError, TypeError):
        return None
    tables = (record.versions, record.weights, record.better)
    whole = record.status in get_args(Status) and all(isinstance(each, dict) for each in tables)
    return record if whole else None
