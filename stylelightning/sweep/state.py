"""What a point's folder says of its last run, so that a sweep can go on."""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stylelightning.files.atomic import write_atomically
from stylelightning.files.paths import absolute_path
from stylelightning.files.shipped import shipped
from stylelightning.run.folder import newest_run
from stylelightning.sweep.records import Record
from stylelightning.sweep.sweep_folder import SweepFolder


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
        with absolute_path(shipped(path)).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def write_state(folder: SweepFolder, record: Record, its_fingerprint: str) -> None:
    """Write what is known of a point into the sweep's folder.

    Args:
        folder: The sweep's folder.
        record: What is known.
        its_fingerprint: Fingerprint of the run that it is known of.
    """
    known = {**asdict(record), "fingerprint": its_fingerprint}
    if math.isnan(record.megabytes):
        known["megabytes"] = None
    path = folder.state(record.point)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(known, indent=1) + "\n").encode())


def read_state(folder: SweepFolder, point: str, its_fingerprint: str) -> Record | None:
    """Return what is known of a point; None if nothing is, or it is of another run.

    Args:
        folder: The sweep's folder.
        point: The point's name.
        its_fingerprint: Fingerprint of the run.
    """
    try:
        known: dict[str, Any] = json.loads(folder.state(point).read_text())
        if known.pop("fingerprint") != its_fingerprint:
            return None
        megabytes = known.pop("megabytes")
        record = Record(**known, megabytes=math.nan if megabytes is None else megabytes)
    except (OSError, ValueError, TypeError, KeyError):  # none, or not whole
        return None
    if record.status == "done" and not folder.run(record.folder).result.is_file():
        return None
    return record


def checkpoint_of(folder: SweepFolder, point: str, config: str) -> Path | None:
    """Return the checkpoint that the point's newest run left, if that run had this config.

    Args:
        folder: The sweep's folder.
        point: The point's name.
        config: The run's whole config, as YAML.
    """
    run = newest_run(folder.path, point)
    if run is None or not run.checkpoint.is_file() or not run.config.is_file():
        return None
    return run.checkpoint if run.config.read_text(encoding="utf-8") == config else None
