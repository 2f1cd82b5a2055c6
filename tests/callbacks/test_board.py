"""What TensorBoard shows of a run beside its records, read back."""

import logging
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

from stylelightning import StyleTransferData
from stylelightning.callbacks import StepEndStop
from stylelightning.callbacks.board import RunOnBoard
from tests.boards import events, settings_of, was_done
from tests.conftest import GRAMS, Run
from tests.runs import make_module, make_trainer


def charts(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Return the layout of the custom scalars: the curves by chart by group."""
    (event,) = events(folder).Tensors("custom_scalars__config__")
    layout = Layout.FromString(event.tensor_proto.string_val[0])
    return {
        group.title: {chart.title: list(chart.multiline.tag) for chart in group.chart}
        for group in layout.category
    }


def test_the_picture_is_first_and_its_sources_are_next_to_it(run: Run) -> None:
    board = events(run(GRAMS))
    tags = board.Tags()
    # TensorBoard sorts letters by their code, and a text before one that it begins
    assert sorted(tags["images"] + tags["scalars"])[:3] == [
        "Picture",
        "Picture/content",
        "Picture/style",
    ]
    for tag, size in (("Picture/content", (32, 24)), ("Picture/style", (32, 32))):
        (event,) = board.Images(tag)  # once
        assert (event.step, event.width, event.height) == (0, *size)


def test_each_of_several_style_images_is_shown(run: Run, style: Path, content: Path) -> None:
    board = events(run("--data.style", f"[{style}, {content}]"))
    tags = [tag for tag in board.Tags()["images"] if tag.startswith("Picture/style")]
    assert tags == ["Picture/style 1", "Picture/style 2"]
    assert [board.Images(tag)[0].height for tag in tags] == [32, 24]


def test_the_config_is_there_as_it_is_kept(run: Run) -> None:
    folder = run()
    (event,) = events(folder).Tensors("config/text_summary")
    (text,) = event.tensor_proto.string_val
    assert text.decode() == f"```yaml\n{(folder / 'config.yaml').read_text()}\n```"


def test_the_table_has_the_settings_and_that_the_run_is_done(run: Run) -> None:
    board = events(run("--model.losses.style.weight=3", "--model.init", "gray"))
    # by hand, from tests/tiny.yaml and the options
    assert settings_of(board) == {
        "size": 32,
        "steps": 3,
        "precision": "32-true",
        "optimizer": "Adam",
        "optimizer.lr": 0.02,
        "backbone": "RandomMultiscale",
        "content.weight": 100,
        "style.weight": 3,
        "tv.weight": 1,
        "content": "content",
        "style": "style",
        "init": "gray",
    }
    assert was_done(board)


def test_no_run_describes_the_columns_of_all(run: Run) -> None:
    # TensorBoard would take one run's columns for all, and leave out what others have more
    tags = events(run()).summary_metadata
    assert "_hparams_/session_start_info" in tags
    assert "_hparams_/experiment" not in tags


def test_the_custom_scalars_are_the_terms_and_the_time_of_a_step(run: Run) -> None:
    folder = run()
    layout = charts(folder)
    assert list(layout) == ["terms", "step time"]
    assert shown(folder) == {"loss/content", "loss/style", "loss/tv", "loss/total", "step_time"}


def test_the_custom_scalars_have_the_gradients_that_are_measured(run: Run) -> None:
    folder = run("--callbacks.balance", "GradientBalance")
    assert list(charts(folder)) == ["terms", "gradients", "step time"]
    names = {"content", "style", "tv", "total"}
    pairs = {"content-style", "content-tv", "style-tv"}
    expected = {f"gradient/{name}" for name in names}
    expected |= {f"gradient_cosine/{pair}" for pair in pairs}
    assert expected <= shown(folder)


def shown(folder: Path) -> set[str]:
    """Return the scalars that the custom scalars show, found as TensorBoard finds them."""
    tags = events(folder).Tags()["scalars"]
    groups = charts(folder).values()
    curves = [curve for group in groups for chart in group.values() for curve in chart]
    return {tag for tag in tags if any(re.match(curve, tag) for curve in curves)}


def test_a_run_without_records_ends_with_its_terms_and_its_picture(run: Run) -> None:
    off = ["--callbacks.log", "null", "--callbacks.snapshots", "null"]
    board = events(run(*off))
    assert [event.step for event in board.Images("Picture")] == [6]
    terms = {name: board.Scalars(f"loss/{name}") for name in ("content", "style", "tv", "total")}
    assert all([event.step for event in each] == [6] for each in terms.values())
    total = terms.pop("total")[0].value
    assert total == pytest.approx(sum(each[0].value for each in terms.values()))


def test_a_run_that_is_stopped_is_not_done(tmp_path: Path, data: StyleTransferData) -> None:
    class Send(Callback):
        def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
            signal.raise_signal(signal.SIGINT)

    callbacks = [Send(), RunOnBoard("a: 1", {}), StepEndStop()]
    trainer = make_trainer(tmp_path, *callbacks)
    trainer.loggers = [TensorBoardLogger(tmp_path)]
    with pytest.raises(SystemExit):
        trainer.fit(make_module(), data)
    assert not was_done(events(tmp_path))


def test_a_run_for_whose_end_tensorboard_has_no_room_is_done(
    run: Run, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stylelightning.callbacks.board.end_line", full)
    assert (run() / "result.png").is_file()
    assert "warning: TensorBoard does not have all of the run: " in capfd.readouterr().err


def test_a_run_without_tensorboard_writes_none_of_it(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        folder = run("--trainer.logger", "false")
    assert list(folder.rglob("events*")) == []
    assert "TensorBoard" not in caplog.text
