"""The evaluation of a step: what is due is done once, whatever is evaluated."""

import pytest
import torch
from torch import nn

from stylelightning.backbones.windows import Maps
from stylelightning.execution.step_evaluation import StepEvaluation
from stylelightning.losses import ContentLoss
from stylelightning.losses.references import References
from stylelightning.objective import Objective


class Counting(ContentLoss):
    """A loss that notes the steps at which it looked anew."""

    def __init__(self) -> None:
        super().__init__(1.0, ["image"])
        self.looked: list[int] = []

    def advance(self, features: Maps, step: int) -> None:
        self.looked.append(step)


@pytest.fixture
def picture() -> nn.Parameter:
    return nn.Parameter(torch.full((1, 3, 4, 4), 0.5))


def test_what_is_due_is_done_once_a_step_and_again_at_a_new_scale(picture: nn.Parameter) -> None:
    loss = Counting()
    evaluation = StepEvaluation(Objective({"own": loss}, lambda *_: {}))
    shown = References({"image": torch.zeros(1, 3, 4, 4)}, [])
    for _ in range(2):
        evaluation.prepare(shown)
        for step in (0, 0, 1, 1):  # a line search evaluates a step more than once
            evaluation.evaluate(lambda: picture, [picture], step)
    assert loss.looked == [0, 1, 0, 1]


def test_the_total_has_its_gradient_and_the_terms_have_none(picture: nn.Parameter) -> None:
    evaluation = StepEvaluation(Objective({"own": Counting()}, lambda *_: {}))
    evaluation.prepare(References({"image": torch.zeros(1, 3, 4, 4)}, []))
    terms, total = evaluation.evaluate(lambda: picture, [picture], 0)
    torch.testing.assert_close(total, torch.tensor(0.25))  # the mean of 0.5 squared
    assert not terms.weighted["own"].requires_grad
    (gradient,) = torch.autograd.grad(total, [picture])
    torch.testing.assert_close(gradient, torch.full_like(picture, 2 * 0.5 / 48))
