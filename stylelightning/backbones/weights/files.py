"""Weight files on this computer: PyTorch's and safetensors."""

import hashlib
import logging
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Origin:
    """Where trained weights come from, so that a run can be made again.

    Args:
        name: Name of their file, or of their source.
        sha256: SHA-256 of the file, or of the source's tensors, 64 digits.
    """

    name: str
    sha256: str


def read_file(file: Path, network: str) -> Mapping[str, Any]:
    """Return the tensors of a file by name, without running any code that it may hold.

    Args:
        file: Path of a file that ``torch.save`` wrote, or of one that ends in ``.safetensors``.
        network: Name of the network, for messages.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If the file is damaged, or of another kind.
    """
    if not file.exists():
        raise FileNotFoundError(f"`weights` of {network}: there is no file {file}.")
    if file.suffix.lower() == ".safetensors":
        return _read_safetensors(file, network)
    try:
        # The file is mapped, so that the classifier of 500 MB is never read.
        state = torch.load(
            file, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(file)
        )
    except Exception as error:  # a pickle may fail in any way
        raise ValueError(
            f"`weights` of {network}: {file} is no weights file that can be read safely "
            f"({reason(error)}). It must be a state dict written by `torch.save`, or end in "
            ".safetensors."
        ) from error
    if isinstance(state, Mapping):
        state = state.get("state_dict", state)
    if not isinstance(state, Mapping):
        raise ValueError(
            f"`weights` of {network}: {file} holds a {type(state).__name__}, not a state dict."
        )
    return state


def digest(file: Path) -> str:
    """Return the SHA-256 of a file, as 64 digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def log_origin(origin: Origin, network: str) -> Origin:
    """Say where a network's weights come from, and return it."""
    log.info("Weights of %s: %s, sha256 %s.", network, origin.name, origin.sha256)
    return origin


def origin_of(file: Path) -> Origin:
    """Return what a file is called, and its hash."""
    return Origin(file.name, digest(file))


def reason(error: Exception) -> str:
    """Return the kind of an error and the first line of what it says."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _read_safetensors(file: Path, network: str) -> Mapping[str, Any]:
    try:
        return safetensors.torch.load_file(file)
    except (safetensors.SafetensorError, OSError) as error:
        raise ValueError(
            f"`weights` of {network}: {file} is damaged or no safetensors file ({reason(error)}). "
            "Copy it again from where it came from."
        ) from error
