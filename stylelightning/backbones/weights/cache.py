"""Filters that were fetched once, in the user's cache folder."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import safetensors
import safetensors.torch
from filelock import FileLock, Timeout
from torch import Tensor

from stylelightning.backbones.weights.checking import checked_filters
from stylelightning.backbones.weights.files import reason
from stylelightning.backbones.weights.source import Source
from stylelightning.files.atomic import write_atomically
from stylelightning.files.caches import VARIABLE, own_cache

log = logging.getLogger(__name__)

_CREDIT = """\
{file}: the filters of {source.network}'s convolutions, {first} to {last}, as raw
numbers, for pictures that are blue, green, red in [0, 255] minus the mean.

Credit:   {source.credit}
Licence:  {source.licence}, {source.licence_link}
Changed:  {source.changes}
Out of:   {origin}
SHA-256:  {source.digest}
          (of each tensor in depth order its name and shape, then little-endian float32)
"""


def kept_file(source: Source) -> Path:
    """Return where a source's filters are kept, whether they are there or not."""
    return own_cache() / "weights" / source.file


def load_kept(source: Source) -> dict[str, Tensor]:
    """Return a source's filters out of the cache, checked to the last bit.

    Args:
        source: Filters that are there.

    Raises:
        OSError: If the file is damaged.
    """
    file = kept_file(source)
    try:
        return checked_filters(safetensors.torch.load_file(file), source)
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise OSError(
            f"`weights: {source.name}`: the cached file {file} is damaged ({reason(error)}). "
            "Delete it to have it fetched again, or put a good copy in its place: "
            "`python -m stylelightning weights add FILE`."
        ) from error


def keep(filters: dict[str, Tensor], source: Source, origin: str) -> Path:
    """Write a source's filters to the cache, and beside them who made them and their licence.

    Args:
        filters: Checked tensors in Caffe's layout.
        source: What they are.
        origin: Name of the file that they were in.

    Returns:
        The file.

    Raises:
        OSError: If a file can't be written; then none is left half-written.
    """
    file = kept_file(source)
    first, *_, last = source.convolutions
    credit = _CREDIT.format(file=file.name, source=source, first=first, last=last, origin=origin)
    metadata = {
        "source": f"{source.name}, out of {origin}",
        "digest": source.digest,
        "licence": f"{source.licence}, {source.licence_link}. {source.credit}.",
    }
    with _understood(file.parent, source):
        write_atomically(file.with_suffix(".txt"), credit.encode())
        tensors = {name: tensor.contiguous() for name, tensor in filters.items()}
        write_atomically(file, safetensors.torch.save(tensors, metadata))
    return file


@contextmanager
def one_at_a_time(source: Source) -> Iterator[None]:
    """Let other processes wait, so that two that start at once don't fetch the same file.

    Args:
        source: What is fetched.

    Raises:
        OSError: If the cache folder can't be written to.
    """
    file = kept_file(source)
    with _understood(file.parent, source):
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(file.with_suffix(".lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("Waiting for another process, which fetches %s.", source.name)
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _understood(folder: Path, source: Source) -> Iterator[None]:
    """Say what an error of the system means here.

    Raises:
        OSError: In the place of the system's.
    """
    try:
        yield
    except (OSError, NotImplementedError) as error:  # the latter on disks that lock no files
        why = getattr(error, "strerror", None) or str(error)
        raise OSError(
            f"`weights: {source.name}` can't be kept in {folder}: {why.rstrip('.')}. Set "
            f"{VARIABLE} to another folder."
        ) from error
