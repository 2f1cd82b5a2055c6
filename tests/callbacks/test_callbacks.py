"""Each callback in a real run; what they write is read back."""

import csv
import io
import math
import re
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.demos.boring_classes import BoringModel
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from stylelightning import Schedule, StyleTransfer, StyleTransferData
from stylelightning.callbacks import (
    GramMatrixVisualizer,
    ImageSnapshot,
    LastCheckpoint,
    LossLog,
    StepEndStop,
    StepProgressBar,
    StopOnDivergence,
)
from stylelightning.callbacks.gram_matrix import colour
from stylelightning.callbacks.periodic import style_transfer
from stylelightning.images import read_picture
from stylelightning.losses import ContentLoss, Loss
from stylelightning.module import DivergenceError
from tests.conftest import Run
from tests.runs import fit, make_module, make_trainer

# TensorBoard


def events(folder: Path) -> EventAccumulator:
    accumulator = EventAccumulator(str(folder), size_guidance={"images": 0, "scalars": 0})
    accumulator.Reload()
    return accumulator


def test_tensorboard_shows_pictures_grams_and_scalars(run: Run) -> None:
    folder = run()
    tags = events(folder).Tags()
    assert set(tags["images"]) == {"picture", "gram/style/level1", "gram/style/level2"}
    scalars = {"loss/content", "loss/style", "loss/tv", "loss/total", "step_time"}
    assert scalars <= set(tags["scalars"])


def test_tensorboard_holds_the_files_own_pictures_and_the_tables_own_numbers(run: Run) -> None:
    folder = run()
    board = events(folder)
    for event in board.Images("picture"):
        with Image.open(io.BytesIO(event.encoded_image_string)) as shown:
            on_board = np.asarray(shown, dtype=int)
        with Image.open(folder / "images" / f"step_{event.step:06d}.png") as file:
            on_disk = np.asarray(file, dtype=int)
        assert abs(on_board - on_disk).max() <= 1  # add_image cuts to 8 bit, the file is rounded
    with (folder / "losses.csv").open() as file:
        rows = {int(row["step"]): float(row["total"]) for row in csv.DictReader(file)}
    logged = {event.step: event.value for event in board.Scalars("loss/total")}
    assert logged == pytest.approx(rows)


def test_pictures_on_the_board_are_at_most_as_large_as_asked(run: Run, tmp_path: Path) -> None:
    top = tmp_path / "top.yaml"
    top.write_text("callbacks:\n  snapshots:\n    init_args:\n      board_size: 20\n")
    folder = run("--config", str(top))
    (first, *_, last) = events(folder).Images("picture")
    assert (first.width, first.height) == (16, 12)
    assert (last.width, last.height) == (20, 15)
    assert read_picture(folder / "images" / "step_000006.png").width == 32


# ImageSnapshot and LossLog


def test_snapshots_come_every_n_steps_and_at_each_scales_end(
    tmp_path: Path,
    data: StyleTransferData,
) -> None:
    fit(tmp_path, data, ImageSnapshot(every_n_steps=2))
    names = sorted(path.stem for path in (tmp_path / "images").iterdir())
    assert names == [f"step_{step:06d}" for step in (0, 2, 3, 4, 6)]
    assert read_picture(tmp_path / "images" / "step_000003.png").width == 16


def test_the_last_step_of_a_shortened_run_is_recorded(
    tmp_path: Path,
    data: StyleTransferData,
) -> None:
    make_trainer(tmp_path, LossLog(100), max_steps=2).fit(make_module(), data)
    rows = (tmp_path / "losses.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "1", "2"]


def test_the_console_line_says_step_size_terms_time_and_memory(
    tmp_path: Path,
    data: StyleTransferData,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fit(tmp_path, data, LossLog(2))
    line = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(
        r"step 6/6  32x24 px  content [\d.e+-]+  style [\d.e+-]+  total [\d.e+-]+"
        r"  \d+ ms/step  \d+ MB",
        line,
    )


def test_the_terms_are_those_that_the_steps_gradient_came_from(
    tmp_path: Path,
    data: StyleTransferData,
) -> None:
    seen: list[float] = []

    class Totals(Callback):
        def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
            seen.append(float(loss.detach()))

    fit(tmp_path, data, Totals(), LossLog(1))
    with (tmp_path / "losses.csv").open() as file:
        logged = [float(row["total"]) for row in csv.DictReader(file)]
    assert logged == pytest.approx(seen)


# GramMatrixVisualizer


def test_colours_run_from_blue_over_white_to_red() -> None:
    blue, white, red = colour(torch.tensor([[-1.0, 0.0, 1.0]])).unbind(2)
    assert blue[2, 0] > blue[0, 0]  # more blue than red
    assert white.min() > 0.9
    assert red[0, 0] > red[2, 0]


def test_a_values_root_picks_its_colour() -> None:
    # by hand: 1/4 and 1 lie at the roots 1/2 and 1, the fourth and the last of five anchors
    torch.testing.assert_close(
        colour(torch.tensor([[0.25]])).flatten(), torch.tensor([0.84, 0.38, 0.30])
    )
    torch.testing.assert_close(colour(torch.tensor([[5.0]])), colour(torch.tensor([[1.0]])))


def test_the_three_matrices_share_the_targets_scale() -> None:
    target = torch.tensor([[4.0, 0.0], [0.0, 4.0]])
    picture = GramMatrixVisualizer(panel_size=2)._draw(target, 2 * target)
    panels = picture[..., [0, 8, 16]]  # each first column: 2 px, a gap of 6
    full, zero = colour(torch.tensor([[1.0, 0.0]])).unbind(2)
    torch.testing.assert_close(panels[:, 0], full.expand(3, 3))  # 4, 8 (cut) and 8 - 4
    torch.testing.assert_close(panels[:, 1], zero.expand(3, 3))


@pytest.mark.parametrize(("channels", "side"), [(2, 4), (4, 4), (8, 4)])
def test_a_matrix_fits_its_panel(channels: int, side: int) -> None:
    drawn = GramMatrixVisualizer(panel_size=4)._draw(torch.eye(channels), torch.eye(channels))
    assert drawn.shape == (3, side, 3 * side + 12)


# StepProgressBar


def test_the_bar_counts_steps_and_shows_the_terms(
    tmp_path: Path,
    data: StyleTransferData,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    trainer = Trainer(
        default_root_dir=tmp_path, max_epochs=-1, accelerator="cpu", logger=False,
        enable_model_summary=False, enable_checkpointing=False, callbacks=[StepProgressBar(2)],
    )  # fmt: skip
    trainer.fit(make_module(), data)
    shown = capsys.readouterr().out
    assert "6/6" in shown
    assert "32x24 px" in shown
    assert "style" in shown


def test_the_bar_is_silent_in_a_file(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run()
    shown = capsys.readouterr()
    assert "%|" not in shown.out + shown.err


# StopOnDivergence


class Planned(ContentLoss):
    """A loss whose values are planned."""

    def __init__(self, values: Sequence[float]) -> None:
        super().__init__(1.0, ["image"])
        self.values = iter(values)

    def forward(self, features: dict[str, torch.Tensor]) -> torch.Tensor:
        value = next(self.values)
        scalar = features["image"].mean()
        return scalar * 0 + value if math.isfinite(value) else scalar * value


def stop(
    folder: Path, data: StyleTransferData, values: Sequence[float], **options: Any
) -> StyleTransfer:
    losses: dict[str, Loss | None] = {
        "planned": Planned(values),
        "calm": ContentLoss(1, ["level1"]),
    }
    module = make_module(losses=losses, init="content", schedule=Schedule(steps=len(values)))
    watch = StopOnDivergence(**{"check_every_n_steps": 1, **options})
    make_trainer(folder, watch).fit(module, data)
    return module


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_total_that_is_not_finite_stops_the_run(
    tmp_path: Path,
    data: StyleTransferData,
    bad: float,
) -> None:
    with pytest.raises(
        DivergenceError, match=r"at step 3: the term 'planned' went from 1 to (nan|inf)"
    ):
        stop(tmp_path, data, [1, 1, bad, 1])


def test_an_explosion_stops_the_run_after_some_patience(
    tmp_path: Path,
    data: StyleTransferData,
) -> None:
    values = [1, 30, 1, 30, 30, 30, 1]
    with pytest.raises(DivergenceError, match="at step 4: the term 'planned' went from 1 to 30"):
        stop(tmp_path, data, values, factor=20, patience=3)


def test_a_short_peak_goes_by(tmp_path: Path, data: StyleTransferData) -> None:
    stop(tmp_path, data, [1, 30, 30, 1, 30, 30, 1], factor=20, patience=3)


def test_a_run_that_explodes_at_its_end_is_stopped(tmp_path: Path, data: StyleTransferData) -> None:
    with pytest.raises(DivergenceError, match="at step 2: the term 'planned' went from 1 to 30"):
        stop(tmp_path, data, [1, 30, 30], patience=5)
    stop(tmp_path, data, [1, 1, 30], patience=5)  # one leap, as L-BFGS makes them


def test_a_run_from_zero_does_not_explode(tmp_path: Path, data: StyleTransferData) -> None:
    stop(tmp_path, data, [0, 5, 5, 5, 5], factor=20, patience=1)


def test_the_way_out_names_a_smaller_rate(tmp_path: Path, data: StyleTransferData) -> None:
    with pytest.raises(DivergenceError, match=r"--model.optimizer.lr 0.002; it is 0.02"):
        stop(tmp_path, data, [1, float("nan")])


def test_the_picture_of_the_lowest_total_is_kept(tmp_path: Path, data: StyleTransferData) -> None:
    pictures: list[torch.Tensor] = []

    class Pictures(Callback):
        def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
            pictures.append(pl_module.canvas.decode().detach().clone())

    losses: dict[str, Loss | None] = {
        "planned": Planned([50, 1e-9, 9, math.nan, math.nan]),
        "calm": ContentLoss(1e-3, ["level1"]),
    }
    module = make_module(losses=losses, schedule=Schedule(steps=5))
    watch = StopOnDivergence(check_every_n_steps=5)
    with pytest.raises(DivergenceError, match="The picture after step 1 is kept"):
        make_trainer(tmp_path, watch, Pictures()).fit(module, data)
    assert torch.equal(module.canvas.decode().detach(), pictures[1])


def test_a_run_lost_at_the_start_of_a_scale_keeps_the_last_ones_picture(
    tmp_path: Path, data: StyleTransferData
) -> None:
    losses: dict[str, Loss | None] = {
        "calm": ContentLoss(100, ["level1"]),
        "bad": Planned([0, 0, 0, math.nan, math.nan]),
    }
    module = make_module(losses=losses)  # two scales of three steps
    with pytest.raises(DivergenceError, match="The picture after step 2 is kept"):
        make_trainer(tmp_path, StopOnDivergence(check_every_n_steps=5)).fit(module, data)
    assert module.canvas.size == (24, 32)
    assert module.canvas.decode().isfinite().all()


def test_a_picture_lost_in_the_very_last_step_is_noticed(
    tmp_path: Path,
    data: StyleTransferData,
) -> None:
    class LostGradient(ContentLoss):
        def forward(self, features: dict[str, torch.Tensor]) -> torch.Tensor:
            return (features["image"].sum() * 0).sqrt()  # 0, with a gradient of NaN

    with pytest.raises(DivergenceError, match="The picture after step 0 is kept"):
        fit(
            tmp_path, data, StopOnDivergence(),
            losses={"lost": LostGradient(1.0, ["image"])},
            schedule=Schedule(steps=1),
        )  # fmt: skip


# StepEndStop


def test_ctrl_c_ends_the_run_when_its_step_is_done(tmp_path: Path, data: StyleTransferData) -> None:
    steps: list[int] = []

    class Press(Callback):
        """Presses Ctrl-C in the middle of the second step."""

        def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
            if trainer.global_step == 1:
                signal.raise_signal(signal.SIGINT)

        def on_train_batch_end(
            self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
        ) -> None:
            steps.append(trainer.global_step)

    with pytest.raises(SystemExit):  # Lightning's answer to Ctrl-C
        fit(tmp_path, data, Press(), StepEndStop(), LastCheckpoint(100))
    assert steps == [1, 2]
    checkpoint = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 2


def test_a_second_ctrl_c_ends_the_run_at_once(tmp_path: Path, data: StyleTransferData) -> None:
    steps: list[int] = []

    class PressTwice(Callback):
        def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
            if trainer.global_step == 1:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)

        def on_train_batch_end(
            self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
        ) -> None:
            steps.append(trainer.global_step)

    with pytest.raises(SystemExit):
        fit(tmp_path, data, PressTwice(), StepEndStop(), LastCheckpoint(100))
    assert steps == [1]
    assert not (tmp_path / "checkpoints").exists()  # the step was not whole


# options and modules that don't fit


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ImageSnapshot(0), "`every_n_steps` of ImageSnapshot must be at least 1, got 0"),
        (lambda: ImageSnapshot(1, 0), "`board_size` of ImageSnapshot must be at least 1 pixel"),
        (lambda: LossLog(-1), "`every_n_steps` of LossLog must be at least 1"),
        (lambda: GramMatrixVisualizer(1, 0), "`panel_size` of GramMatrixVisualizer must be"),
        (lambda: StopOnDivergence(factor=1), "`factor` of StopOnDivergence must be above 1"),
        (lambda: StopOnDivergence(patience=0), "`patience` of StopOnDivergence must be at least"),
        (lambda: StopOnDivergence(check_every_n_steps=0), "`check_every_n_steps` of Stop"),
    ],
)
def test_bad_options_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_another_module_is_refused() -> None:
    module: LightningModule = BoringModel()
    with pytest.raises(TypeError, match="reads a StyleTransfer, got BoringModel"):
        style_transfer(module)
