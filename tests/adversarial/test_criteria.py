"""The four games, by hand."""

import math

import pytest
import torch

from stylelightning.adversarial.criteria import (
    Criterion,
    HingeCriterion,
    NonSaturatingCriterion,
    RelativisticCriterion,
    WassersteinCriterion,
)


def soft(x: float) -> float:
    return math.log(1 + math.exp(x))


def mean(*values: float) -> float:
    return sum(values) / len(values)


STYLE, PICTURE = (2.0, 0.5), (-3.0, 0.0, 1.5)
VALUES: dict[type[Criterion], tuple[float, float]] = {
    # by hand: margins 0 and 0.5; 0, 1 and 2.5; the picture's 4, 1 and 0
    HingeCriterion: (mean(0, 0.5) + mean(0, 1, 2.5), mean(4, 1, 0)),
    NonSaturatingCriterion: (
        mean(soft(-2), soft(-0.5)) + mean(soft(-3), soft(0), soft(1.5)),
        mean(soft(3), soft(0), soft(-1.5)),
    ),
    # by hand: means 1.25 and -0.5
    RelativisticCriterion: (
        mean(soft(-2.5), soft(-1)) + mean(soft(-4.25), soft(-1.25), soft(0.25)),
        mean(soft(4.25), soft(1.25), soft(-0.25)) + mean(soft(2.5), soft(1)),
    ),
    WassersteinCriterion: (-1.75, 1.75),
}
CHANCE = {HingeCriterion: 2.0, WassersteinCriterion: 0.0}


@pytest.mark.parametrize("kind", VALUES)
def test_both_sides_of_a_game_have_the_values_of_the_formula(kind: type[Criterion]) -> None:
    style, picture = (torch.tensor(each, dtype=torch.float64) for each in (STYLE, PICTURE))
    criterion = kind()
    assert criterion.critic(style, picture) == pytest.approx(VALUES[kind][0])
    assert criterion.picture(picture, style) == pytest.approx(VALUES[kind][1])


@pytest.mark.parametrize("kind", VALUES)
def test_a_critic_that_knows_nothing_is_at_chance(kind: type[Criterion]) -> None:
    nothing = torch.zeros(3)
    assert kind().critic(nothing, nothing) == pytest.approx(CHANCE.get(kind, 2 * math.log(2)))


def test_the_hinge_pulls_at_scores_within_the_margin_alone() -> None:
    style, picture = (torch.tensor(each, requires_grad=True) for each in (STYLE, PICTURE))
    criterion = HingeCriterion()
    gradients = torch.autograd.grad(criterion.critic(style, picture), (style, picture))
    # by hand: -1/2 where a score of the style is below 1, 1/3 where the picture's is above -1
    torch.testing.assert_close(gradients[0], torch.tensor([0.0, -0.5]))
    torch.testing.assert_close(gradients[1], torch.tensor([0.0, 1 / 3, 1 / 3]))
    (gradient,) = torch.autograd.grad(criterion.picture(picture, style.detach()), picture)
    torch.testing.assert_close(gradient, torch.tensor([-1 / 3, -1 / 3, 0.0]))


@pytest.mark.parametrize("kind", VALUES)
def test_both_sides_pull_a_score_in_opposite_directions(kind: type[Criterion]) -> None:
    style, picture = (torch.tensor(each, requires_grad=True) for each in (STYLE, PICTURE))
    criterion = kind()
    (critic,) = torch.autograd.grad(criterion.critic(style, picture), picture)
    (own,) = torch.autograd.grad(criterion.picture(picture, style.detach()), picture)
    assert (critic >= 0).all()
    assert (own <= 0).all()
    assert critic.any()
    assert own.any()


def test_a_picture_that_scores_higher_than_the_style_has_no_distance() -> None:
    low, high = torch.zeros(2), torch.ones(2, requires_grad=True)
    value = WassersteinCriterion().picture(high, low)
    assert value == 0
    assert not torch.autograd.grad(value, high)[0].any()


@pytest.mark.parametrize("kind", VALUES)
def test_only_a_local_game_pulls_at_a_patch_whatever_the_others_are(kind: type[Criterion]) -> None:
    pulls = []
    for far in (-2.0, 5.0):
        scores = torch.tensor([0.0, far], requires_grad=True)
        value = kind().picture(scores, torch.zeros(2))
        pulls.append(torch.autograd.grad(value, scores)[0][0])
    assert torch.equal(*pulls) is (kind.scope == "local")
