"""What a run says of itself."""

import hashlib
import json
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer

from stylelightning import StyleTransferData
from stylelightning.backbones import SlimVGG
from stylelightning.backbones.slim_vgg import SLIM_FILE
from stylelightning.callbacks import FinalMetrics, RunRecorder
from stylelightning.callbacks.interrupt import StepEndInterrupt
from stylelightning.run.folder import RunFolder
from stylelightning.run.record import RunRecord, read_record, write_record
from tests.conftest import Run
from tests.runs import make_module, make_trainer


def recorded(folder: Path) -> RunRecord:
    record = read_record(RunFolder(folder))
    assert record is not None
    return record


def test_a_run_says_when_and_with_what_it_was_made(run: Run) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    record = recorded(run())
    assert record.status == "done"
    assert before <= datetime.fromisoformat(record.began) <= datetime.now(UTC)
    assert record.seconds > 0
    assert (record.steps, record.last_step) == (6, 6)  # two scales of three steps
    assert record.device.endswith("1 thread")
    assert record.versions["torch"] == torch.__version__
    assert record.versions["python"] == platform.python_version()
    assert record.folder == str(Path.cwd())
    assert record.weights == {}  # the filters are untrained


def test_trained_weights_are_named_with_the_hash_of_their_file() -> None:
    origin = SlimVGG().origin
    assert origin is not None
    assert origin.name == SLIM_FILE.name
    assert origin.sha256 == hashlib.sha256(SLIM_FILE.read_bytes()).hexdigest()


def test_metrics_say_which_way_is_better(tmp_path: Path, data: StyleTransferData) -> None:
    make_trainer(tmp_path, FinalMetrics(), RunRecorder(), max_steps=1).fit(make_module(), data)
    better = recorded(tmp_path).better
    assert (better["ssim"], better["structure"]) == ("higher", "higher")
    assert (better["style_distance"], better["gram"]) == ("lower", "lower")
    assert "total_variation" not in better  # neither much nor little is good


class RaiseAt(Callback):
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        if trainer.global_step == 2:
            raise self.error


@pytest.mark.parametrize(
    ("error", "status"), [(StepEndInterrupt(), "stopped"), (ValueError("odd"), "failed")]
)
def test_a_run_that_does_not_end_says_so(
    tmp_path: Path, data: StyleTransferData, error: BaseException, status: str
) -> None:
    trainer = make_trainer(tmp_path, RaiseAt(error), RunRecorder())
    with pytest.raises((SystemExit, KeyboardInterrupt, ValueError)):
        trainer.fit(make_module(), data)
    assert (recorded(tmp_path).status, recorded(tmp_path).steps) == (status, 2)


def test_a_run_on_its_way_says_so(tmp_path: Path, data: StyleTransferData) -> None:
    seen = []

    class Look(Callback):
        def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
            seen.append(recorded(tmp_path).status)

    make_trainer(tmp_path, RunRecorder(), Look(), max_steps=1).fit(make_module(), data)
    assert seen == ["running"]


def test_a_record_that_cannot_be_written_stops_no_run(
    tmp_path: Path, data: StyleTransferData
) -> None:
    RunFolder(tmp_path).record.mkdir()
    trainer = make_trainer(tmp_path, RunRecorder(), max_steps=1)
    trainer.fit(make_module(), data)
    assert trainer.global_step == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"status": "else"}', "\xff"])
def test_what_is_no_record_is_none(tmp_path: Path, text: str) -> None:
    folder = RunFolder(tmp_path)
    assert read_record(folder) is None
    folder.record.write_text(text)
    assert read_record(folder) is None


@pytest.mark.parametrize(("key", "value"), [("status", "else"), ("better", []), ("more", 1)])
def test_a_record_of_another_kind_is_none(tmp_path: Path, key: str, value: object) -> None:
    folder = RunFolder(tmp_path)
    record = RunRecord("done", "2026-01-01T00:00:00+00:00", 1.0, 2, 2, "cpu", {}, "/")
    write_record(folder, record)
    assert read_record(folder) == record
    folder.record.write_text(json.dumps(json.loads(folder.record.read_text()) | {key: value}))
    assert read_record(folder) is None
