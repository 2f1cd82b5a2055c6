"""Every callback and logger of Lightning's works on a run, or is refused before it in one line."""

import csv
import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer, callbacks
from lightning.pytorch.loggers import CSVLogger
from PIL import Image

from stylelightning import StyleTransferData
from stylelightning.cli.config import check_config, run_parser
from stylelightning.run.folder import MadeFolders
from stylelightning.run.lightning_callbacks import callbacks_of
from tests.conftest import TINY, Run
from tests.runs import make_module, make_trainer

Capture = pytest.CaptureFixture[str]


class Writer(callbacks.BasePredictionWriter):
    """The least that its abstract class can be."""


class Freezer(callbacks.BaseFinetuning):
    """The least that its abstract class can be."""


REFUSED: dict[str, tuple[Callable[[], Callback], str]] = {
    "BackboneFinetuning": (callbacks.BackboneFinetuning, "the backbone is never trained"),
    "BaseFinetuning": (Freezer, "the backbone is never trained"),
    "BasePredictionWriter": (Writer, "nothing is predicted"),
    "BatchSizeFinder": (callbacks.BatchSizeFinder, "`stylelightning plan` finds"),
    "Callback": (Callback, "does nothing by itself"),
    "Checkpoint": (callbacks.Checkpoint, "does nothing by itself"),
    "EMAWeightAveraging": (callbacks.EMAWeightAveraging, "--model.averaging 0.99"),
    "EarlyStopping": (
        lambda: callbacks.EarlyStopping("loss/total"),
        "EarlyStopping looks at the end of an epoch.*--trainer.limit_train_batches 50",
    ),
    "EarlyStopping of another metric": (
        lambda: callbacks.EarlyStopping("val_loss"),
        "one of loss/content, loss/style, loss/total, got 'val_loss'",
    ),
    "GradientAccumulationScheduler": (
        lambda: callbacks.GradientAccumulationScheduler({0: 2}),
        "every step has all its data",
    ),
    "LearningRateFinder": (callbacks.LearningRateFinder, "compare rates with"),
    "LearningRateMonitor": (callbacks.LearningRateMonitor, "loggers, and there are none"),
    "DeviceStatsMonitor": (callbacks.DeviceStatsMonitor, "loggers, and there are none"),
    "ModelCheckpoint of another metric": (
        lambda: callbacks.ModelCheckpoint(monitor="loss"),
        "`monitor` of the callback ModelCheckpoint must be one of .*got 'loss'",
    ),
    "ModelPruning": (lambda: callbacks.ModelPruning("l1_unstructured"), "cut the backbone"),
    "OnExceptionCheckpoint": (
        lambda: callbacks.OnExceptionCheckpoint("nowhere"),
        "LastCheckpoint keeps whole steps",
    ),
    "ProgressBar": (callbacks.ProgressBar, "does nothing by itself"),
    "SpikeDetection": (callbacks.SpikeDetection, "take StopOnDivergence"),
    "StochasticWeightAveraging": (
        lambda: callbacks.StochasticWeightAveraging(0.1),
        "--model.averaging 0.99",
    ),
    "ThroughputMonitor": (lambda: callbacks.ThroughputMonitor(len), "LossLog has the time"),
    "Timer by epochs": (lambda: callbacks.Timer("00:00:00:30", "epoch"), "Timer looks at the end"),
    "WeightAveraging": (callbacks.WeightAveraging, "--model.averaging 0.99"),
}

WORK = {  # each has a test below
    "DeviceStatsMonitor",
    "EarlyStopping",
    "LambdaCallback",
    "LearningRateMonitor",
    "ModelCheckpoint",
    "ModelSummary",
    "RichModelSummary",
    "RichProgressBar",
    "TQDMProgressBar",
    "Timer",
}


def test_no_callback_of_lightnings_is_forgotten() -> None:
    assert set(callbacks.__all__) <= WORK | set(REFUSED)


@pytest.mark.filterwarnings("ignore::UserWarning")  # OnExceptionCheckpoint asks for a model
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_work_is_refused_before_anything(
    tmp_path: Path, data: StyleTransferData, name: str
) -> None:
    make, message = REFUSED[name]
    trainer = make_trainer(tmp_path)
    callbacks_of(trainer)[:] = [make()]  # a trainer refuses some by itself, in other words
    with pytest.raises(ValueError, match=message) as caught:
        trainer.fit(make_module(), data)
    assert "\n" not in str(caught.value)


def pixels(folder: Path) -> bytes:
    with Image.open(folder / "result.png") as picture:
        return picture.tobytes()


class Totals(Callback):
    """Notes the totals as they are logged."""

    def __init__(self) -> None:
        self.logged: list[float] = []
        self.computed: list[float] = []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, *args: Any, **options: Any
    ) -> None:
        self.logged.append(float(trainer.callback_metrics["loss/total"]))
        terms = [float(trainer.callback_metrics[f"loss/{name}"]) for name in ("content", "style")]
        self.computed.append(sum(terms))


@pytest.mark.parametrize("batches", [1.0, 2])
def test_the_terms_are_logged_where_callbacks_look(
    tmp_path: Path, data: StyleTransferData, batches: float
) -> None:
    totals = Totals()
    make_trainer(tmp_path, totals, limit_train_batches=batches).fit(make_module(), data)
    assert len(totals.logged) == 6
    assert totals.logged == pytest.approx(totals.computed)
    assert len(set(totals.logged)) == 6  # those of each step


@pytest.mark.parametrize("steps", ["1", "2", "4.0", "7"])
def test_an_epoch_of_any_number_of_steps_changes_no_pixel(run: Run, steps: str) -> None:
    whole = pixels(run("--name=whole"))
    short = run(f"--trainer.limit_train_batches={steps}")
    assert pixels(short) == whole
    assert pixels(run(f"--config={short / 'config.yaml'}")) == whole


@pytest.mark.parametrize("steps", [3, 4])  # in the middle of an epoch, and at its end
@pytest.mark.parametrize("after", ["2", "3", "null"])
def test_a_run_of_short_epochs_resumes_exactly(run: Run, steps: int, after: str) -> None:
    whole = run("--name=whole")
    run("--trainer.limit_train_batches=2", f"--trainer.max_steps={steps}")
    resumed = run(f"--trainer.limit_train_batches={after}", "--ckpt_path=last")
    assert pixels(resumed) == pixels(whole)


def test_an_epoch_may_be_shorter_than_what_has_no_effect(run: Run) -> None:
    folder = run("--trainer.limit_train_batches=2", "--trainer.val_check_interval=100")
    assert (folder / "result.png").is_file()


def test_no_number_of_epochs_is_the_end_of_a_run(run: Run, capsys: Capture) -> None:
    steps = ["--model.schedule.steps=501", "--model.schedule.min_size=32", "--data.size=8"]
    free = ["--model.losses.style=null", "--model.losses.content=null", "--callbacks={}"]
    run(*steps, *free, "--trainer.limit_train_batches=1", "--trainer.max_epochs=null")
    assert "ended at step" not in capsys.readouterr().err


@pytest.mark.parametrize("limit", [0, 0.0, 0.5])
def test_a_part_of_the_data_is_refused(
    tmp_path: Path, data: StyleTransferData, limit: float
) -> None:
    with pytest.raises(ValueError, match=f"`trainer.limit_train_batches` must be .* got {limit}"):
        make_trainer(tmp_path, limit_train_batches=limit).fit(make_module(), data)


def test_early_stopping_stops(tmp_path: Path, data: StyleTransferData) -> None:
    stop = callbacks.EarlyStopping("loss/total", min_delta=1e9, patience=1)
    trainer = make_trainer(tmp_path, stop, limit_train_batches=2)
    trainer.fit(make_module(), data)
    assert trainer.global_step == 4  # by hand: the second look finds no change


def test_model_checkpoint_keeps_the_best(tmp_path: Path, data: StyleTransferData) -> None:
    best = callbacks.ModelCheckpoint(
        tmp_path / "kept", "{step}", monitor="loss/total", save_top_k=2, every_n_train_steps=1
    )
    totals = Totals()
    make_trainer(tmp_path, totals, best).fit(make_module(), data)
    lowest = min(range(6), key=lambda step: totals.logged[step]) + 1
    assert Path(best.best_model_path).name == f"step={lowest}.ckpt"
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_model_checkpoint_of_its_own_accord_writes_the_end(
    tmp_path: Path, data: StyleTransferData
) -> None:
    plain = callbacks.ModelCheckpoint(tmp_path / "kept")
    make_trainer(tmp_path, plain).fit(make_module(), data)
    (path,) = (tmp_path / "kept").iterdir()
    assert torch.load(path, weights_only=True)["global_step"] == 6


def test_a_lambda_is_called(tmp_path: Path, data: StyleTransferData) -> None:
    calls: list[int] = []
    each = callbacks.LambdaCallback(
        on_train_batch_end=lambda trainer, *_: calls.append(trainer.global_step)
    )
    make_trainer(tmp_path, each).fit(make_module(), data)
    assert calls == [1, 2, 3, 4, 5, 6]


def test_rates_and_terms_are_in_lightnings_table(run: Run, tmp_path: Path) -> None:
    run(
        "--callbacks.rate=LearningRateMonitor",
        "--callbacks.log.every_n_steps=1",
        "--trainer.log_every_n_steps=1",
        "--trainer.logger=CSVLogger",
        f"--trainer.logger.save_dir={tmp_path / 'logs'}",
    )
    (table,) = (tmp_path / "logs").rglob("metrics.csv")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rates = [float(row["lr-Adam"]) for row in rows if row["lr-Adam"]]
    assert rates == [0.02] * len(rates)
    assert len(rates) >= 6
    assert len([row for row in rows if row["loss/total"]]) == 6


@pytest.mark.parametrize(
    ("options", "heard"),
    [
        ([], False),
        (["--callbacks.summary=ModelSummary"], False),
        (["--callbacks.rate=LearningRateMonitor"], True),
        (["--trainer.callbacks=LearningRateMonitor"], True),
        (["--callbacks.own=tests.callbacks.test_lightning_callbacks.Totals"], True),
    ],
)
def test_an_interval_that_nothing_heeds_is_said(
    capsys: Capture, options: list[str], heard: bool
) -> None:
    config = run_parser().parse_args(
        ["--config", str(TINY), "--trainer.log_every_n_steps=3", *options]
    )
    check_config(config, MadeFolders())
    assert ("log_every_n_steps has no effect" in capsys.readouterr().err) is not heard


@pytest.mark.parametrize(("duration", "steps"), [("00:00:00:30", 6), ("00:00:00:00", 0)])
def test_a_timer_can_be_named_in_a_config(
    run: Run, capsys: Capture, duration: str, steps: int
) -> None:
    folder = run("--callbacks.t=Timer", f"--callbacks.t.duration={duration}")
    assert "interval: step" in (folder / "config.yaml").read_text()
    assert ("No step was left" in capsys.readouterr().err) is (steps == 0)


# by hand: the second look finds no change
@pytest.mark.parametrize(("epoch", "step"), [(1, 2), (2, 4)])
def test_a_run_that_a_callback_ends_says_so(
    run: Run, capsys: Capture, epoch: int, step: int
) -> None:
    options = ["monitor=loss/total", "min_delta=1e9", "patience=1"]
    given = ["--callbacks.stop=EarlyStopping", f"--trainer.limit_train_batches={epoch}"]
    folder = run(*given, *(f"--callbacks.stop.{each}" for each in options))
    assert f"ended at step {step} of 6" in capsys.readouterr().err
    assert (folder / "result.png").is_file()


def test_a_summary_is_shown(run: Run) -> None:
    said: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logger, keep = logging.getLogger("lightning.pytorch.callbacks"), Keep()
    logger.addHandler(keep)
    try:
        run("--callbacks.summary=ModelSummary")
    finally:
        logger.removeHandler(keep)
    assert any("Trainable params" in text for text in said)


def test_lightnings_bar_counts_steps(run: Run, capsys: Capture) -> None:
    run("--callbacks.progress=null", "--callbacks.bar=TQDMProgressBar")
    assert "6/?" in "".join(capsys.readouterr()) or "6it" in "".join(capsys.readouterr())


def test_two_bars_are_refused_by_name(run: Run, capsys: Capture) -> None:
    run("--callbacks.bar=TQDMProgressBar", code=2)
    assert "got progress and bar: switch one off with --callbacks.progress null" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("name", "package"),
    [("RichProgressBar", "rich"), ("RichModelSummary", "rich"), ("DeviceStatsMonitor", "psutil")],
)
def test_what_needs_a_package_runs_or_names_it(
    run: Run, capsys: Capture, name: str, package: str
) -> None:
    there = importlib.util.find_spec(package) is not None
    run("--callbacks.progress=null", f"--callbacks.x={name}", code=0 if there else 2)
    assert there or f"nstall -U {package}" in capsys.readouterr().err.replace("'", "")


def test_nothing_is_logged_for_the_projects_own_callbacks_alone(
    tmp_path: Path, data: StyleTransferData
) -> None:
    trainer = make_trainer(tmp_path)
    callbacks_of(trainer).clear()
    trainer.fit(make_module(), data)
    assert trainer.callback_metrics == {}


def test_a_trainer_with_all_of_lightnings_defaults_works(
    tmp_path: Path, data: StyleTransferData
) -> None:
    logger = CSVLogger(tmp_path)
    trainer = Trainer(max_epochs=-1, accelerator="cpu", default_root_dir=tmp_path, logger=logger)
    trainer.fit(make_module(), data)
    assert trainer.global_step == 6
    assert "loss/total" in trainer.progress_bar_metrics
