import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stylelightning.backbones.weights.onnx import read_initializers
from tests.backbones.weights.protobuf import Syntax, messages, model, model_of, tensor_message

KERNEL = torch.arange(54, dtype=torch.float32).reshape(2, 3, 3, 3) / 7
BIAS = torch.tensor([0.1, -2.0])


@pytest.mark.parametrize("syntax", ["proto2", "proto3"])
def test_constants_are_those_that_protobuf_wrote(syntax: Syntax) -> None:
    # oracle: Google's protobuf, with shapes as single numbers (proto2) and packed (proto3)
    data = model({"k": KERNEL, "b": BIAS, "other": BIAS}, syntax)
    found = read_initializers(data, {"k", "b", "nowhere"})
    assert set(found) == {"k", "b"}
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(found["k"], KERNEL.numpy())
    np.testing.assert_array_equal(found["b"], BIAS.numpy())


def test_constants_of_other_kinds_do_not_matter_unless_asked_for() -> None:
    tensor = messages("proto2")["TensorProto"]
    numbers = tensor(name="shape", dims=[2], data_type=7, raw_data=bytes(16))
    loose = tensor(name="loose", dims=[2], data_type=1, float_data=[1, 2])
    data = model_of([numbers, loose, tensor_message("b", BIAS)])
    assert set(read_initializers(data, {"b"})) == {"b"}
    for name in ("shape", "loose"):
        with pytest.raises(ValueError, match=rf"^'{name}' must hold float32 values as raw data$"):
            read_initializers(data, {name})


def test_a_name_that_is_there_twice_is_refused() -> None:
    twice = [tensor_message("b", BIAS)] * 2
    with pytest.raises(ValueError, match=r"^'b' is there twice$"):
        read_initializers(model_of(twice), {"b"})


@pytest.mark.parametrize("shape", [[3], [2, 2], [], [0], [-2], [1] * 8 + [2], [2**62, 2**62]])
def test_values_that_do_not_fill_the_shape_are_refused(shape: list[int]) -> None:
    tensor = messages("proto2")["TensorProto"](name="b", dims=shape, data_type=1, raw_data=bytes(8))
    with pytest.raises(ValueError, match=r"^'b' of shape \(.*\) has 8 bytes$"):
        read_initializers(model_of([tensor]), {"b"})


def outcome(data: bytes) -> str:
    """Return why a file is refused, or what was found in it."""
    try:
        return f"{len(read_initializers(data, {'k', 'b'}))} arrays"
    except ValueError as error:
        return str(error)


def test_a_file_that_is_cut_off_has_no_whole_network() -> None:
    data = model({"k": KERNEL, "b": BIAS})
    assert outcome(data) == "2 arrays"
    # the graph is the last field: without its end no part of it is believed
    outcomes = {re.sub(r"\d+", "N", outcome(data[:length])) for length in range(len(data))}
    assert outcomes == {
        "N arrays",  # nothing of the graph is there
        "field N has N bytes, of which N are there",
        "a number is cut off or longer than N bytes",
    }
    assert not {"1 arrays", "2 arrays"} & {outcome(data[:n]) for n in range(len(data))}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        # by hand: a tag is 8 x the number of the field + its kind
        (b"\x3b", "field 7 is of the unknown kind 3"),
        (b"\x3a\xff\xff\xff\xff\x0f", "field 7 has 4294967295 bytes, of which 0 are there"),
        (b"\x3d\x00\x00", "field 7 has 4 bytes, of which 2 are there"),
        (b"\x39\x00", "field 7 has 8 bytes, of which 1 are there"),
        (b"\x08" + b"\xff" * 11, "a number is cut off or longer than 10 bytes"),
        (b"\x08\xff", "a number is cut off or longer than 10 bytes"),
        (b"\x3a\x01\x2a", "a number is cut off or longer than 10 bytes"),
    ],
)
def test_a_malformed_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}$"):
        read_initializers(data, {"b"})


@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 255))
def test_whatever_the_bytes_there_are_arrays_or_a_refusal_of_one_line(
    data: bytes, place: int, byte: int
) -> None:
    changed = bytearray(model({"b": BIAS}))
    changed[place % len(changed)] = byte
    for each in (data, bytes(changed)):
        assert "\n" not in outcome(each)
