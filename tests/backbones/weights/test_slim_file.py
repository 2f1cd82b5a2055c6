"""The file of a slim network: what is written is read, and what is damaged is refused."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from safetensors import safe_open
from torch import Tensor

from stylelightning.backbones.weights.checking import digest_of
from stylelightning.backbones.weights.slim_file import (
    SlimFile,
    read_slim_file,
    slim_digest,
    write_slim_file,
)
from tests.backbones.weights.slim import ABOUT, tiny_slim

CHANNELS = [[2, 3], [3, 2, 4], [2, 3, 4, 5], [2, 3, 4, 6, 5]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "slim.safetensors"
    write_slim_file(file, tiny_slim([2, 3]))
    return file


def equal(first: SlimFile, second: SlimFile) -> bool:
    parts = ((first.filters, second.filters), (first.lenses, second.lenses))
    return all(
        list(a) == list(b) and all(torch.equal(a[name], b[name]) for name in a) for a, b in parts
    )


@pytest.mark.parametrize("channels", CHANNELS)
def test_what_is_written_is_read(channels: list[int], tmp_path: Path) -> None:
    written = tiny_slim(channels)
    file = tmp_path / "a folder" / "slim.safetensors"
    write_slim_file(file, written)
    content = read_slim_file(file)
    assert equal(content, written)
    assert {tensor.dtype for tensor in content.filters.values()} == {torch.float32}
    assert content.about == {**ABOUT, "digest": content.about["digest"]}
    assert (content.convolutions, content.channels) == ([2, 2, 3, 3, 1][: len(channels)], channels)


def test_values_are_rounded_to_half_precision(tmp_path: Path) -> None:
    file = tmp_path / "slim.safetensors"
    tiny = tiny_slim([2])
    write_slim_file(file, replace(tiny, filters={**tiny.filters, "conv1_1.bias": _thirds()}))
    # by hand: half precision has 11 bits, and 1/3 is between 2^-2 and 2^-1
    expected = torch.full((2,), round(2**12 / 3 + 0.1) / 2**12)
    assert torch.equal(read_slim_file(file).filters["conv1_1.bias"], expected)


def _thirds() -> Tensor:
    return torch.full((2,), 1 / 3)


def test_a_file_says_what_it_is_to_any_program(file: Path) -> None:
    with safe_open(file, "pt") as opened:
        about = opened.metadata()
        names = set(opened.keys())
        dtypes = {opened.get_tensor(name).dtype for name in names}
    content = tiny_slim([2, 3])
    assert {name: about[name] for name in ABOUT} == ABOUT
    assert names == {*content.filters, *(f"lens.{name}" for name in content.lenses)}
    assert dtypes == {torch.float16}


def test_the_digest_is_of_names_shapes_and_values_in_depth_order(file: Path) -> None:
    content = tiny_slim([2, 3])
    # a kernel before its bias, and the lenses after all filters
    tensors = [*content.filters.items()]
    tensors += [(f"lens.{name}", lens) for name, lens in content.lenses.items()]
    assert read_slim_file(file).about["digest"] == digest_of(tensors)


def test_the_digest_does_not_depend_on_the_order_of_the_tensors() -> None:
    filters = tiny_slim([2, 3]).filters
    shuffled = {name: filters[name] for name in sorted(filters, reverse=True)}
    assert slim_digest(shuffled) == slim_digest(filters)
    assert slim_digest({**filters, "conv1_1.bias": _thirds()}) != slim_digest(filters)


def refusal(file: Path) -> str:
    with pytest.raises(ValueError, match=r"^[^\n]*$") as error:
        read_slim_file(file)
    return str(error.value)


@pytest.mark.parametrize("place", [-1, -100, -200])
def test_one_wrong_byte_of_a_tensor_is_seen(place: int, file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert refusal(file) == (
        f"`weights` of SlimVGG: {file} is damaged, or was not written by `python -m stylelightning "
        "distill`: its tensors have another SHA-256 than it says."
    )


@pytest.mark.parametrize("end", [0, 4, 300, -1])
def test_a_file_that_is_cut_short_is_refused(end: int, file: Path) -> None:
    file.write_bytes(file.read_bytes()[:end])
    assert refusal(file).startswith(
        f"`weights` of SlimVGG: {file} is damaged or no safetensors file ("
    )


def test_a_text_is_refused(file: Path) -> None:
    file.write_text("Not found. " * 100)
    assert refusal(file).startswith(
        f"`weights` of SlimVGG: {file} is damaged or no safetensors file ("
    )


def test_tensors_of_something_else_are_refused(file: Path) -> None:
    safetensors.torch.save_file({"features.0.weight": torch.ones(2, 3)}, file)
    assert f"{file} is damaged, or was not written by " in refusal(file)


@pytest.mark.parametrize("name", ["none.safetensors", "."])
def test_a_file_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError,
        match=rf"^`weights` of SlimVGG: there is no file {re.escape(str(tmp_path / name))}\. "
        r"`python -m stylelightning distill` makes one; `slim` comes with the package\.$",
    ):
        read_slim_file(tmp_path / name)


def test_the_same_content_is_the_same_bytes(tmp_path: Path) -> None:
    # safetensors has metadata in another order each time: 8 entries are alike once in 40,320
    about = {f"key {n}": "ü" * n for n in range(8)}
    content = replace(tiny_slim([2]), about=about)
    for name in ("a", "b", "c"):
        write_slim_file(tmp_path / name, content)
    assert len({(tmp_path / name).read_bytes() for name in ("a", "b", "c")}) == 1
    found = read_slim_file(tmp_path / "a")
    assert {key: found.about[key] for key in about} == about
    assert equal(found, content)
    # oracle: safetensors' own reader
    tensors = safetensors.torch.load_file(tmp_path / "a")
    assert torch.equal(tensors["lens.relu1_1"].float(), content.lenses["relu1_1"])
