"""What keeps a critic smooth."""

import pytest
import torch
from torch import Tensor, nn

from stylelightning.adversarial.penalties import GradientPenalty, Penalty, R1Penalty

GENERATOR = torch.Generator()


def linear(weights: list[float], kernel: int = 1) -> nn.Conv2d:
    network = nn.Conv2d(len(weights), 1, kernel).double()
    with torch.no_grad():
        network.weight.copy_(torch.tensor(weights).view(1, -1, 1, 1).expand_as(network.weight))
    return network


def crops(seed: int, side: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((4, 2, side, side), generator=generator, dtype=torch.float64)


def test_the_r1_penalty_of_a_linear_critic() -> None:
    network = linear([3.0, 4.0])
    value = R1Penalty(2.0).penalty(network, crops(1), crops(2), GENERATOR)
    assert float(value.detach()) == pytest.approx(2 / 2 * 25)  # by hand: |(3, 4)|^2
    (gradient,) = torch.autograd.grad(value, network.weight)
    # by hand: gamma / 2 * 2 w
    torch.testing.assert_close(gradient.flatten(), torch.tensor([6.0, 8.0]).double())


def test_the_gradient_penalty_of_a_linear_critic() -> None:
    network = linear([3.0, 4.0])
    value = GradientPenalty(10.0).penalty(network, crops(1), crops(2), GENERATOR)
    assert float(value.detach()) == pytest.approx(10 * (5 - 1) ** 2)  # by hand: |(3, 4)| = 5
    (gradient,) = torch.autograd.grad(value, network.weight)
    # by hand: lambda * 2 (|w| - 1) w / |w|
    torch.testing.assert_close(gradient.flatten(), torch.tensor([48.0, 64.0]).double())


@pytest.mark.parametrize("side", [1, 3])
def test_a_slope_is_that_of_one_score_however_many_a_crop_has(side: int) -> None:
    # by hand: with filters of 1 x 1 no two scores see the same position
    value = R1Penalty(2.0).penalty(linear([3.0, 4.0]), crops(1, side), crops(2, side), GENERATOR)
    assert float(value.detach()) == pytest.approx(25)


def test_the_r1_penalty_looks_at_the_style_alone() -> None:
    def squares(maps: Tensor) -> Tensor:
        return maps.square().sum(1, keepdim=True) / 2

    style, picture = crops(1), crops(2)
    value = R1Penalty(2.0).penalty(squares, style, picture, GENERATOR)
    # by hand: the slope of |u|^2 / 2 is u
    torch.testing.assert_close(value, style.square().sum((1, 2, 3)).mean())


def test_the_gradient_penalty_looks_between_both_sides() -> None:
    seen: list[Tensor] = []

    def watched(maps: Tensor) -> Tensor:
        seen.append(maps.detach())
        return maps.sum(1, keepdim=True)

    style, picture = torch.zeros(50, 2, 1, 1), torch.ones(50, 2, 1, 1)
    GradientPenalty().penalty(watched, style, picture, torch.Generator().manual_seed(0))
    (places,) = seen
    assert torch.equal(places[:, 0], places[:, 1])  # one place of the segment for each crop
    assert places.min() < 0.2
    assert places.max() > 0.8


@pytest.mark.parametrize("kind", [R1Penalty, GradientPenalty])
@pytest.mark.parametrize("strength", [-1.0, float("nan"), float("inf"), None])
def test_a_strength_that_is_none_is_refused(kind: type[Penalty], strength: float | None) -> None:
    with pytest.raises(ValueError, match=f"`strength` of {kind.__name__} must be a number"):
        kind(strength)  # type: ignore[call-arg]
