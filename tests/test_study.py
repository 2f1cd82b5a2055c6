"""The study's configs differ in what they say, and its page is made of what was measured."""

import importlib.util
import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import yaml
from PIL import Image

from tests.conftest import ROOT, smooth_picture

FOLDER = ROOT / "configs" / "study"
DIFFERS = re.compile(r"^# Differs from study/([\w-]+)\.yaml in: (.+)$", re.MULTILINE)
FIRST = {"baseline", "style-relu1_1", "content-relu1_2"}
CONFIGS = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def differences(one: Any, other: Any, key: str = "") -> Iterator[str]:
    """Name what differs, as options: another class, and what both classes were given."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        if one != other:
            yield key
        return
    if "class_path" in one and "class_path" in other:
        same = one["class_path"] == other["class_path"]
        if not same:
            yield key
        first, second = one.get("init_args", {}), other.get("init_args", {})
        names = first.keys() | second.keys() if same else first.keys() & second.keys()
        for name in sorted(names):
            yield from differences(first.get(name), second.get(name), f"{key}.{name}")
        return
    for name in sorted(one.keys() | other.keys()):
        yield from differences(one.get(name), other.get(name), f"{key}.{name}".lstrip("."))


def read(name: str) -> tuple[str, dict[str, Any]]:
    text = (FOLDER / f"{name}.yaml").read_text()
    content = yaml.safe_load(text)
    del content["name"]
    return text, content


@pytest.mark.parametrize("name", sorted(set(CONFIGS) - FIRST))
def test_a_config_differs_from_another_in_what_its_header_says(name: str) -> None:
    text, content = read(name)
    (said,) = DIFFERS.findall(text)
    base, keys = said
    assert sorted(differences(read(base)[1], content)) == sorted(keys.split(", "))


def test_every_config_leads_to_a_first_one() -> None:
    for name in CONFIGS:
        seen = [name]
        while found := DIFFERS.findall(read(seen[-1])[0]):
            seen.append(found[0][0])
            assert len(seen) < 4
        assert seen[-1] in FIRST


def test_differences_are_named_as_options() -> None:
    one = {"a": {"class_path": "X", "init_args": {"p": 1, "q": 1}}, "b": {"c": 1}}
    same_class = {"a": {"class_path": "X", "init_args": {"p": 2}}, "b": {"c": 1, "d": 1}}
    other_class = {"a": {"class_path": "Y", "init_args": {"p": 2, "r": 2}}, "b": {"c": 1}}
    assert list(differences(one, same_class)) == ["a.p", "a.q", "b.d"]
    assert list(differences(one, other_class)) == ["a", "a.p"]


# docs/make_study.py


@pytest.fixture(scope="module")
def study() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_study", ROOT / "docs" / "make_study.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "make_study", module)  # dataclasses look there
        spec.loader.exec_module(module)
    return module


LINE = (
    "error: The run diverged at step 4: the term 'style' went from 9e+03 to 9e+04. The picture "
    "after step 0 is kept. Use a smaller learning rate (--model.optimizer.lr 0.02; it is 0.2), "
    "smaller still if that diverges too, or --model.optimizer Adam --model.optimizer.lr 0.02."
)


def test_the_ways_out_are_read_from_the_line(study: ModuleType) -> None:
    assert study.ways_out(LINE) == {
        "tenth": "--model.optimizer.lr 0.02",
        "adam": "--model.optimizer Adam --model.optimizer.lr 0.02",
    }
    with pytest.raises(ValueError, match="No way out in 'error: another'"):
        study.ways_out("error: another")


def test_every_config_is_run_and_every_run_is_on_a_sheet(study: ModuleType) -> None:
    runs = {run.key: run for run in study.all_runs()}
    assert {run.config for run in runs.values()} == set(CONFIGS)
    shown = {run for row in study.ROWS.values() for run in row}
    assert {run.name for run in runs.values()} == shown
    keys = list(runs)  # a way out can be read only after the run that names it
    for family in ("trained", "untrained"):
        stopped = f"{family}/sgd-more-layers"
        assert keys.index(stopped) < keys.index(f"{stopped}-tenth")


def test_a_run_has_the_filters_of_its_family(study: ModuleType) -> None:
    for run in study.all_runs():
        options = shlex.join(study.command(run, LINE))
        untrained = "backbone.weights null" in options
        multiscale = "backbone RandomMultiscale" in options
        config = yaml.safe_load((FOLDER / f"{run.config}.yaml").read_text())
        family = "untrained" if untrained else "multiscale" if multiscale else "trained"
        assert run.family == family
        if family == "trained":  # what is fetched in 58 MB, not torchvision's 548
            assert config["model"]["backbone"]["init_args"]["weights"] == "oxford"


def test_what_has_been_made_is_not_made_again(
    study: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "RUNS", tmp_path)
    run, other = study.all_runs()[:2]
    assert study.record_of(run) == {}
    options, config = study.command(run), study.config_of(run)
    record = {"options": options, "config": config, "seconds": 1.0, "message": ""}
    run.folder.mkdir(parents=True)
    (run.folder / "study.json").write_text(json.dumps(record))
    assert study.record_of(run) == record
    assert study.record_of(other) == {}
    (run.folder / "study.json").write_text(json.dumps(record | {"config": {"name": "of before"}}))
    assert study.record_of(run) == {}


def test_the_yardsticks_know_their_ends(study: ModuleType) -> None:
    content, style = smooth_picture(24, 32, seed=1), smooth_picture(32, 32, seed=2)
    # by definition: 1 for the content image itself, 0 for the style image itself
    assert study.yardsticks(content, content, style) == pytest.approx((1, 1))
    assert study.yardsticks(style, content, style) == (0, None)
    _, same_edges = study.yardsticks(1 - content, content, style)
    assert same_edges == pytest.approx(1)
    _, noise = study.yardsticks(torch.rand(1, 3, 24, 32), content, style)
    assert abs(noise) < 0.3


@pytest.mark.parametrize(
    ("value", "shown"),
    [(3274.4, "3,274"), (1.2345, "1.23"), (0.0123, "0.0123"), (1.37e9, "1.37e9")],
)
def test_numbers_have_three_digits(study: ModuleType, value: float, shown: str) -> None:
    assert study.number(value) == shown


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "losses.csv").write_text(
        "step,scale,size,content,style,total,seconds_per_step,peak_memory_mb\n"
        "1,0,128x85,1,2000,2001,0.1,100\n100,0,128x85,0.5,2,2.5,0.1,100\n"
    )
    Image.new("RGB", (64, 64), "red").save(tmp_path / "result.png")
    return tmp_path


@pytest.mark.parametrize(("message", "steps"), [("", "100"), (LINE, "stopped")])
def test_a_run_is_measured(study: ModuleType, folder: Path, message: str, steps: str) -> None:
    (folder / "study.json").write_text(json.dumps({"seconds": 61.2, "message": message}))
    measured = study.measured(folder, 64)
    del measured["style distance"]
    assert measured == {
        "first total": "2,001", "first content": "1", "first style": "2,000",
        "last total": "2.5", "last content": "0.5", "last style": "2",
        "highest total": "2,001", "highest content": "1", "highest style": "2,000",
        "content kept": "-", "steps": steps, "seconds": "61", "message": message,
    }  # fmt: skip


def test_the_page_has_what_was_measured(study: ModuleType) -> None:
    adam = {
        "first total": "2,001", "last total": "2.5", "first style": "2,001", "last style": "2.5",
        "style distance": "0.25", "content kept": "-", "steps": "100", "seconds": "61",
        "message": LINE,
    }  # fmt: skip
    results = {"trained/adam": adam, "multiscale/adam": adam}
    assert study.table(results, "trained").splitlines()[2:] == [
        "| `adam` | 2,001 → 2.5 | - | 2,001 → 2.5 | - | 0.25 | - | 100 | 61 |"
    ]
    template = "{{trained/adam last total}} {{trained/adam message}} {{minutes}}"
    assert study.fill(template, results, minutes=12) == f"2.5 {LINE} 12"
    for unknown in ("{{trained/none last total}}", "{{trained/adam none}}", "{{none}}"):
        with pytest.raises(KeyError, match="none"):
            study.fill(unknown, results)


def test_a_sheet_has_a_row_for_each_family(study: ModuleType) -> None:
    picture = Image.new("RGB", (30, 20), "red")
    rows = {"first": {"a": picture, "b": picture}, "second": {"c": picture}}
    sheet = study.sheet(rows, 60)
    # by hand: two pictures of 60 px and three gaps of 8; two rows of 40 + 2 * 22 + 8, and a gap
    assert sheet.size == (144, 192)
    assert sheet.getpixel((8, 52)) == (255, 0, 0)
    assert sheet.getpixel((76, 52)) == (255, 0, 0)
    assert sheet.getpixel((76, 8 + 92 + 44)) == (255, 255, 255)


def test_the_page_is_the_templates(study: ModuleType) -> None:
    page = (ROOT / "docs" / "study.md").read_text(encoding="utf-8")
    template = (ROOT / "docs" / "study.md.in").read_text(encoding="utf-8")
    assert "{{" not in page
    pattern = "(?s:.+?)".join(re.escape(part) for part in re.split(r"\{\{.+?\}\}", template))
    assert re.fullmatch(pattern, page)


def test_the_baseline_is_the_papers_config_with_what_its_header_says() -> None:
    papers = yaml.safe_load((ROOT / "configs" / "gatys2016.yaml").read_text())
    del papers["name"]
    assert set(differences(papers, read("baseline")[1])) == {
        "data.size", "model.backbone", "model.backbone.weights", "model.losses.content.weight",
    }  # fmt: skip
