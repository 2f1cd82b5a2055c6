"""What the slim network in the package is."""

import json
import logging
import re
import tomllib
from pathlib import Path

import pytest
import torch
import yaml
from safetensors import safe_open
from torch import Tensor

from stylelightning.backbones import SlimVGG
from stylelightning.backbones.slim_vgg import SLIM_FILE
from stylelightning.backbones.weights.slim_file import read_slim_file
from stylelightning.backbones.weights.source import FACTS, OXFORD
from tests.backbones.measure import picture
from tests.conftest import Run

DIGEST = "3d1193321a09007a03142e496d2c1f1dd179dfba388903db9d7fa11020b2c361"
CHANNELS = [24, 64, 128, 256, 256]
CONVOLUTIONS = [2, 2, 3, 3, 1]
LENSED = [
    f"relu{block}_{n + 1}" for block, count in enumerate(CONVOLUTIONS, 1) for n in range(count)
]
LARGEST = 6_000_000
"""Bytes of the file."""
ABOUT = {
    *("name", "teacher", "licence", "credit", "changes", "commit", "version"),
    *("config", "pictures", "explained", "digest"),
}


@pytest.fixture(scope="module")
def about() -> dict[str, str]:
    return dict(read_slim_file(SLIM_FILE).about)


# the file


def test_the_file_is_the_one_that_was_looked_at(about: dict[str, str]) -> None:
    # reading it computes the digest of its tensors, and refuses it when it says another
    assert about["digest"] == DIGEST


def test_the_file_is_small() -> None:
    size = SLIM_FILE.stat().st_size
    assert size < LARGEST
    slim = tomllib.loads(FACTS.read_text(encoding="utf-8"))["slim"]
    assert slim["megabytes"] == round(size / 1024**2)


def test_the_file_holds_finite_numbers_of_half_precision() -> None:
    with safe_open(SLIM_FILE, "pt") as file:
        tensors: list[Tensor] = [file.get_tensor(name) for name in file.keys()]  # noqa: SIM118
    # a kernel and a bias of each convolution, and its lens
    assert len(tensors) == 3 * sum(CONVOLUTIONS)
    assert all(tensor.dtype == torch.float16 for tensor in tensors)
    assert all(tensor.isfinite().all() for tensor in tensors)


def test_the_file_says_all_that_is_to_be_known(about: dict[str, str]) -> None:
    assert about.keys() == ABOUT
    assert all(text.strip() for text in about.values())
    assert re.fullmatch("[0-9a-f]{40}", about["commit"])  # of a clean checkout
    assert isinstance(yaml.safe_load(about["config"]), dict)


def test_the_file_credits_the_filters_that_it_was_derived_from(about: dict[str, str]) -> None:
    assert about["teacher"] == f"{OXFORD.network}, {OXFORD.name}, sha256 {OXFORD.digest}"
    assert about["licence"] == f"{OXFORD.licence}, {OXFORD.licence_link}"
    assert about["credit"] == OXFORD.credit


def test_the_file_says_how_much_of_each_layer_it_has(about: dict[str, str]) -> None:
    explained = json.loads(about["explained"])
    assert explained
    for parts in explained.values():
        assert list(parts) == LENSED
        assert all(0 < part <= 1 for part in parts.values())


def test_the_file_names_no_folder_of_the_computer_that_trained_it(about: dict[str, str]) -> None:
    whole_path = re.compile(r"(?m)(?:^|[\s'\"\[,])(?:/\w|~|[A-Z]:\\\\)")
    for name in ("config", "pictures"):
        assert not whole_path.search(about[name]), name


# the network


def test_the_network_has_its_layers_and_channels() -> None:
    network = SlimVGG()
    assert [name for name in network.layers if name.startswith("relu")] == LENSED
    assert (LENSED[0], LENSED[-1]) == ("relu1_1", "relu5_1")
    assert network.layers[-1] == "relu5_1"
    for name, layer in network.layer_table.items():
        assert layer.channels == CHANNELS[int(re.findall(r"\d", name)[0]) - 1]
    assert list(network.lenses) == LENSED


def test_the_network_needs_no_download_and_no_warning(
    hub: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        SlimVGG()
    assert caplog.records == []
    assert not hub.exists()
    assert not (tmp_path / "cache").exists()


def test_a_file_by_its_path_is_the_same_network() -> None:
    image = picture(1, 3, 32, 24)
    expected = SlimVGG()(image, LENSED)
    features = SlimVGG(str(SLIM_FILE))(image, LENSED)
    assert all(torch.equal(features[name], expected[name]) for name in LENSED)


def test_every_layer_of_the_network_answers_to_a_picture() -> None:
    network = SlimVGG()
    image = picture(1, 3, 64, 48)
    plain = torch.full_like(image, 0.5)
    features, others = network(image, network.layers), network(plain, network.layers)
    for name in network.layers:
        assert features[name].isfinite().all(), name
        assert (features[name] - others[name]).abs().max() > 1e-3, name


def test_a_run_has_the_network_by_its_name(run: Run) -> None:
    layers = ["--model.losses.content.layers=[relu2_1]", "--model.losses.style.layers=[relu1_1]"]
    folder = run("--model.backbone=SlimVGG", "--trainer.max_steps=1", *layers)
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config["model"]["backbone"]["init_args"]["weights"] == "slim"
