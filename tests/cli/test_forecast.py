"""What `plan` says that a run will take."""

import logging
from pathlib import Path

import pytest

from stylelightning import StyleTransferData
from stylelightning.__main__ import main
from stylelightning.cli.forecast import report
from stylelightning.cli.probes import Probe
from stylelightning.losses import ContentLoss, PatchLoss
from stylelightning.schedule import Schedule
from tests.conftest import TINY
from tests.runs import make_module, make_trainer


def test_a_report_has_a_line_for_each_scale(tmp_path: Path, content: Path, style: Path) -> None:
    module, data = make_module(), StyleTransferData(str(content), str(style), size=32)
    text = report(module, data, lambda callbacks: make_trainer(tmp_path, *callbacks), 5)
    assert "16x12 px       3 steps" in text
    assert "32x24 px       2 steps" in text  # of five at most
    assert "peak memory" in text


def test_plan_takes_the_options_of_fit_and_writes_nothing(
    tmp_path: Path, content: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = ["--data.content", str(content), "--data.style", str(style)]
    folder = ["--trainer.default_root_dir", str(tmp_path / "runs"), "--trainer.accelerator=cpu"]
    output = ["--output", str(tmp_path / "new" / "out.png")]
    assert main(["plan", "--config", str(TINY), *pictures, *folder, *output]) == 0
    said = capsys.readouterr()
    assert "together" in said.out
    assert not said.err
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "new").exists()
    assert main(["plan", "--config", str(TINY), *pictures, *folder, "--data.size=0"]) == 2
    assert capsys.readouterr().err.startswith("error: `data.size` must be at least 1 pixel")


def test_a_plan_without_a_needed_picture_is_refused(tmp_path: Path, style: Path) -> None:
    module = make_module(losses={"content": ContentLoss(1.0, ["level1"])})
    with pytest.raises(ValueError, match="needs a content image"):
        report(
            module, StyleTransferData(style=str(style)), lambda c: make_trainer(tmp_path, *c), -1
        )


def test_a_plan_that_means_little_says_so(
    tmp_path: Path,
    content: Path,
    style: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def measured(*_: object) -> list[Probe]:
        return [Probe(192, 0.46, 100.0), Probe(768, 0.07, 200.0)]

    monkeypatch.setattr("stylelightning.cli.probes.measure", measured)
    data = StyleTransferData(str(content), str(style), size=32)
    with caplog.at_level(logging.WARNING):
        report(make_module(), data, lambda callbacks: make_trainer(tmp_path, *callbacks), -1)
    assert "A smaller picture took longer" in caplog.text


def test_a_scale_of_few_steps_has_all_of_what_is_done_every_twentieth(
    tmp_path: Path, content: Path, style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(*_: object) -> list[Probe]:
        return [Probe(192, 0.1, 100.0, renewing=0.5), Probe(768, 0.1, 200.0, renewing=0.5)]

    monkeypatch.setattr("stylelightning.cli.probes.measure", measured)
    module = make_module(
        losses={"patches": PatchLoss(size=3, stride=2, renew_every_n_steps=4)},
        schedule=Schedule(steps=[8, 2], min_size=16, factor=2.0),
    )
    data = StyleTransferData(str(content), str(style), size=32)
    text = report(module, data, lambda callbacks: make_trainer(tmp_path, *callbacks), -1)
    # by hand: a search takes 4 x 50 ms; eight steps have two of them, two steps one
    assert "8 steps       100 ms/step" in text
    assert "2 steps       150 ms/step" in text
