"""`weights` names what there is, fetches, finds and keeps."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlparse

import pytest
import safetensors.torch
import torch
from torchvision.models import VGG16_Weights, VGG19_Weights, WeightsEnum

from stylelightning.__main__ import main
from stylelightning.backbones import SlimVGG
from stylelightning.backbones.slim_vgg import SLIM, SLIM_FILE
from stylelightning.backbones.weights import source as source_module
from stylelightning.backbones.weights.cache import keep, kept_file
from stylelightning.backbones.weights.slim_file import write_slim_file
from stylelightning.backbones.weights.source import FACTS, OXFORD
from stylelightning.commands import weights
from tests.backbones.weights.package import Package, make_package
from tests.backbones.weights.slim import tiny_slim

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """A tiny package in the place of the real one."""
    made = make_package(tmp_path)
    monkeypatch.setattr(source_module, "OXFORD", made.source)
    return made


def said(capsys: Capture, *args: str) -> str:
    capsys.readouterr()
    assert main(["weights", *args]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refusal(capsys: Capture, *args: str) -> str:
    """Return what is said of a mistake: one line on standard error."""
    capsys.readouterr()
    assert main(["weights", *args]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err.removeprefix("error: ").removesuffix("\n")


# the overview


def rows(text: str) -> list[list[str]]:
    table = text.split("\n\n")[0].splitlines()
    return [re.split(r" {2,}", line) for line in table]


def test_the_overview_names_every_source(capsys: Capture) -> None:
    text = said(capsys)
    assert [row[0] for row in rows(text)] == [
        "weights", "slim", "oxford",
        "IMAGENET1K_FEATURES", "IMAGENET1K_V1", "IMAGENET1K_V1", "null",
    ]  # fmt: skip
    assert rows(text)[2] == ["oxford", "VGG16", "58 MB", "CC BY 4.0", "no"]
    assert str(kept_file(OXFORD).parent) in text
    assert str(Path(torch.hub.get_dir(), "checkpoints")) in text


def test_sizes_and_networks_are_those_that_torchvision_gives(capsys: Capture) -> None:
    networks: dict[str, type[WeightsEnum]] = {"VGG16": VGG16_Weights, "VGG19": VGG19_Weights}
    entries = [entry for enum in networks.values() for entry in enum]
    table = rows(said(capsys))[3:-1]
    assert len(table) == len(entries)
    for name, network, size, licence, here in table:
        # oracle: torchvision's own table
        megabytes = networks[network][name].meta["_file_size"]
        assert (size, licence, here) == (f"{round(megabytes)} MB", "not stated", "no")


def test_oxfords_size_is_that_of_the_wheel() -> None:
    assert round(OXFORD.wheel_size / 1024**2) == OXFORD.megabytes


def test_the_overview_says_what_is_here(made: Package, capsys: Capture) -> None:
    keep(made.filters, made.source, "test")
    hub = Path(torch.hub.get_dir(), "checkpoints")
    hub.mkdir(parents=True)
    (hub / Path(urlparse(VGG19_Weights.IMAGENET1K_V1.url).path).name).touch()
    *_, oxford, features, vgg16, vgg19, null = (row[-1] for row in rows(said(capsys)))
    assert [oxford, features, vgg16, vgg19, null] == ["yes", "no", "no", "yes", "yes"]


def test_the_overview_fits_80_columns(capsys: Capture) -> None:
    folders = re.compile(r"^  /")  # those are as long as they are
    for text in (said(capsys), said(capsys, "--help")):
        lines = [line for line in text.splitlines() if not folders.match(line)]
        assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    "args", [[], ["--help"], ["path", "oxford"], ["path", "slim"], ["get", "oxfrd"]]
)
def test_what_only_looks_does_not_wait_for_torch(args: list[str]) -> None:
    code = (
        "import sys; from stylelightning.__main__ import main; "
        f"main(['weights', *{args!r}]); "
        "assert not {'torch', 'torchvision', 'lightning', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize("args", [["--help"], ["-h"], ["get", "--help"], ["add", "x", "-h"]])
def test_help_names_the_commands(args: list[str], capsys: Capture) -> None:
    text = said(capsys, *args)
    assert text.startswith("usage: stylelightning weights ")
    assert all(
        f"\n  {name}" in text for name in ("get oxford", "path oxford", "path slim", "add FILE")
    )


# get, path and add


def test_path_is_the_file_alone(made: Package, capsys: Capture) -> None:
    file = keep(made.filters, made.source, "test")
    assert said(capsys, "path", "oxford") == f"{file}\n"


def test_path_of_what_is_not_here_is_refused(capsys: Capture) -> None:
    assert refusal(capsys, "path", "oxford") == (
        f"There is no {kept_file(OXFORD)}: `python -m stylelightning weights get oxford` fetches "
        "it."
    )


def test_get_fetches_and_then_says_that_it_is_here(
    made: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    file = kept_file(made.source)
    assert said(capsys, "get", "oxford") == (
        f"Fetching oxford once, 58 MB through pip, CC BY 4.0, into {file.parent}.\n"
        f"oxford is here: {file}\n"
    )
    assert said(capsys, "get", "oxford") == f"oxford is here already: {file}\n"


def test_get_of_what_can_not_be_fetched_is_one_line(
    made: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "none"))
    assert main(["weights", "get", "oxford"]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("Fetching oxford ")
    assert re.fullmatch(r"error: The package index has no tiny-filters 1\.0, [^\n]*\n", err)


def test_get_looks_at_what_is_here(made: Package, capsys: Capture) -> None:
    keep(made.filters, made.source, "test").write_bytes(b"damaged")
    assert "is damaged" in refusal(capsys, "get", "oxford")


def test_add_keeps_the_filters_of_a_file(made: Package, capsys: Capture) -> None:
    file = kept_file(made.source)
    for _ in range(2):  # the second takes the place of the first, as of a damaged one
        assert said(capsys, "add", str(made.wheel)) == f"oxford is here: {file}\n"
    found = safetensors.torch.load_file(file)
    assert all(torch.equal(found[name], made.filters[name]) for name in made.filters)
    assert f"Out of:   {made.wheel.name}\n" in file.with_suffix(".txt").read_text()


def test_add_leaves_nothing_of_a_file_that_is_refused(made: Package, capsys: Capture) -> None:
    made.wheel.write_bytes(made.wheel.read_bytes()[:-1])
    assert refusal(capsys, "add", str(made.wheel)).startswith(f"{made.wheel} does not hold ")
    assert not kept_file(made.source).parent.exists()


# the network in the package


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the one that the slim network comes in, and in it a tiny one."""
    monkeypatch.setattr(weights, "BACKBONES", tmp_path)
    file = tmp_path / "slim_vgg16.safetensors"
    write_slim_file(file, tiny_slim([2]))
    return file


def test_the_network_in_the_package_is_always_here(shipped: Path, capsys: Capture) -> None:
    text = said(capsys)
    assert rows(text)[1] == ["slim", "SlimVGG", "5 MB", "CC BY 4.0", "yes"]
    assert f"\n  {shipped.parent}\n" in text
    assert said(capsys, "path", "slim") == f"{shipped}\n"
    assert said(capsys, "get", "slim") == f"slim is here already: {shipped}\n"


def test_get_looks_at_the_network_in_the_package(shipped: Path, capsys: Capture) -> None:
    shipped.write_bytes(b"damaged")
    assert f"{shipped} is damaged" in refusal(capsys, "get", "slim")


def test_a_package_without_its_network_is_to_be_installed_again(
    shipped: Path, capsys: Capture
) -> None:
    shipped.unlink()
    assert rows(said(capsys))[1][-1] == "no"
    assert refusal(capsys, "path", "slim") == (
        f"There is no {shipped}: it comes with the package, so install stylelightning again."
    )


def test_the_facts_name_the_file_that_the_backbone_reads() -> None:
    slim = tomllib.loads(FACTS.read_text(encoding="utf-8"))["slim"]
    assert (slim["name"], slim["network"]) == (SLIM, SlimVGG.__name__)
    assert slim["file"] == SLIM_FILE.name
    assert SLIM_FILE.parent == weights.BACKBONES


# mistakes


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["gte", "oxford"],
            r"There is no command `weights gte`\. Did you mean get\? There are get, path, add\.",
        ),
        (["delete"], r"There is no command `weights delete`\. There are get, path, add\."),
        (
            ["get", "oxfrd"],
            r"There is no source 'oxfrd'\. Did you mean oxford\? There are slim, oxford\.",
        ),
        (["path", "places365"], r"There is no source 'places365'\. There are slim, oxford\."),
        (
            ["get", "IMAGENET1K_V1"],
            r"`weights get` is for slim and oxford alone: a run that names torchvision's "
            r"IMAGENET1K_V1 downloads it into .*checkpoints\.",
        ),
        (["get"], r"`weights get` takes the name of one source, got nothing\."),
        (["add", "a b", "c"], r"`weights add` takes one file, got 'a b c'\."),
        (["add", "no.whl"], r"There is no file .*/no\.whl\."),
    ],
)
def test_a_mistake_is_one_line_with_what_may_have_been_meant(
    args: list[str], message: str, capsys: Capture
) -> None:
    assert re.fullmatch(message, refusal(capsys, *args))
