"""Norms and angles of the terms' gradients, as numbers and as a chart."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers import CSVLogger

from stylelightning import StyleTransferData
from stylelightning.callbacks import GradientBalance
from stylelightning.callbacks.gradient_balance import pairwise_cosines
from stylelightning.callbacks.gradient_chart import BLUE, draw_chart
from stylelightning.images import read_picture
from tests.boards import events
from tests.conftest import GRAMS, Run
from tests.runs import OPTIMIZERS, fit, make_module, make_trainer

ADDED = "--callbacks.balance=GradientBalance"
STATEFUL = [
    "--model.losses.strokes=PatchLoss", "--model.losses.strokes.size=5",
    "--model.losses.strokes.renew_every_n_steps=2",
    "--model.losses.palette=SlicedWassersteinLoss",
    "--model.losses.palette.renew_every_n_steps=2",
]  # fmt: skip


def test_the_run_makes_the_same_files_with_and_without_it(run: Run) -> None:
    plain = run(GRAMS, *STATEFUL)
    watched = run(GRAMS, *STATEFUL, ADDED, "--callbacks.balance.every_n_steps=1")
    pictures = [path.relative_to(plain) for path in plain.rglob("*.png")]
    pictures.remove(Path("result.png"))  # its config names the callback
    assert len(pictures) > 10
    for each in pictures:
        assert (watched / each).read_bytes() == (plain / each).read_bytes(), each
    results = [read_picture(folder / "result.png").pixels for folder in (plain, watched)]
    assert torch.equal(*results)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "64-true"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_optimizer_sees_it_in_any_precision(
    tmp_path: Path, data: StyleTransferData, name: str, precision: Any
) -> None:
    pictures = []
    for callbacks in ([], [GradientBalance(1)]):
        torch.manual_seed(0)
        module = make_module(optimizer=OPTIMIZERS[name])
        make_trainer(tmp_path, *callbacks, precision=precision).fit(module, data)
        pictures.append(module.canvas.decode())
    assert torch.equal(*pictures)
    assert len(list((tmp_path / "gradients").iterdir())) == 6


def test_no_gradient_is_left_behind(tmp_path: Path, data: StyleTransferData) -> None:
    left: list[Any] = []

    class Look(Callback):
        def on_train_batch_end(self, trainer: Trainer, pl_module: Any, *_: Any) -> None:
            pl_module.zero_grad()
            GradientBalance(1).record(trainer, pl_module, 1)
            left.append(pl_module.canvas.decode().grad)

    fit(tmp_path, data, Look())
    assert left == [None] * 6


def test_norms_and_cosines_go_to_the_loggers(run: Run) -> None:
    folder = run(ADDED, "--callbacks.balance.every_n_steps=2")
    board = events(folder)
    tags = set(board.Tags()["scalars"])
    assert {f"gradient/{name}" for name in ("content", "style", "tv", "total")} <= tags
    pairs = {"content-style", "content-tv", "style-tv"}
    assert {tag.split("/")[1] for tag in tags if "cosine" in tag} == pairs
    assert [event.step for event in board.Scalars("gradient/style")] == [1, 2, 3, 4, 6]
    assert [event.step for event in board.Images("gradients")] == [1, 2, 3, 4, 6]
    names = sorted(path.stem for path in (folder / "gradients").iterdir())
    assert names == [f"step_{step:06d}" for step in (1, 2, 3, 4, 6)]


def test_what_is_logged_is_the_gradient_at_the_picture(
    tmp_path: Path, data: StyleTransferData
) -> None:
    module = make_module()
    trainer = make_trainer(tmp_path, GradientBalance(100))
    trainer.loggers = [CSVLogger(tmp_path, name="logged", version="")]
    trainer.fit(module, data)
    trainer.loggers[0].save()
    header, *_, last = (tmp_path / "logged" / "metrics.csv").read_text().splitlines()
    logged = dict(zip(header.split(","), last.split(","), strict=True))
    gradients = {}
    for name in module.objective.losses:  # one backward pass for each, the plain way
        image = module.canvas.decode().detach().requires_grad_()
        torch.autograd.backward(module.objective.terms(module(image)).weighted[name])
        assert image.grad is not None
        gradients[name] = image.grad.double().flatten()
        assert float(logged[f"gradient/{name}"]) == pytest.approx(float(gradients[name].norm()))
    total = float(sum(gradients.values(), torch.zeros(())).norm())
    assert float(logged["gradient/total"]) == pytest.approx(total)
    cosine = torch.cosine_similarity(gradients["content"], gradients["style"], 0)
    assert float(logged["gradient_cosine/content-style"]) == pytest.approx(float(cosine))


def test_cosines_are_those_of_known_angles() -> None:
    # by hand: a right angle, the opposite direction, half a right angle
    gradients = {
        "right": torch.tensor([2.0, 0.0]),
        "up": torch.tensor([0.0, 3.0]),
        "left": torch.tensor([-1.0, 0.0]),
        "both": torch.tensor([1.0, 1.0]),
        "none": torch.zeros(2),
        "lost": torch.tensor([1.0, float("nan")]),
    }
    found = pairwise_cosines(gradients)
    assert found["right", "up"] == 0
    assert found["right", "left"] == -1
    assert found["right", "both"] == pytest.approx(0.5**0.5)
    assert not any({"none", "lost"} & set(pair) for pair in found)


def columns_of(chart: torch.Tensor, rgb: tuple[int, int, int]) -> int:
    target = torch.tensor(rgb)[:, None, None]
    return int(((chart * 255).round() == target).all(0).any(0).sum())


def test_a_bar_is_as_long_as_its_norm() -> None:
    cosines = {("a", "b"): 0.5}
    both = draw_chart("step 1", {"a": 2.0, "b": 1.0}, cosines)
    assert columns_of(both, BLUE) == 221  # from 0 to 220, both ends drawn
    rows = ((both * 255).round() == torch.tensor(BLUE)[:, None, None]).all(0).sum(1)
    assert sorted(set(rows.tolist())) == [0, 111, 221]


@pytest.mark.parametrize("value", [0.0, math.nan, math.inf])
def test_gradients_of_0_or_without_a_number_have_no_bar(value: float) -> None:
    chart = draw_chart("step 1", {"a": value}, {})
    assert columns_of(chart, BLUE) == 0
    assert (float(chart.min()) >= 0, float(chart.max())) == (True, 1)


def test_a_bad_option_is_refused() -> None:
    with pytest.raises(ValueError, match="`every_n_steps` of GradientBalance must be at least 1"):
        GradientBalance(0)
