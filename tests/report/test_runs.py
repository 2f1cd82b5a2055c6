"""The page of runs that ``fit`` made: from the command line, without a browser."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from stylelightning.__main__ import main
from stylelightning.report.payload import gather
from stylelightning.report.runs import contents_of, named_by_settings
from stylelightning.report.settings import (
    differing_settings,
    incomparable,
    labelling_keys,
    shared_settings,
)
from stylelightning.run.folder import RunFolder
from tests.conftest import Run
from tests.report.synthetic import write_run

Capture = pytest.CaptureFixture[str]
CONFIG = {"name": "a", "data": {"content": "c.png", "size": 32}, "model": {"init": "noise"}}


def data_in(page: Path) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_page_of_a_run_is_in_its_folder(run: Run, capsys: Capture) -> None:
    folder = run()
    capsys.readouterr()
    assert main(["report", str(folder)]) == 0
    page = folder / "report.html"
    assert capsys.readouterr().out.startswith(f"{page}  ")
    data = data_in(page)
    (shown,) = data["runs"]
    assert (shown["status"], shown["steps"], shown["picture"]["size"]) == ("done", 6, [32, 24])
    assert shown["picture"]["file"] == "result.png"
    assert [(each["role"], each["file"]) for each in data["inputs"]] == [
        ("content", "content.png"),
        ("style", "style.png"),
    ]
    assert shown["facts"].keys() == {"date", "device", "weights", "versions"}
    assert data["shared"]["model.losses.style.weight"] == "1000.0"
    assert str(folder) not in page.read_text()  # it may be sent to anybody


def test_a_name_stands_for_its_newest_run_and_last_for_the_newest_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("runs/a/version_2", "runs/a/version_10"):
        write_run(tmp_path / name, (1, 2, 3))
    monkeypatch.chdir(tmp_path)
    for given in ("runs/a", "a", "last"):
        assert main(["report", given]) == 0
        page = tmp_path / "runs/a/version_10/report.html"
        assert data_in(page)["title"] == "a/version_10"
        page.unlink()


def test_the_page_of_several_runs_is_where_it_is_asked_for(tmp_path: Path) -> None:
    runs = [tmp_path / "runs" / name / "version_0" for name in "ab"]
    for each in runs:
        write_run(each, (1, 2, 3), config={"seed_everything": len(each.parts)})
    page = tmp_path / "sub" / "page.html"
    # one that is given twice is shown once
    assert main(["report", *map(str, [*runs, runs[0]]), "-o", str(page)]) == 0
    data = data_in(page)
    assert [each["point"] for each in data["runs"]] == ["a/version_0", "b/version_0"]
    assert data["runs"][0]["picture"]["file"] is None  # the runs are not below the page
    assert not [*page.parent.glob(".*.part")]


def test_a_run_without_its_picture_shows_the_last_on_the_way(run: Run) -> None:
    folder = run("--trainer.max_steps", "4")
    (folder / "result.png").unlink()
    record = folder / "run.json"
    known = json.loads(record.read_text())
    record.write_text(json.dumps({**known, "status": "running"}))
    assert main(["report", str(folder)]) == 0
    (shown,) = data_in(folder / "report.html")["runs"]
    assert (shown["status"], shown["steps"], shown["picture"]["step"]) == ("unfinished", 4, 4)
    assert shown["error"] == "The picture is that of step 4."
    shutil.rmtree(folder / "images")
    assert main(["report", str(folder)]) == 0
    (shown,) = data_in(folder / "report.html")["runs"]
    assert (shown["picture"], shown["error"]) == (None, "There is no picture yet.")


def test_a_run_of_before_there_were_records_has_a_page(run: Run) -> None:
    folder = run()
    for name in ("run.json", "losses.csv", "config.yaml"):
        (folder / name).unlink()
        assert main(["report", str(folder)]) == 0
        (shown,) = data_in(folder / "report.html")["runs"]
        assert (shown["status"], shown["facts"]) == ("done", {})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("runs/b", "There is no run runs/b. Did you mean runs/"),
        ("quickstrat", "Did you mean runs/quickstart?"),
        ("runs", "It has runs in it: name one, such as runs/bb."),
        ("empty", "empty is no run: it has neither config nor picture."),
        ("sweep", "It is a sweep, whose page is sweep/report.html."),
        ("runs/quickstart/version_0/config.yaml", "is a file: name the folder of the run."),
        ("net", "which makes a network"),
    ],
)
def test_what_is_no_run_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, given: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs/quickstart/version_0", (1, 2, 3))
    write_run(tmp_path / "runs/bb/version_0", (1, 2, 3))
    for name in ("empty", "sweep", "net"):
        (tmp_path / name).mkdir()
    (tmp_path / "sweep/results.csv").touch()
    (tmp_path / "net/student.safetensors").touch()
    assert main(["report", given]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("args", [[], ["--outptu", "x", "last"], ["last"]])
def test_a_command_line_without_a_run_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, args: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", *args]) == 2
    assert capsys.readouterr().err.count("\n") == 1


# what differs


def test_settings_are_shared_or_differ() -> None:
    one = {"name": "a", "data.size": "32", "x": "null", "only": "1", "model.init": "noise"}
    other = {"name": "b", "data.size": "64", "x": "null", "model.init": "noise"}
    assert shared_settings([one, other]) == {"model.init": "noise"}
    assert differing_settings([one, other]) == ["data.size", "only"]


def test_a_run_is_called_by_what_differs() -> None:
    key, lr = "model.optimizer.class_path", "model.optimizer.init_args.lr"
    configs = [{key: "torch.optim.Adam", lr: "0.1"}, {key: "torch.optim.SGD", lr: "0.2"}]
    assert labelling_keys(configs) == [key]
    axes, places = named_by_settings(configs, ["a", "b"])
    assert [(axis.name, axis.labels) for axis in axes] == [("model.optimizer", ("Adam", "SGD"))]
    assert places == [{"model.optimizer": "Adam"}, {"model.optimizer": "SGD"}]


@pytest.mark.parametrize(
    "configs",
    [
        [{"data.size": "1"}, {"data.size": "1"}],
        [{"data.size": "1"}, {"data.size": "2"}, {"data.size": "2"}],
        [{f"data.{n}": str(m) for n in range(4)} for m in range(2)],
        [{"data.size": "1"}, {}],
    ],
)
def test_a_run_is_called_by_its_folder_where_settings_say_nothing(
    configs: list[dict[str, str]],
) -> None:
    names = ["a/version_0", "a/version_1", "b/version_0"][: len(configs)]
    axes, places = named_by_settings(configs, names)
    assert [(axis.name, axis.labels) for axis in axes] == [("run", tuple(names))]
    assert places == [{"run": name} for name in names]


def test_runs_on_a_full_grid_are_a_grid(tmp_path: Path) -> None:
    folders = []
    for seed in (0, 1):
        for init in ("noise", "gray"):
            folders.append(RunFolder(tmp_path / f"{init}{seed}" / "version_0"))
            config = {"seed_everything": seed, "model": {"init": init}}
            write_run(folders[-1].path, (1, 2, 3), config=config)
    assert contents_of(folders).grid
    assert not contents_of(folders[:3]).grid


def test_metrics_compare_pictures_of_the_same_images_at_one_size() -> None:
    metrics = "callbacks.m.class_path"
    one = {"data.size": "32", "data.colours": "x", "model.init": "noise", metrics: "FinalMetrics"}
    assert incomparable([one, one | {"model.init": "gray", "data.colours": "y"}], [(1, 1)]) == []
    assert incomparable([one, one | {"data.style": "s"}], [(1, 1)]) == ["data.style"]
    measured = one | {"callbacks.m.init_args.size": "64"}
    assert incomparable([one, measured], [(1, 1)]) == ["callbacks.m.size"]
    assert incomparable([one, one], [(1, 1), (2, 1)]) == ["the pictures' sizes"]


def test_an_image_of_several_runs_is_in_the_page_once(tmp_path: Path, content: Path) -> None:
    for name in "ab":
        config = {"data": {"content": str(content), "style": ["gone.png"]}, "seed_everything": name}
        write_run(tmp_path / name / "version_0", (1, 2, 3), config=config)
    folders = [RunFolder(tmp_path / name / "version_0") for name in "ab"]
    payload = gather(contents_of(folders), tmp_path)
    assert [(each["file"], each["picture"] is None) for each in payload.data["inputs"]] == [
        ("content.png", False),
        ("gone.png", True),
    ]
    assert [run["inputs"] for run in payload.data["runs"]] == [[0, 1], [0, 1]]
