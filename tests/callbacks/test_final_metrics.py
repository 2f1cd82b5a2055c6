"""The metrics of a finished picture in a real run; what is written is read back."""

import json
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import Tensor

from stylelightning import StyleTransferData
from stylelightning.callbacks import FinalMetrics, StepEndStop
from stylelightning.colours import LuminanceOnly
from stylelightning.losses import GramLoss
from stylelightning.metrics import GramDistance, PictureMetric, PictureMetrics, TotalVariation
from tests.boards import events
from tests.conftest import Run
from tests.runs import fit, make_module, make_trainer

Capture = pytest.CaptureFixture[str]


class Broken(PictureMetric):
    def __init__(self) -> None:
        super().__init__(["broken", "broken/part"])

    def values(
        self, picture: Tensor, content: Tensor | None, styles: Sequence[Tensor], shares: Tensor
    ) -> dict[str, Tensor]:
        raise RuntimeError("no")


def recorded(folder: Path) -> dict[str, float]:
    content: dict[str, float] = json.loads((folder / "metrics.json").read_text())
    return content


def test_the_numbers_are_on_the_console_in_the_file_and_on_the_board(
    run: Run, capsys: Capture
) -> None:
    folder = run("--callbacks.measure", "FinalMetrics")
    numbers = recorded(folder)
    assert len(numbers) == 10
    (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("metrics ")]
    shown = [f"{name} {value:.4g}" for name, value in numbers.items() if "/" not in name]
    assert line == "metrics  " + "  ".join(shown)
    board = events(folder)
    tags = [tag for tag in board.Tags()["scalars"] if tag.startswith("metric/")]
    assert set(tags) == {f"metric/{name}" for name in numbers}
    for tag in tags:
        (event,) = board.Scalars(tag)
        assert event.step == 6
        assert event.value == pytest.approx(numbers[tag.removeprefix("metric/")])


def test_the_numbers_are_those_of_the_finished_picture(
    tmp_path: Path, data: StyleTransferData
) -> None:
    module = fit(tmp_path, data, FinalMetrics())
    picture = module.canvas.picture
    (content,), (style,) = [data.pictures.content(32)], data.pictures.styles(32)
    assert recorded(tmp_path) == PictureMetrics().measure(picture, content, [style])


def test_images_are_compared_in_their_own_colours(
    tmp_path: Path, content: Path, style: Path
) -> None:
    plain = StyleTransferData(str(content), str(style), size=32)
    plain.setup("fit")
    treated = StyleTransferData(str(content), str(style), size=32, colours=LuminanceOnly())
    module = make_module()
    make_trainer(tmp_path, FinalMetrics()).fit(module, treated)
    shown = treated.pictures.finished(module.canvas.picture)
    expected = PictureMetrics().measure(
        shown, plain.pictures.content(32), plain.pictures.styles(32)
    )
    assert recorded(tmp_path) == expected


@pytest.mark.parametrize(
    ("images", "present", "absent"),
    [
        pytest.param({"content": None}, "patch_distance", "style_distance", id="a texture"),
        pytest.param({"style": None}, "structure", "patch_distance", id="content alone"),
    ],
)
def test_a_run_of_one_image_has_the_numbers_that_make_sense(
    run: Run, images: dict[str, None], present: str, absent: str, capsys: Capture
) -> None:
    ((missing, _),) = images.items()
    loss = {"content": "content", "style": "style"}[missing]
    record = recorded(
        run(f"--data.{missing}", "null", f"--model.losses.{loss}", "null",
            "--callbacks.measure", "FinalMetrics")
    )  # fmt: skip
    assert present in record
    assert absent not in record
    assert "warning" not in capsys.readouterr().err


def test_a_picture_is_compared_at_the_size_that_is_asked_for(
    tmp_path: Path, data: StyleTransferData
) -> None:
    module = fit(tmp_path, data, FinalMetrics(size=20))
    small = torch.nn.functional.interpolate(
        module.canvas.picture, (15, 20), mode="bicubic", antialias=True
    ).clamp(0, 1)
    content, styles = data.pictures.references((15, 20))
    assert recorded(tmp_path) == PictureMetrics().measure(small, content, styles)
    with pytest.raises(ValueError, match="`size` of FinalMetrics must be at least 1 pixel, got 0"):
        FinalMetrics(size=0)


def test_a_large_picture_is_reduced(data: StyleTransferData) -> None:
    data.setup("fit")
    sizes = []

    class Size(PictureMetric):
        def __init__(self) -> None:
            super().__init__(["width"])

        def values(
            self, picture: Tensor, content: Tensor | None, styles: Sequence[Tensor], shares: Tensor
        ) -> dict[str, Tensor]:
            assert content is not None
            sizes.append((picture.shape[2:], content.shape[2:], styles[0].shape[2:]))
            return {}

    PictureMetrics([Size()]).measure_result(torch.rand(1, 3, 600, 800), data.pictures)
    assert sizes == [((384, 512), (384, 512), (512, 512))]


def test_a_metric_that_fails_is_a_warning_and_the_others_are_kept(
    tmp_path: Path, data: StyleTransferData, capsys: Capture
) -> None:
    fit(tmp_path, data, FinalMetrics([Broken(), TotalVariation()]))
    assert list(recorded(tmp_path)) == ["total_variation"]
    assert capsys.readouterr().err == (
        "warning: The metrics leave broken, broken/part out: RuntimeError: no\n"
    )


def test_numbers_that_cannot_be_written_are_a_warning(
    tmp_path: Path, data: StyleTransferData, capsys: Capture
) -> None:
    (tmp_path / "metrics.json").mkdir()
    fit(tmp_path, data, FinalMetrics([TotalVariation()]))
    err = capsys.readouterr().err
    assert err.startswith("warning: The metrics could not be recorded: ")
    assert "it is a folder" in err
    assert len(err.splitlines()) == 1


def test_a_lost_picture_has_no_metrics(
    tmp_path: Path, data: StyleTransferData, capsys: Capture
) -> None:
    class Lose(Callback):
        def on_train_batch_end(self, trainer: Trainer, module: Any, *args: Any) -> None:
            module.canvas.decode().data.fill_(torch.nan)

    fit(tmp_path, data, Lose(), FinalMetrics())
    assert not (tmp_path / "metrics.json").exists()
    assert "There are no metrics: the picture has pixels" in capsys.readouterr().err


class StopAt(Callback):
    def __init__(self, how: str) -> None:
        self.how = how

    def on_train_batch_end(self, trainer: Trainer, module: Any, *args: Any) -> None:
        if trainer.global_step == 2:
            if self.how == "early":
                trainer.should_stop = True
            elif self.how == "failed":
                raise RuntimeError("failed")
            else:
                signal.raise_signal(getattr(signal, self.how))


@pytest.mark.parametrize("how", ["early", "SIGINT", "SIGTERM"])
def test_a_run_that_is_stopped_is_measured(
    tmp_path: Path, data: StyleTransferData, how: str
) -> None:
    trainer = make_trainer(tmp_path, StopAt(how), FinalMetrics(), StepEndStop())
    if how == "early":
        trainer.fit(make_module(), data)
    else:
        with pytest.raises((SystemExit, SIGTERMException)):
            trainer.fit(make_module(), data)
    assert recorded(tmp_path)["ssim"] < 1


def test_a_run_that_fails_is_not_measured(tmp_path: Path, data: StyleTransferData) -> None:
    with pytest.raises(RuntimeError, match="failed"):
        fit(tmp_path, data, StopAt("failed"), FinalMetrics())
    assert not (tmp_path / "metrics.json").exists()


def test_other_metrics_are_named_in_a_config(run: Run, tmp_path: Path) -> None:
    top = tmp_path / "top.yaml"
    top.write_text(
        "callbacks:\n  measure:\n    class_path: FinalMetrics\n    init_args:\n      metrics:\n"
        "      - class_path: TotalVariation\n"
        "      - class_path: GramDistance\n        init_args:\n          name: other\n"
        "          layers: [level1]\n          backbone:\n"
        "            class_path: RandomMultiscale\n            init_args: {levels: 1, seed: 7}\n"
    )
    folder = run("--config", str(top))
    assert list(recorded(folder)) == ["total_variation", "other", "other/level1"]
    again = run("--config", str(folder / "config.yaml"))
    assert recorded(again) == recorded(folder)


def test_measuring_changes_nothing_of_the_run(tmp_path: Path, data: StyleTransferData) -> None:
    losses: Any = {"style": GramLoss(1000.0, ["level1"], "hw")}
    with_metrics = fit(tmp_path / "a", data, FinalMetrics([GramDistance()]), losses=losses)
    torch.manual_seed(0)
    without = fit(tmp_path / "b", data, losses=losses)
    torch.manual_seed(0)
    again = fit(tmp_path / "c", data, FinalMetrics([GramDistance()]), losses=losses)
    torch.testing.assert_close(again.canvas.decode(), without.canvas.decode(), rtol=0, atol=0)
    assert with_metrics.canvas.size == without.canvas.size
