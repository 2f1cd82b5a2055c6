"""Gradients of single terms, measured beside a run."""

from typing import Any

import pytest
import torch
from torch import Tensor

from stylelightning.backbones import VGG16, Backbone, Pixels, RandomMultiscale
from stylelightning.backbones.base import Features
from stylelightning.losses import (
    ContentLoss,
    GramLoss,
    Loss,
    PatchLoss,
    SlicedWassersteinLoss,
    TotalVariationLoss,
)
from stylelightning.term_gradients import Evaluation, norm, undisturbed, with_noise
from tests.conftest import smooth_picture


class Compute:
    """Feature maps of a backbone, the picture among them."""

    def __init__(self, backbone: Backbone, *layers: str) -> None:
        self.backbone, self.layers = backbone, layers

    def __call__(self, image: Tensor) -> Features:
        return {**self.backbone(image, self.layers), "image": image}


def prepared(compute: Compute, losses: dict[str, Loss]) -> dict[str, Loss]:
    with torch.no_grad():
        content, style = (compute(smooth_picture(24, 32, seed)) for seed in (1, 2))
    for loss in losses.values():
        loss.prepare(content, [style])
    return losses


@pytest.mark.parametrize(
    ("backbone", "layers"),
    [
        (RandomMultiscale(2, 2, [3]), ("level1", "level2")),
        (VGG16(weights=None), ("relu1_1", "relu2_1")),
        (Pixels(), ("octave1", "octave2")),
    ],
)
def test_a_terms_gradient_is_that_of_autograd(backbone: Backbone, layers: tuple[str, ...]) -> None:
    compute = Compute(backbone, *layers)
    losses: dict[str, Loss] = {
        "content": ContentLoss(3.0, [layers[0]]),
        "style": GramLoss(1e-7, ["image", *layers]),  # a factor that only scaling hides
        "tv": TotalVariationLoss(2.0),
    }
    picture = smooth_picture(24, 32, 3)
    evaluation = Evaluation(compute, prepared(compute, losses), picture)
    for name, loss in losses.items():
        image = picture.clone().requires_grad_()
        value = loss.weight * loss(compute(image))
        value.backward()
        torch.testing.assert_close(evaluation.values[name], value.detach())
        assert image.grad is not None
        torch.testing.assert_close(evaluation.gradient(name), image.grad, rtol=1e-4, atol=1e-12)


def test_a_gradient_too_small_for_16_bits_is_not_lost() -> None:
    compute = Compute(VGG16(weights=None), "relu2_1")
    losses = prepared(compute, {"tiny": ContentLoss(1e-9, ["relu2_1"])})
    whole = Evaluation(compute, losses, smooth_picture(24, 32, 3)).gradient("tiny")
    half = compute.backbone.half()

    class Half(Compute):
        def __call__(self, image: Tensor) -> Features:
            maps = half(image.half(), self.layers)
            return {**{name: each.float() for name, each in maps.items()}, "image": image}

    found = Evaluation(Half(half, "relu2_1"), losses, smooth_picture(24, 32, 3)).gradient("tiny")
    assert norm(whole) < 6e-8  # the smallest number of float16
    assert norm(found - whole) < 0.1 * norm(whole)  # 3 digits a step, through four layers


def test_a_term_that_does_not_depend_on_the_picture_has_the_gradient_0() -> None:
    class Constant(ContentLoss):
        def forward(self, features: Features) -> Tensor:
            return torch.ones(())

    compute = Compute(Pixels(), "octave1")
    losses = prepared(compute, {"constant": Constant(1.0, ["octave1"])})
    evaluation = Evaluation(compute, losses, smooth_picture(8, 8, 3))
    assert not evaluation.gradient("constant").any()
    assert evaluation.pull("constant", "octave1") is None


class Wandering(ContentLoss):
    """A loss that changes in every way: a number, a list, a tensor in place, a random draw."""

    def __init__(self) -> None:
        super().__init__(1.0, ["image"])
        self.calls, self.seen, self.mean = 0, [0.0], torch.zeros(3)

    def forward(self, features: Features) -> Tensor:
        self.calls += 1
        self.seen.append(float(torch.rand(())))
        self.mean.lerp_(features["image"].detach().mean((0, 2, 3)), 0.5)
        return super().forward(features)

    def state(self) -> dict[str, Any]:
        return {"mean": self.mean}

    def load_state(self, state: dict[str, Any]) -> None:
        self.mean = state["mean"]


def test_losses_and_random_numbers_are_left_as_they_were() -> None:
    loss = Wandering()
    loss.prepare({"image": smooth_picture(8, 8, 1)}, [])
    with undisturbed([loss], torch.device("cpu")):
        loss({"image": smooth_picture(8, 8, 2)})
        assert loss.calls == 1
    assert (loss.calls, loss.seen, loss.mean.tolist()) == (0, [0.0], [0.0, 0.0, 0.0])
    torch.manual_seed(0)
    untouched = torch.rand(())
    torch.manual_seed(0)
    with undisturbed([loss], torch.device("cpu")):
        loss({"image": smooth_picture(8, 8, 2)})
    assert torch.equal(torch.rand(()), untouched)


@pytest.mark.parametrize(
    "loss",
    [
        PatchLoss(size=3, renew_every_n_steps=2),
        SlicedWassersteinLoss(size=3, renew_every_n_steps=2),
        GramLoss(1.0, ["image"]),
    ],
)
def test_a_loss_goes_on_as_if_it_had_not_been_evaluated(loss: Loss) -> None:
    compute = Compute(Pixels())
    values: list[list[float]] = []
    for beside in (False, True):
        prepared(compute, {"loss": loss})
        values.append([])
        for seed in range(5):
            values[-1].append(float(loss(compute(smooth_picture(12, 12, seed)))))
            if beside:
                kept = dict(vars(loss)["current"]) if isinstance(loss, GramLoss) else {}
                Evaluation(compute, {"loss": loss}, smooth_picture(12, 12, 9)).gradient("loss")
                assert not kept or vars(loss)["current"] == kept
    assert values[0] == values[1]


def test_noise_depends_on_the_seed_alone_and_stays_in_range() -> None:
    picture = torch.full((1, 3, 64, 64), 0.5)
    torch.manual_seed(1)
    first = with_noise(picture)
    torch.rand(5)
    assert torch.equal(with_noise(picture), first)
    torch.manual_seed(2)
    assert not torch.equal(with_noise(picture), first)
    assert float((first - picture).std()) == pytest.approx(0.1, rel=0.05)
    assert float(with_noise(torch.ones(1, 3, 8, 8)).max()) == 1
