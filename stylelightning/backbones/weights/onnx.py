"""Constants of a network in an ONNX file, read as data.

An ONNX file is a message of Google's protocol buffers: a row of fields, each with its number, its
kind, and a number or some bytes, which may be such a message again. Only the way to the constants
is walked; nothing of the file is run, and no length in it is believed before it is compared with
what is there.

Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto and
https://protobuf.dev/programming-guides/encoding
"""

import math
from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

_GRAPH = 7  # of a ModelProto
_INITIALIZER = 5  # of a GraphProto
_DIMS, _DATA_TYPE, _NAME, _RAW_DATA = 1, 2, 8, 9  # of a TensorProto
_FLOAT = 1  # of TensorProto.DataType

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # kinds of field
_MOST_AXES = 8


def read_initializers(data: bytes, names: Collection[str]) -> dict[str, NDArray[np.float32]]:
    """Return some of a network's constants by name; those that are not there are left out.

    Args:
        data: Content of an ONNX file.
        names: Names of tensors that hold float32 values in the file itself.

    Returns:
        Arrays that share the memory of ``data``.

    Raises:
        ValueError: If the file is cut off or malformed, or one of these tensors is there twice,
            has other values, or another number of them than its shape says.
    """
    found: dict[str, NDArray[np.float32]] = {}
    for graph in _messages(memoryview(data), _GRAPH):
        for tensor in _messages(graph, _INITIALIZER):
            name = b"".join(_messages(tensor, _NAME)).decode(errors="replace")
            if name in found:
                raise ValueError(f"{name!r} is there twice")
            if name in names:
                found[name] = _values(tensor, name)
    return found


def _values(tensor: memoryview, name: str) -> NDArray[np.float32]:
    axes: list[int] = []
    kind, raw = 0, memoryview(b"")
    for number, value in _fields(tensor):
        if number == _DIMS:
            axes += [value] if isinstance(value, int) else _packed(value)
        elif number == _DATA_TYPE and isinstance(value, int):
            kind = value
        elif number == _RAW_DATA and not isinstance(value, int):
            raw = value
    if kind != _FLOAT or not raw:
        raise ValueError(f"{name!r} must hold float32 values as raw data")
    if len(axes) > _MOST_AXES or 4 * math.prod(axes) != len(raw):
        raise ValueError(f"{name!r} of shape {tuple(axes[:_MOST_AXES])} has {len(raw)} bytes")
    return np.frombuffer(raw, "<f4").reshape(axes)


def _messages(message: memoryview, wanted: int) -> Iterator[memoryview]:
    """Yield the bytes of each field of a number."""
    for number, value in _fields(message):
        if number == wanted and not isinstance(value, int):
            yield value


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of each field.

    Raises:
        ValueError: If a field is longer than the message, or of an unknown kind.
    """
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, place = _varint(message, place)
            yield number, value
            continue
        if kind == _BYTES:
            length, place = _varint(message, place)
        elif kind in (_FIXED32, _FIXED64):
            length = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"field {number} is of the unknown kind {kind}")
        if length > len(message) - place:
            raise ValueError(
                f"field {number} has {length} bytes, of which {len(message) - place} are there"
            )
        yield number, message[place : place + length]
        place += length


def _packed(numbers: memoryview) -> list[int]:
    """Return the numbers of a field that holds several."""
    values, place = [], 0
    while place < len(numbers):
        value, place = _varint(numbers, place)
        values.append(value)
    return values


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """Return the number of variable length at a place, and the place after it."""
    number = 0
    for n, byte in enumerate(message[place : place + 10]):  # 10 of 7 bits hold every number
        number |= (byte & 127) << 7 * n
        if byte < 128:
            return number, place + n + 1
    raise ValueError("a number is cut off or longer than 10 bytes")
