from pathlib import Path

import safetensors.torch
import torch

from stylelightning.backbones.weights.slim_file import SlimFile, read_slim_file, write_slim_file


def test_the_same_content_is_the_same_bytes(tmp_path: Path) -> None:
    # safetensors has metadata in another order each time: 8 entries are alike once in 40,320
    filters = {"conv1_1.weight": torch.randn(2, 3, 3, 3), "conv1_1.bias": torch.randn(2)}
    about = {f"key {n}": "ü" * n for n in range(8)}
    content = SlimFile(filters, {"relu1_1": torch.eye(2)}, about)
    for name in ("a", "b", "c"):
        write_slim_file(tmp_path / name, content)
    assert len({(tmp_path / name).read_bytes() for name in ("a", "b", "c")}) == 1
    found = read_slim_file(tmp_path / "a")
    assert {key: found.about[key] for key in about} == about
    assert torch.equal(found.filters["conv1_1.weight"], filters["conv1_1.weight"].half().float())
    # oracle: safetensors' own reader
    tensors = safetensors.torch.load_file(tmp_path / "a")
    assert torch.equal(tensors["lens.relu1_1"], torch.eye(2).half())
