import fcntl
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from stylelightning.__main__ import main
from stylelightning.cli.class_change import keep_options_on_class_change
from stylelightning.images import read_picture, write_picture
from stylelightning.sweep.spec import Spec, points_of
from stylelightning.sweep.validation import jobs_of
from tests.boards import events, settings_of
from tests.conftest import ROOT, TINY
from tests.sweep.conftest import Sweep, picture_bytes, rows

FRAGILE = "tests.sweep.components.Fragile"
# level3 is not there when there are two levels; the loss crashes when its numbers are both 2
HARD: dict[str, Any] = {
    "row": {
        f"levels {n}": {"model.backbone.levels": n, "model.losses.fragile.row": n}
        for n in (2, 3, 4)
    },
    "column": {
        "level1": {"model.losses.style.layers": ["level1"]},
        "level2": {"model.losses.style.layers": ["level2"]},
        "level3": {"model.losses.style.layers": ["level3"]},
        "crash": {"model.losses.fragile.column": 4},
    },
}


def test_a_sweep_makes_every_point_and_shows_them(sweep: Sweep) -> None:
    axes = {"model.losses.style.weight": [1.0, 10.0], "model.init": ["noise", "content", "gray"]}
    folder = sweep(axes=axes)
    table = rows(folder)
    assert [row["point"] for row in table] == [
        f"{weight}--{init}" for weight in (1, 10) for init in ("noise", "content", "gray")
    ]
    assert all(row["status"] == "done" and row["steps"] == "6" for row in table)
    assert len(set(picture_bytes(folder).values())) == 6
    for row in table:
        run = folder / row["folder"]
        config = yaml.safe_load((run / "config.yaml").read_text())
        assert config["model"]["init"] == row["model.init"]
        weight = config["model"]["losses"]["style"]["init_args"]["weight"]
        assert weight == float(row["model.losses.style.weight"])
        terms = [float(row[f"term/{name}"]) for name in ("content", "style", "tv")]
        assert float(row["term/total"]) == pytest.approx(sum(terms))
    assert (folder / "report.html").stat().st_size > 10_000
    assert len(list((folder / "sheets").glob("*.png"))) == 1


def test_the_terms_of_a_point_are_those_of_its_last_step(sweep: Sweep) -> None:
    folder = sweep(axes={"model.init": ["noise"]})
    (row,) = rows(folder)
    last = (folder / row["folder"] / "losses.csv").read_text().splitlines()[-1].split(",")
    assert last[0] == "6"
    assert float(row["term/content"]) == pytest.approx(float(last[3]))


def test_a_point_is_the_run_that_fit_makes(sweep: Sweep, run: Callable[..., Path]) -> None:
    folder = sweep(axes={"model.losses.style.weight": [10.0], "model.init": ["gray"]})
    single = run("--model.losses.style.weight", "10.0", "--model.init", "gray")
    from stylelightning.images import read_picture

    (row,) = rows(folder)
    made = read_picture(folder / row["folder"] / "result.png").pixels
    assert made.equal(read_picture(single / "result.png").pixels)


def test_what_is_done_is_not_run_again(sweep: Sweep) -> None:
    axes = {"model.init": ["noise", "gray"]}
    folder = sweep(axes=axes)
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*/version_*/result.png")}
    assert sweep(axes=axes) == folder
    assert before == {
        path: path.stat().st_mtime_ns for path in folder.glob("*/version_*/result.png")
    }


def test_a_point_is_run_again_when_its_config_or_a_picture_changed(
    sweep: Sweep, style: Path
) -> None:
    axes = {"model.init": ["noise"]}
    folder = sweep(axes=axes)
    sweep("--model.losses.tv.weight", "2.0", axes=axes)
    assert rows(folder)[0]["folder"] == "noise/version_1"
    style.write_bytes((folder / "noise" / "version_0" / "result.png").read_bytes())
    sweep("--model.losses.tv.weight", "2.0", axes=axes)
    assert rows(folder)[0]["folder"] == "noise/version_2"


def test_a_point_whose_picture_is_gone_is_run_again(sweep: Sweep) -> None:
    axes = {"model.init": ["noise"]}
    folder = sweep(axes=axes)
    (folder / "noise" / "version_0" / "result.png").unlink()
    sweep(axes=axes)
    assert (folder / "noise" / "version_1" / "result.png").is_file()


def test_points_that_fail_are_recorded_and_the_others_are_made(sweep: Sweep) -> None:
    extra = ("--model.losses.fragile", FRAGILE, "--model.losses.fragile.column", "9")
    folder = sweep(*extra, axes=HARD, code=1)
    table = {row["point"]: row for row in rows(folder)}
    failed = {name: row["error"] for name, row in table.items() if row["status"] == "failed"}
    assert set(failed) == {"levels-2--level3", "levels-4--crash"}
    assert "Unknown layer 'level3' for RandomMultiscale" in failed["levels-2--level3"]
    assert "ZeroDivisionError" in failed["levels-4--crash"]
    done = [name for name, row in table.items() if row["status"] == "done"]
    assert len(done) == 10
    assert set(done) <= set(picture_bytes(folder))
    report = (folder / "report.html").read_text()
    assert "ZeroDivisionError" in report
    before = {name: (folder / table[name]["folder"]).stat().st_mtime_ns for name in done}
    sweep(*extra, axes=HARD, code=1)
    again = {row["point"]: row for row in rows(folder)}
    assert before == {name: (folder / again[name]["folder"]).stat().st_mtime_ns for name in done}
    assert again["levels-4--crash"]["folder"] == "levels-4--crash/version_1"


def test_a_combination_that_the_parser_refuses_fails_before_the_first_run(
    sweep: Sweep, caplog: pytest.LogCaptureFixture
) -> None:
    axes = {
        "backbone": {
            "untrained": {"model.backbone": {"class_path": "RandomMultiscale"}},
            "pixels": {"model.backbone": {"class_path": "Pixels"}},
        },
        "levels": {"two": {"model.backbone.levels": 2}, "none": {"model.losses.tv.weight": 2.0}},
    }
    layers = ("--model.losses.content.layers", "[image]", "--model.losses.style.layers", "[image]")
    logging.getLogger("stylelightning").addHandler(caplog.handler)
    folder = sweep(*layers, axes=axes, code=1)
    (failed,) = (row for row in rows(folder) if row["status"] == "failed")
    assert failed["point"] == "pixels--two"
    assert "levels" in failed["error"]
    lines = [record.getMessage() for record in caplog.records]
    (place,) = (n for n, line in enumerate(lines) if "pixels--two can't run" in line)
    assert any("1/4" in line or "2/4" in line for line in lines[place:])
    assert not any(" done  " in line for line in lines[:place])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"axes": {"model.losess.style.weight": [1.0]}}, "losess"),
        ({"axes": {"data.size": [16, "large"]}}, "No point with data.size = large can run"),
        ({"axes": {"data.content": ["nowhere.png"]}}, "nowhere.png"),
        ({}, "A sweep needs `axes`, `points`, or `contents` and `styles`"),
        ({"axes": {"a": [1]}, "points": [{"b": 1}]}, "`axes` or `points`, not both"),
        ({"points": [{"b": 1}], "sample": 2}, "`sample` draws from `axes`"),
        ({"axes": {"name": ["a", "b"]}}, "A sweep sets 'name' itself"),
        (
            {"axes": {"data.size": [16]}, "options": {"ckpt_path": "last"}},
            "sets 'ckpt_path' itself",
        ),
        (
            {"axes": {"status": {"a": {"data.size": 16}}}},
            "can't be called 'status', which is taken",
        ),
        ({"axes": {"data.size": [16]}, "engine": None}, "engine"),
        ({"axes": {"data.size": [16]}, "name": "a\0b"}, "the name of one folder"),
        ({"axes": {"data.size": [16]}, "base": None}, "give --base FILE"),
        ({"axes": {"data.size": [16]}, "base": "nowhere.yaml"}, "There is no config file"),
        ({"axes": {"data.size": [16]}, "name": "a/b"}, "the name of one folder, got 'a/b'"),
        ({"axes": {"data.size": [16]}, "contents": "nowhere"}, "There is no picture or folder"),
        ({"axis": {"data.size": [16]}}, "There is no option 'axis.data.size'"),
        ({"axes": {"data.size": [16]}, "engine": "LocalEngin"}, "Did you mean LocalEngine?"),
        ({"axes": {"model.losses.stile.weight": [1.0]}}, "Did you mean style?"),
        ({"axes": [16]}, "axes must be dict"),
        ({"axes": {"data.size": [16]}, "sample": "many"}, "sample must be int or null, got many"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_mistake_in_the_sweep_is_one_line_and_nothing_is_made(
    sweep: Sweep, capfd: pytest.CaptureFixture[str], keys: dict[str, Any], message: str
) -> None:
    folder = sweep(code=2, **keys)
    error = capfd.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert not folder.exists()


def test_options_of_fit_hold_for_every_run(sweep: Sweep) -> None:
    folder = sweep("--data.size", "16", "--trainer.max_steps=2", axes={"model.init": ["gray"]})
    (row,) = rows(folder)
    assert row["steps"] == "2"
    assert "16x12" in (folder / row["folder"] / "losses.csv").read_text()


def test_points_may_be_given_one_by_one(sweep: Sweep) -> None:
    points = [{"label": "gray", "model.init": "gray"}, {"label": "small", "data.size": 16}]
    folder = sweep(points=points)
    assert [row["point"] for row in rows(folder)] == ["gray", "small"]
    assert (folder / "sheets").is_dir()


def test_one_bad_point_of_several_fails_alone(sweep: Sweep) -> None:
    points = [{"data.size": 16}, {"data.size": "huge"}]
    assert [row["status"] for row in rows(sweep(points=points, code=1))] == ["done", "failed"]


def test_a_sweep_is_made_by_one_process_at_a_time(
    sweep: Sweep, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "runs" / "tiny-sweep"
    folder.mkdir(parents=True)
    with (folder / "sweep.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        sweep(axes={"model.init": ["gray"]}, code=2)
    assert "is being made by another process" in capfd.readouterr().err
    assert not list(folder.glob("gray*"))
    sweep(axes={"model.init": ["gray"]})


def full(*args: object) -> None:
    raise OSError(28, "No space left on device")


def test_what_goes_wrong_around_a_run_is_that_points_failure(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stylelightning.sweep.job.write_state", full)
    folder = sweep(axes={"model.init": ["gray", "noise"]}, code=1)
    assert all("No space left on device" in row["error"] for row in rows(folder))


def test_a_failed_point_has_nothing_of_the_run_before(sweep: Sweep) -> None:
    axes = {"model.init": ["gray"]}
    sweep(axes=axes)
    folder = sweep("--model.losses.style.layers", "[level9]", axes=axes, code=1)
    (row,) = rows(folder)
    assert (row["status"], row["folder"]) == ("failed", "")
    assert not [value for key, value in row.items() if key.startswith(("metric/", "term/"))]


def test_initial_pictures_are_an_axis_and_their_files_count(sweep: Sweep, tmp_path: Path) -> None:
    start = tmp_path / "start.png"
    of_class = {"class_path": "InitialFile", "init_args": {"path": str(start)}}
    starts = {"word": "gray", "path": str(start), "class": of_class}
    axes = {"start": {label: {"model.init": value} for label, value in starts.items()}}
    write_picture(start, torch.zeros(1, 3, 24, 32))
    before = picture_bytes(sweep("--trainer.max_steps=0", axes=axes))
    write_picture(start, torch.ones(1, 3, 24, 32))
    folder = sweep("--trainer.max_steps=0", axes=axes)
    after = picture_bytes(folder)
    assert [name for name in before if before[name] == after[name]] == ["word"]
    for name in ("path", "class"):
        newest = max(folder.glob(f"{name}/version_*/result.png"))
        assert bool((read_picture(newest).pixels == 1).all())


def test_pictures_are_not_written_among_those_that_are_read(
    tmp_path: Path, content: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    photos = str(tmp_path)
    args = ["batch", "--config", str(TINY), "--contents", photos, "--styles", str(content)]
    assert main([*args, "--output", photos, "--root", str(tmp_path / "runs")]) == 2
    assert "`output` must be another folder than `contents`" in capfd.readouterr().err


def test_a_random_sample_is_run(sweep: Sweep) -> None:
    axes = {"model.optimizer.lr": {"log_uniform": [0.001, 0.1]}, "model.init": ["noise", "gray"]}
    folder = sweep(axes=axes, sample=3, seed=4)
    assert len(rows(folder)) == 3
    assert all(0.001 <= float(row["model.optimizer.lr"]) <= 0.1 for row in rows(folder))


def test_contents_and_styles_of_folders_are_axes(
    sweep: Sweep, tmp_path: Path, content: Path, style: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("b.png", "a.PNG"):
        (photos / name).write_bytes(content.read_bytes())
    (photos / "notes.txt").write_text("no picture")
    (photos / ".hidden.png").write_bytes(b"")
    folder = sweep(contents=str(photos), styles=[str(style), str(content)])
    assert [row["point"] for row in rows(folder)] == [
        "a--style",
        "a--content",
        "b--style",
        "b--content",
    ]


def test_a_batch_writes_its_pictures_into_a_folder(
    tmp_path: Path, content: Path, style: Path
) -> None:
    args = ["batch", "--config", str(TINY), "--contents", str(content), "--styles", str(style)]
    args += ["--root", str(tmp_path / "runs"), "--output", str(tmp_path / "made")]
    assert main([*args, "--data.size", "16"]) == 0
    (made,) = (tmp_path / "made").iterdir()
    assert made.name == "content--style.png"
    assert picture_bytes(tmp_path / "runs" / "batch")["content--style"] == made.read_bytes()


def test_what_is_done_is_written_into_another_folder_too(
    tmp_path: Path, content: Path, style: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "one.png").write_bytes(content.read_bytes())
    args = ["batch", "--config", str(TINY), "--contents", str(photos), "--styles", str(style)]
    args += ["--root", str(tmp_path / "runs"), "--data.size=16"]
    assert main([*args, "--output", str(tmp_path / "a")]) == 0
    (photos / "two.png").write_bytes(style.read_bytes())
    for _ in range(2):
        assert main([*args, "--output", str(tmp_path / "b")]) == 0
    made = picture_bytes(tmp_path / "runs" / "batch")
    assert {path.stem: path.read_bytes() for path in (tmp_path / "b").iterdir()} == made
    assert list(made) == ["one--style", "two--style"]
    assert capfd.readouterr().out.count("done before, and now in") == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--trainer.default_root_dir=zz", "give --root DIR in place"),
        ("output: out.png", "`output` of the config, out.png, would be written by every run"),
        ("ckpt_path: last", "`ckpt_path` of the config, last, would be gone on from by every"),
        ("trainer: {max_epochs: 3}", "`trainer.max_epochs` must be -1, got 3: there are no epochs"),
        ("trainer: {limit_train_batches: 0.5}", "`trainer.limit_train_batches` must be 1.0, or a"),
    ],
)
def test_what_every_run_would_share_is_refused(
    tmp_path: Path,
    content: Path,
    style: Path,
    capfd: pytest.CaptureFixture[str],
    line: str,
    message: str,
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("" if line.startswith("-") else f"{line}\n")
    args = [
        "batch",
        "--config",
        str(TINY),
        "--config",
        str(own),
        "--contents",
        str(content),
        "--styles",
        str(style),
    ]
    args += [line] if line.startswith("-") else []
    assert main([*args, "--root", str(tmp_path / "runs")]) == 2
    error = capfd.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_what_has_no_effect_on_the_runs_is_said(
    tmp_path: Path, content: Path, style: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("trainer: {default_root_dir: zz, log_every_n_steps: 3, max_steps: 1}\n")
    args = ["batch", "--config", str(TINY), "--config", str(own), "--contents", str(content)]
    args += ["--styles", f"[{style}, {content}]", "--root", str(tmp_path / "runs")]
    assert main(args) == 0
    said = capfd.readouterr().err
    root = f"trainer.default_root_dir of the config, zz, is not used: the runs are in {tmp_path}"
    assert said.count(root) == 1
    assert "trainer.log_every_n_steps has no effect" in said
    assert not Path("zz").exists()


def test_a_picture_that_is_none_fails_alone(tmp_path: Path, content: Path, style: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "bad.png").write_bytes(b"no picture")
    (photos / "good.png").write_bytes(content.read_bytes())
    args = ["batch", "--config", str(TINY), "--contents", str(photos), "--styles", str(style)]
    assert main([*args, "--root", str(tmp_path / "runs")]) == 1
    status = {row["point"]: row["status"] for row in rows(tmp_path / "runs" / "batch")}
    assert status == {"bad--style": "failed", "good--style": "done"}


def test_a_picture_of_a_folder_that_is_not_read_is_named_and_fails_alone(
    tmp_path: Path, content: Path, style: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "IMG_1.JXL").write_bytes(b"\xff\x0a" + bytes(20))
    (photos / "IMG_1.png").write_bytes(content.read_bytes())
    (photos / "IMG_2").write_bytes(content.read_bytes())  # without an ending
    (photos / "notes.txt").write_text("no picture")
    args = ["batch", "--config", str(TINY), "--contents", str(photos), "--styles", str(style)]
    assert main([*args, "--root", str(tmp_path / "runs")]) == 1
    lines = capfd.readouterr().err
    assert "IMG_1--style failed: Cannot read the picture" in lines
    assert "it is JPEG XL. Export it as PNG" in lines
    assert "for they are no pictures: notes.txt." in lines
    status = {row["point"]: row["status"] for row in rows(tmp_path / "runs" / "batch")}
    assert status == {
        "IMG_1--style": "failed",
        "IMG_1-2--style": "done",
        "IMG_2--style": "done",
    }


def test_every_point_is_in_the_table_of_hyperparameters(sweep: Sweep) -> None:
    folder = sweep(axes={"model.init": ["gray"]})
    (row,) = rows(folder)
    board = events(folder / row["folder"])
    assert board.Scalars("loss/total")[-1].value == pytest.approx(float(row["term/total"]))
    assert "Picture" in board.Tags()["images"]
    assert settings_of(board)["init"] == "gray"


def test_runs_of_one_process_share_backbones_and_others_do_not(sweep: Sweep) -> None:
    from stylelightning.sweep.job import BACKBONES

    BACKBONES.clear()
    axes = {"model.backbone.levels": [2, 3], "model.init": ["noise", "gray"]}
    first = picture_bytes(sweep(axes=axes))
    assert len(BACKBONES) == 2
    BACKBONES.clear()
    assert picture_bytes(sweep(axes=axes, root="again")) == first


def test_what_is_known_of_a_point_is_in_its_folder(sweep: Sweep) -> None:
    folder = sweep(axes={"model.init": ["gray"]})
    known = json.loads((folder / "gray" / "point.json").read_text())
    assert known["status"] == "done"
    assert known["place"] == {"model.init": "gray"}


def test_an_axis_of_networks_changes_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)  # a config names its pictures from the top of the repository
    keep_options_on_class_change()
    axes = {"model.backbone": ["VGG16", {"class_path": "VGG19"}], "model.backbone.seed": [0, 1]}
    spec = Spec(base=["configs/gatys2016.yaml"], axes=axes)
    jobs, failures = jobs_of(points_of(spec), tmp_path, spec.base, [], "")
    assert not failures
    configs = [yaml.safe_load(job.config) for job in jobs]
    networks = [config["model"].pop("backbone") for config in configs]
    names = [config.pop("name") for config in configs]
    assert names == ["VGG16--0", "VGG16--1", "VGG19--0", "VGG19--1"]
    assert all(config == configs[0] for config in configs)
    assert [each["class_path"][-5:] for each in networks] == ["VGG16", "VGG16", "VGG19", "VGG19"]
    for each in networks:  # by hand: gatys2016.yaml's, not VGG's own max
        assert each["init_args"]["pooling"] == "avg"
    assert capsys.readouterr().err == ""


def test_what_a_sweep_leaves_out_is_said_once(
    sweep: Sweep, capfd: pytest.CaptureFixture[str]
) -> None:
    axes = {"model.backbone": ["RandomMultiscale", "Pixels"], "data.size": [16, 24]}
    layers = ("--model.losses.content.layers", "[image]", "--model.losses.style.layers", "[image]")
    folder = sweep(*layers, axes=axes)
    assert [row["status"] for row in rows(folder)] == ["done"] * 4
    lines = [line for line in capfd.readouterr().err.splitlines() if "leaves out" in line]
    # by hand: what tests/tiny.yaml gives RandomMultiscale
    assert lines == [
        "warning: model.backbone: Pixels leaves out RandomMultiscale's levels: 2, filters: 2, "
        "sizes: [3]."
    ]
