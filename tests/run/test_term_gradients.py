"""Gradients of single terms, measured beside a run."""

import pytest
import torch
from torch import Tensor

from stylelightning.backbones import VGG16, Backbone, Pixels, RandomMultiscale
from stylelightning.backbones.base import Features
from stylelightning.backbones.tiles import Compute
from stylelightning.losses import (
    ContentLoss,
    GramLoss,
    Loss,
    PatchLoss,
    SlicedWassersteinLoss,
    TotalVariationLoss,
)
from stylelightning.losses.sums import Count
from stylelightning.objective import Objective
from stylelightning.run.term_gradients import WholeTermGradients, norm, with_noise
from tests.conftest import smooth_picture
from tests.runs import OwnLoss, evaluated, references


def objective(losses: dict[str, Loss], backbone: Compute) -> Objective:
    """Return an objective with targets from two pictures."""
    made = Objective(losses, backbone)
    with torch.no_grad():
        content, style = (made.features(smooth_picture(24, 32, seed)) for seed in (1, 2))
    made.prepare(references(content, [style]))
    return made


@pytest.mark.parametrize(
    ("backbone", "layers"),
    [
        (RandomMultiscale(2, 2, [3]), ("level1", "level2")),
        (VGG16(weights=None), ("relu1_1", "relu2_1")),
        (Pixels(), ("octave1", "octave2")),
    ],
)
def test_a_terms_gradient_is_that_of_autograd(backbone: Backbone, layers: tuple[str, ...]) -> None:
    losses: dict[str, Loss] = {
        "content": ContentLoss(3.0, [layers[0]]),
        "style": GramLoss(1e-7, ["image", *layers]),  # a factor that only scaling hides
        "tv": TotalVariationLoss(2.0),
    }
    picture, made = smooth_picture(24, 32, 3), objective(losses, backbone)
    evaluation = WholeTermGradients(made, picture)
    for name, loss in losses.items():
        image = picture.clone().requires_grad_()
        value = loss.weight * loss(made.features(image))
        value.backward()
        torch.testing.assert_close(evaluation.values[name], value.detach())
        assert image.grad is not None
        torch.testing.assert_close(evaluation.gradient(name), image.grad, rtol=1e-4, atol=1e-12)


def test_a_gradient_too_small_for_16_bits_is_not_lost() -> None:
    backbone = VGG16(weights=None)
    made = objective({"tiny": ContentLoss(1e-9, ["relu2_1"])}, backbone)
    whole = WholeTermGradients(made, smooth_picture(24, 32, 3)).gradient("tiny")
    half = backbone.half()

    def compute(image: Tensor, layers: frozenset[str]) -> Features:
        return {name: each.float() for name, each in half(image.half(), layers).items()}

    low = Objective(made.losses, compute)
    found = WholeTermGradients(low, smooth_picture(24, 32, 3)).gradient("tiny")
    assert norm(whole) < 6e-8  # the smallest number of float16
    assert norm(found - whole) < 0.1 * norm(whole)  # 3 digits a step, through four layers


def test_a_term_that_does_not_depend_on_the_picture_has_the_gradient_0() -> None:
    class Constant(OwnLoss):
        def forward(self, features: Features) -> Tensor:
            return torch.ones(())

    made = objective({"constant": Constant(1.0, ["octave1"])}, Pixels())
    evaluation = WholeTermGradients(made, smooth_picture(8, 8, 3))
    assert not evaluation.gradient("constant").any()
    assert evaluation.is_silent("constant", "octave1")


class Random(ContentLoss):
    """A loss that draws when it is evaluated."""

    def compare(self, statistics: Features, count: dict[str, Count]) -> Tensor:
        return super().compare(statistics, count) * torch.rand(())


def test_random_numbers_are_left_as_they_were() -> None:
    made = objective({"random": Random(1.0, ["image"])}, Pixels())
    torch.manual_seed(0)
    untouched = torch.rand(())
    torch.manual_seed(0)
    WholeTermGradients(made, smooth_picture(24, 32, 3))
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
    values: list[list[float]] = []
    for beside in (False, True):
        made = objective({"loss": loss}, Pixels())
        values.append([])
        for step in range(5):
            picture = made.features(smooth_picture(24, 32, step))
            values[-1].append(float(evaluated(loss, picture, step)))
            if beside:
                WholeTermGradients(made, smooth_picture(24, 32, 9)).gradient("loss")
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
