"""Warnings of what has no effect, and none where there is a good reason."""

from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch import Tensor

from stylelightning import Schedule, StyleTransferData
from stylelightning.backbones import Backbone, Layer
from stylelightning.backbones.base import Features
from stylelightning.callbacks import Advice
from stylelightning.losses import (
    ContentLoss,
    GramLoss,
    Loss,
    PatchLoss,
    RangeLoss,
    References,
    SlicedWassersteinLoss,
    TotalVariationLoss,
)
from tests.conftest import Run
from tests.runs import OwnLoss, fit

Capture = pytest.CaptureFixture[str]


def warnings(captured: Any) -> list[str]:
    return [line for line in captured.err.splitlines() if line.startswith("warning")]


def losses(**more: Loss) -> dict[str, Loss | None]:
    return {"content": ContentLoss(100.0, ["level1"]), **more}


class Deaf(Loss):
    """A loss that names a layer which it does not read."""

    def prepare(self, references: References) -> None:
        """Do nothing."""

    def forward(self, features: Features) -> Tensor:
        return features["level1"].square().mean()


class Dead(Backbone):
    """Two layers, of which the deeper one answers nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.layer_table = {name: Layer(name, 3, 1, 1, 1) for name in ("level1", "level2")}

    def forward(self, image: Tensor, layers: Iterable[str]) -> Features:
        maps = {"level1": image * 2, "level2": torch.relu(image - 9)}
        return {name: maps[name] for name in layers}


def test_a_run_as_it_should_be_hears_nothing(run: Run, capsys: Capture) -> None:
    run()
    assert warnings(capsys.readouterr()) == []


def test_a_layer_that_a_term_does_not_read_is_said_once(
    tmp_path: Any, data: StyleTransferData, capsys: Capture
) -> None:
    fit(tmp_path, data, Advice(), losses=losses(deaf=Deaf(1e3, ["level1", "level2"])))
    assert warnings(capsys.readouterr()) == [
        "warning: The term 'deaf' has zero gradient at 'level2', which therefore changes nothing: "
        "name other layers in --model.losses.deaf.layers, or switch the term off with "
        "--model.losses.deaf null."
    ]


def test_a_layer_without_answers_is_said(
    tmp_path: Any, data: StyleTransferData, capsys: Capture
) -> None:
    class Always(OwnLoss):
        """A loss that asks for something of a layer that can't give it."""

        def forward(self, features: Features) -> Tensor:
            return (features["level2"] - 1).square().mean()

    terms = losses(always=Always(1e3, ["level2"]))
    fit(tmp_path, data, Advice(), backbone=Dead(), losses=terms)
    (line,) = warnings(capsys.readouterr())
    assert "The term 'always' has zero gradient at 'level2'" in line


def test_a_tiny_term_is_said(tmp_path: Any, data: StyleTransferData, capsys: Capture) -> None:
    terms = losses(tv=TotalVariationLoss(1e-9))
    fit(tmp_path, data, Advice(), losses=terms)
    (line,) = warnings(capsys.readouterr())
    assert "The term 'tv' is " in line
    assert "of the total, by the norm of its gradient, and hardly changes the picture" in line
    assert "--model.losses.tv.weight" in line
    assert "--model.losses.tv null" in line
    fit(tmp_path, data, Advice(least_share=0), losses=losses(tv=TotalVariationLoss(1e-9)))
    assert warnings(capsys.readouterr()) == []


def test_a_style_image_smaller_than_what_a_layer_sees_is_said(
    tmp_path: Any, content: Any, style: Any, capsys: Capture
) -> None:
    # by hand: a position of level2 sees 2 * (3 - 1) + 3 * 2 - 2 = 8 px; 0.22 * 32 is 7
    data = StyleTransferData(str(content), str(style), size=32, style_scale=0.22)
    fit(tmp_path, data, Advice(), schedule=Schedule(steps=1))
    (line,) = warnings(capsys.readouterr())
    assert "The style image is 7x7 px at the last scale, smaller than the 8 px" in line
    assert "'level2' sees, which the term 'style' reads" in line
    large = StyleTransferData(str(content), str(style), size=32, style_scale=0.25)
    fit(tmp_path, large, Advice(), schedule=Schedule(steps=1))
    assert warnings(capsys.readouterr()) == []


@pytest.mark.parametrize(
    "terms",
    [
        {"range": RangeLoss(10.0)},  # all colours are in range, which is what it asks for
        {"off": GramLoss(0.0, ["level1"])},
        {"style": GramLoss(1e3, {"level1": 1.0, "level2": 0.0}, "hw")},
    ],
)
def test_what_is_meant_so_is_not_said(
    tmp_path: Any, data: StyleTransferData, capsys: Capture, terms: dict[str, Loss]
) -> None:
    fit(tmp_path, data, Advice(), losses=losses(**terms))
    assert warnings(capsys.readouterr()) == []


def test_a_content_term_at_the_content_image_is_not_tiny(run: Run, capsys: Capture) -> None:
    # SGD with a rate of 1e-9 leaves the picture where the content term is 0
    run("--model.init=content", "--model.optimizer=SGD", "--model.optimizer.lr=1e-9")
    assert warnings(capsys.readouterr()) == [
        "warning: model.optimizer: SGD leaves out Adam's betas: [0.9, 0.99]."  # no advice
    ]


def test_it_does_not_change_the_run(tmp_path: Any, data: StyleTransferData) -> None:
    pictures = []
    for callbacks in ([], [Advice()]):
        torch.manual_seed(0)
        terms = losses(
            strokes=PatchLoss(10.0, size=3, renew_every_n_steps=2),
            palette=SlicedWassersteinLoss(10.0, renew_every_n_steps=2),
        )
        pictures.append(fit(tmp_path, data, *callbacks, losses=terms).canvas.decode())
    assert torch.equal(*pictures)


TINY = "--model.losses.tv.weight=1e-9"


def test_the_command_line_adds_it_unless_one_is_named(run: Run, capsys: Capture) -> None:
    run(TINY, "--trainer.max_steps=2")
    assert "The term 'tv' is" in capsys.readouterr().err
    run(TINY, "--ckpt_path=last")
    assert "The term 'tv' is" not in capsys.readouterr().err  # said when the run began
    run(TINY, "--callbacks.advice=Advice", "--callbacks.advice.least_share=0")
    assert warnings(capsys.readouterr()) == []


def test_a_bad_option_is_refused() -> None:
    with pytest.raises(ValueError, match="`least_share` of Advice must be at least 0, got -1"):
        Advice(-1)
