"""Every shipped config is a complete run."""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from stylelightning.__main__ import main
from stylelightning.images import read_picture
from tests.conftest import ROOT

SWEEPS = ROOT / "configs" / "sweeps"
DISTILLATION = ROOT / "configs" / "distillation"  # tests/commands/test_distill.py
VIDEO = ROOT / "configs" / "video"  # tests/commands/test_video.py
CONFIGS = sorted(
    path
    for path in (ROOT / "configs").rglob("*.yaml")
    if not {SWEEPS, DISTILLATION, VIDEO} & set(path.parents)
)
MATRICES = {"GramLoss", "GaussianWassersteinLoss", "MeanCovarianceLoss"}
DEFAULT_CALLBACKS = {
    "FinalMetrics",
    "GramMatrixVisualizer",
    "ImageSnapshot",
    "LossLog",
    "LastCheckpoint",
    "StepProgressBar",
    "StopOnDivergence",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / "configs"))


@pytest.mark.parametrize("config", CONFIGS, ids=name_of)
def test_a_config_runs_three_steps(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)  # a config names its pictures from the top of the repository
    args = ["--config", str(config), "--data.size", "64", "--trainer.max_steps", "3"]
    args += ["--trainer.default_root_dir", str(tmp_path), "--trainer.accelerator", "cpu"]
    if "weights" in yaml.safe_load(config.read_text())["model"]["backbone"].get("init_args", {}):
        args += ["--model.backbone.weights", "null"]
    assert main(["fit", *args]) == 0
    folder = tmp_path / config.stem / "version_0"
    assert max(read_picture(folder / "result.png").pixels.shape) <= 64
    assert json.loads((folder / "metrics.json").read_text())
    with (folder / "losses.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[-1]["step"] == "3"
    assert float(rows[-1]["total"]) < float("inf")


@pytest.mark.parametrize("config", CONFIGS, ids=name_of)
def test_a_config_says_its_command_look_and_time(config: Path) -> None:
    header = config.read_text().split("\nname:")[0]
    assert f"fit --config configs/{name_of(config)}" in header
    for word in ("Look:", "Time:"):
        assert word in header


@pytest.mark.parametrize("config", CONFIGS, ids=name_of)
def test_a_config_is_named_after_its_file_and_has_the_default_callbacks(config: Path) -> None:
    content = yaml.safe_load(config.read_text())
    assert content["name"] == config.stem
    callbacks = {each["class_path"] for each in content["callbacks"].values()}
    losses = {each["class_path"] for each in content["model"]["losses"].values()}
    drawn = set() if MATRICES & losses else {"GramMatrixVisualizer"}
    assert callbacks == DEFAULT_CALLBACKS - drawn


# SGD's rate is one for trained filters, which answer more strongly
@pytest.mark.parametrize(
    ("name", "size", "options"),
    [
        ("gatys2016", 96, ()),
        ("study/adam", 96, ()),
        ("study/sgd", 128, ["--model.optimizer.lr=0.2"]),
    ],
)
def test_the_optimizers_configs_converge(
    name: str,
    size: int,
    options: Sequence[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    args = ["--config", f"configs/{name}.yaml", f"--data.size={size}", "--model.schedule.steps=40"]
    args += ["--model.backbone.weights=null", "--trainer.default_root_dir", str(tmp_path)]
    assert main(["fit", *args, *options, "--trainer.accelerator=cpu"]) == 0
    with (tmp_path / Path(name).name / "version_0" / "losses.csv").open() as file:
        totals = [float(row["total"]) for row in csv.DictReader(file)]
    assert totals[-1] < 0.2 * totals[0]


@pytest.mark.parametrize("config", CONFIGS, ids=name_of)
def test_a_header_has_its_time_in_numbers(config: Path) -> None:
    header = config.read_text().split("\nname:")[0]
    time = header.split("Time:")[1]
    assert re.search(r"\d (s|min|h)\b|hour", time), time
