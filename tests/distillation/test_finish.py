import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import stylelightning
from stylelightning.backbones.vgg import VGG
from stylelightning.backbones.weights.slim_file import read_slim_file
from stylelightning.backbones.weights.source import OXFORD
from stylelightning.distillation.finish import Origin, explained_table, finish
from stylelightning.distillation.lenses import lenses_of
from stylelightning.run.folder import RunFolder
from tests.distillation.conftest import Train

ORIGIN = Origin("tiny", "name: tiny\n", "a.png\nb.png")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def test_the_file_holds_the_filters_and_the_lenses_in_half_precision(
    train: Train, folder: RunFolder
) -> None:
    module = train(steps=2)
    finish(module, folder, ORIGIN)
    found = read_slim_file(folder.student)
    filters = module.student.network.state_dict()
    assert list(found.filters) == list(filters)
    assert all(torch.equal(found.filters[n], filters[n].half().float()) for n in filters)
    lenses = lenses_of(module.student)
    assert found.lenses.keys() == lenses.keys()
    assert all(torch.equal(found.lenses[n], lenses[n].half().float()) for n in lenses)


def test_the_file_says_what_it_came_from(train: Train, folder: RunFolder) -> None:
    explained = finish(train(steps=1), folder, ORIGIN)
    about = dict(read_slim_file(folder.student).about)
    assert len(about.pop("digest")) == 64
    assert set(about.pop("commit")) <= set("0123456789abcdef-dirty")
    assert about == {
        "name": "tiny",
        "config": "name: tiny\n",
        "pictures": "a.png\nb.png",
        "version": stylelightning.__version__,
        "explained": json.dumps(explained, indent=2),
        "teacher": "VGG16",
        "licence": "that of the teacher's filters",
    }


def test_filters_that_were_fetched_are_credited(
    train: Train, teacher: VGG, folder: RunFolder
) -> None:
    source = replace(OXFORD, credit="by somebody")
    module = train(steps=1)
    teacher.fetched = source
    finish(module, folder, ORIGIN)
    about = read_slim_file(folder.student).about
    assert about["teacher"] == f"VGG16, oxford, sha256 {source.digest}"
    assert about["licence"] == f"{source.licence}, {source.licence_link}"
    assert about["credit"] == "by somebody"
    assert "cut to fewer channels" in about["changes"]


def test_without_git_there_is_no_commit(
    train: Train, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    finish(train(steps=1), folder, ORIGIN)
    assert read_slim_file(folder.student).about["commit"] == ""


def test_what_is_explained_is_written_and_returned(train: Train, folder: RunFolder) -> None:
    module = train(steps=1)
    explained = finish(module, folder, ORIGIN)
    assert json.loads(folder.explained.read_text()) == explained
    assert list(explained) == ["photographs", "noise"]
    assert all(tuple(parts) == module.student.learnt for parts in explained.values())
    assert all(part < 1 for parts in explained.values() for part in parts.values())


def test_the_maps_are_fitted_once_more(train: Train, folder: RunFolder) -> None:
    module = train(steps=1)
    expected = finish(module, folder, ORIGIN)
    content = folder.student.read_bytes()
    with torch.no_grad():
        for value in module.student.maps.parameters():
            value.zero_()
    assert finish(module, folder, ORIGIN) == expected
    assert folder.student.read_bytes() == content


def test_the_table_has_a_row_for_each_layer() -> None:
    explained = {"photographs": {"a": 0.12345, "b": 1.0}, "noise": {"a": 0.5, "b": -2.0}}
    assert explained_table(explained) == [
        ["layer", "photographs", "noise"],
        ["a", "0.123", "0.500"],
        ["b", "1.000", "-2.000"],
    ]
