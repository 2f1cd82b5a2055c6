"""What a point's folder says of its last run, so that a sweep can go on."""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stylelightning.images import write_atomically
from stylelightning.run_folder import last_checkpoint, newest_run
from stylelightning.sweep.records import Record

STATE = "point.json"


def fingerprint(config: str, pictures: Iterable[str]) -> str:
    """Return what changes when a run would make another picture.

    Args:
        config: The run's whole config, as YAML.
        pictures: Paths of the pictures that it reads.

    Raises:
        OSError: If a picture can't be read.
    """
    digest = hashlib.sha256(config.encode())
    for path in pictures:
        with Path(path).expanduser().open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def write_state(folder: Path, record: Record, mark: str) -> None:
    """Write what is known of a point into the sweep's folder.

    Args:
        folder: The sweep's folder.
        record: What is known.
        mark: Fingerprint of the run that it is known of.
    """
    known = {**asdict(record), "fingerprint": mark}
    if math.isnan(record.megabytes):
        known["megabytes"] = None
    path = folder / record.point / STATE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(known, indent=1) + "\n").encode())


def read_state(folder: Path, point: str, mark: str) -> Record | None:
    """Return what is known of a point; None if nothing is, or it is of another run.

    Args:
        folder: The sweep's folder.
        point: The point's name.
        mark: Fingerprint of the run.
    """
    try:
        known: dict[str, Any] = json.loads((folder / point / STATE).read_text())
        if known.pop("fingerprint") != mark:
            return None
        megabytes = known.pop("megabytes")
        record = Record(**known, megabytes=math.nan if megabytes is None else megabytes)
    except (OSError, ValueError, TypeError, KeyError):  # none, or not whole
        return None
    if record.status == "done" and not (folder / record.folder / "result.png").is_file():
        return None
    return record


def checkpoint_of(folder: Path, point: str, config: str) -> Path | None:
    """Return the checkpoint that the point's newest run left, if that run had this config.

    Args:
        folder: The sweep's folder.
        point: The point's name.
        config: The run's whole config, as YAML.
    """
    run, checkpoint = newest_run(folder, point), last_checkpoint(folder, point)
    if run is None or checkpoint is None or checkpoint.parents[1] != run:
        return None
    stored = run / "config.yaml"
    same = stored.is_file() and stored.read_text(encoding="utf-8") == config
    return checkpoint if same else None
