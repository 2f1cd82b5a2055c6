"""ONNX files as Google's protobuf writes them."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal

from google.protobuf import (  # type: ignore[import-untyped]
    descriptor_pb2,
    descriptor_pool,
    message_factory,
)
from torch import Tensor

Syntax = Literal["proto2", "proto3"]

_Field = descriptor_pb2.FieldDescriptorProto
# numbers and types of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
_FIELDS = {
    "TensorProto": [
        ("dims", 1, _Field.TYPE_INT64, "repeated"),
        ("data_type", 2, _Field.TYPE_INT32, "optional"),
        ("float_data", 4, _Field.TYPE_FLOAT, "repeated"),
        ("name", 8, _Field.TYPE_STRING, "optional"),
        ("raw_data", 9, _Field.TYPE_BYTES, "optional"),
    ],
    "NodeProto": [
        ("input", 1, _Field.TYPE_STRING, "repeated"),
        ("op_type", 4, _Field.TYPE_STRING, "optional"),
    ],
    "GraphProto": [
        ("node", 1, "NodeProto", "repeated"),
        ("name", 2, _Field.TYPE_STRING, "optional"),
        ("initializer", 5, "TensorProto", "repeated"),
    ],
    "ModelProto": [
        ("ir_version", 1, _Field.TYPE_INT64, "optional"),
        ("producer_name", 2, _Field.TYPE_STRING, "optional"),
        ("graph", 7, "GraphProto", "optional"),
    ],
}


@cache
def messages(syntax: Syntax) -> dict[str, Any]:
    """Return the classes of the messages; proto3 packs repeated numbers, proto2 does not."""
    file = descriptor_pb2.FileDescriptorProto(name="onnx.proto", package="onnx", syntax=syntax)
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field, number, kind, label in fields:
            added = message.field.add(name=field, number=number)
            added.label = _Field.LABEL_REPEATED if label == "repeated" else _Field.LABEL_OPTIONAL
            if isinstance(kind, str):
                added.type, added.type_name = _Field.TYPE_MESSAGE, f".onnx.{kind}"
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"onnx.{name}"))
        for name in _FIELDS
    }


def tensor_message(name: str, tensor: Tensor, syntax: Syntax = "proto2") -> Any:
    """Return a constant of float32 values."""
    raw = tensor.numpy().astype("<f4").tobytes()
    make = messages(syntax)["TensorProto"]
    return make(name=name, dims=tensor.shape, data_type=1, raw_data=raw)


def model_of(constants: Iterable[Any], syntax: Syntax = "proto2") -> bytes:
    """Return an ONNX file with constants and a node."""
    make = messages(syntax)
    node = make["NodeProto"](input=["picture", "kernel"], op_type="Conv")
    graph = make["GraphProto"](node=[node], name="network", initializer=constants)
    data: bytes = make["ModelProto"](
        ir_version=10, producer_name="test", graph=graph
    ).SerializeToString()
    return data


def model(tensors: Mapping[str, Tensor], syntax: Syntax = "proto2") -> bytes:
    """Return an ONNX file with tensors by name."""
    return model_of([tensor_message(*each, syntax) for each in tensors.items()], syntax)
