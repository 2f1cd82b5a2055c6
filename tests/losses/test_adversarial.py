"""The term of a critic that learns beside the picture."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, nn
from torch.optim import LBFGS, SGD, Adam, SparseAdam

from stylelightning import Schedule, StyleTransfer, StyleTransferData
from stylelightning.adversarial.criteria import (
    HingeCriterion,
    NonSaturatingCriterion,
    RelativisticCriterion,
    WassersteinCriterion,
)
from stylelightning.adversarial.critics import Critic, PatchCritic
from stylelightning.adversarial.penalties import GradientPenalty, R1Penalty
from stylelightning.losses import AdversarialStyleLoss, ContentLoss
from stylelightning.losses.blame import LossError
from tests.runs import OPTIMIZERS, fit, make_module, make_trainer, references


class Brightness(Critic):
    """A critic of one's own: it sees single positions."""

    def build(self, channels: int) -> nn.Module:
        return nn.Conv2d(channels, 1, 1)


class Greedy(Critic):
    def build(self, channels: int) -> nn.Module:
        return nn.Conv2d(channels, 1, 7)


class NoScores(Critic):
    def build(self, channels: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(channels, 1, 1), nn.Flatten())


def picture(seed: int, side: int = 12) -> dict[str, Tensor]:
    return {"image": torch.rand((1, 3, side, side), generator=torch.Generator().manual_seed(seed))}


def make_loss(**values: Any) -> AdversarialStyleLoss:
    settings: dict[str, Any] = {
        "layers": ["image"],
        "critic": PatchCritic(width=4, depth=2),
        "penalty": R1Penalty(),
        "crops": 4,
        "size": 6,
    }
    return AdversarialStyleLoss(**{**settings, **values})


def parameters(loss: AdversarialStyleLoss) -> list[Tensor]:
    training = loss.training_of_critic
    assert training is not None
    return [
        each.detach().clone() for net in training.networks.values() for each in net.parameters()
    ]


def prepared(**values: Any) -> AdversarialStyleLoss:
    loss = make_loss(**values)
    loss.prepare(references(None, [picture(2)]))
    return loss


def same(first: list[Tensor], second: list[Tensor]) -> bool:
    return all(torch.equal(*pair) for pair in zip(first, second, strict=True))


def test_a_linear_critic_pulls_at_the_picture_by_its_weights() -> None:
    loss = prepared(critic=Brightness(), optimizer=lambda p: SGD(p, lr=0.0), size=1)
    loss.advance(picture(1), 0)
    weight = parameters(loss)[0].flatten()
    features = {"image": picture(1)["image"].requires_grad_()}
    (gradient,) = torch.autograd.grad(loss(features), features["image"])
    # by hand: the hinge's -1 / positions times w / deviation where the score is below 1
    style = picture(2)["image"]
    spread = (style - style.mean((2, 3), keepdim=True)).square().mean().sqrt()
    pulls = -weight / spread / 144
    rows = gradient[0].flatten(1)
    below = rows.abs().sum(0) > 0
    assert below.any()
    torch.testing.assert_close(rows[:, below], pulls[:, None].expand(3, int(below.sum())))


def test_the_picture_is_never_a_parameter_of_the_critic_nor_the_other_way_round() -> None:
    loss = prepared()
    image = picture(1)["image"].requires_grad_()
    loss.advance({"image": image}, 0)
    assert not image.grad
    torch.autograd.backward(loss({"image": image}))
    assert image.grad is not None
    training = loss.training_of_critic
    assert training is not None
    critic = [each for net in training.networks.values() for each in net.parameters()]
    assert all(each.grad is None and not each.requires_grad for each in critic)
    assert not [*loss.parameters()]


@pytest.mark.parametrize("name", [None, "sgd", "adam", "lbfgs"])
def test_any_optimizer_trains_the_critic(name: str | None) -> None:
    values = {} if name is None else {"optimizer": OPTIMIZERS[name]}
    loss = prepared(**values)
    before = parameters(loss)
    loss.advance(picture(1), 0)
    assert not same(parameters(loss), before)


def test_a_step_of_the_critic_is_that_of_its_optimizer() -> None:
    values = {"critic": Brightness(), "penalty": None, "size": 12, "crops": 1}
    loss = prepared(**values, optimizer=lambda p: SGD(p, lr=0.1))
    weight, bias = parameters(loss)
    style, own = picture(2)["image"], picture(1)["image"]
    centre = style.mean((2, 3), keepdim=True)
    spread = (style - centre).square().mean().sqrt()
    maps = [((each - centre) / spread).flatten(2)[0] for each in (style, own)]
    # by hand: one crop is the whole map; the gradient of the hinge at each side's margin
    scores = [(weight.flatten() @ each + bias) for each in maps]
    pulled = [-(scores[0] < 1).float(), (scores[1] > -1).float()]
    gradient = sum(each @ pull / 144 for each, pull in zip(maps, pulled, strict=True))
    loss.advance(picture(1), 0)
    assert isinstance(gradient, Tensor)
    torch.testing.assert_close(parameters(loss)[0].flatten(), weight.flatten() - 0.1 * gradient)


def test_the_critic_makes_its_steps_and_those_before_the_first() -> None:
    steps: list[int] = []

    class Counted(SGD):
        def step(self, closure: Any = None) -> Any:
            steps.append(1)
            return super().step(closure)

    loss = prepared(steps=2, first_steps=3, optimizer=lambda p: Counted(p, lr=0.1))
    loss.advance(picture(1), 0)
    assert len(steps) == 5
    loss.advance(picture(1), 1)
    assert len(steps) == 7


def test_crops_of_both_sides_are_turned_alike() -> None:
    seen: list[Tensor] = []

    class Watching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, maps: Tensor) -> Tensor:
            seen.append(maps.detach())
            return self.scale * maps.mean(1, keepdim=True)

    class Watcher(Critic):
        def build(self, channels: int) -> nn.Module:
            return Watching()

    # the only crop of a picture of its size, so that orientations are all that is drawn
    loss = make_loss(critic=Watcher(), orientations=8, crops=32, size=12, penalty=None)
    loss.prepare(references(None, [picture(2)]))
    seen.clear()
    loss.advance(picture(2), 0)
    style, own, _ = seen
    assert torch.equal(style, own)
    assert len({crop.numpy().tobytes() for crop in style}) == 8


def test_a_style_gives_crops_by_its_share() -> None:
    loss = make_loss(crops=1000)
    loss.prepare(references(None, [picture(2), picture(3), picture(4)], (0.75, 0.25, 0.0)))
    counts = loss._counts(torch.Generator().manual_seed(0))
    assert sum(counts) == 1000
    assert counts[0] == pytest.approx(750, abs=60)  # more than four standard deviations of 13.7
    assert len(counts) == 2


def test_the_same_seed_makes_the_same_critic() -> None:
    losses = [prepared(seed=seed) for seed in (1, 1, 2)]
    torch.manual_seed(5)  # nothing is drawn from torch's own generator
    for loss in losses:
        loss.advance(picture(1), 0)
    first, second, other = (parameters(loss) for loss in losses)
    assert same(first, second)
    assert not same(first, other)


def test_a_critic_leaves_torchs_own_generator_as_it_is() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    prepared(penalty=GradientPenalty()).advance(picture(1), 0)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_critic_goes_on_at_the_next_scale_and_not_in_the_next_run() -> None:
    loss = prepared()
    new = parameters(loss)
    loss.advance(picture(1), 0)
    trained = parameters(loss)
    loss.prepare(references(None, [picture(2, 20)]))
    assert same(parameters(loss), trained)
    loss.restart()
    loss.prepare(references(None, [picture(2)]))
    assert same(parameters(loss), new)


def test_a_critic_goes_on_from_its_state(tmp_path: Path) -> None:
    whole, resumed = prepared(steps=2), prepared(steps=2)
    for step in range(2):
        whole.advance(picture(1), step)
    torch.save(whole.state(), tmp_path / "state.pt")
    resumed.load_state(torch.load(tmp_path / "state.pt", weights_only=True))
    features = picture(5)
    assert torch.equal(resumed(features), whole(features))
    for loss in (whole, resumed):
        loss.advance(picture(3), 2)
    assert same(parameters(resumed), parameters(whole))
    assert torch.equal(resumed(features), whole(features))


def test_a_state_does_not_change_with_the_critic() -> None:
    loss = prepared()
    loss.advance(picture(1), 0)
    state = loss.state()
    kept = state["networks"]["image"]["0.weight"].clone()
    memory = state["memory"][0]["exp_avg"].clone()
    loss.advance(picture(1), 1)
    assert torch.equal(state["networks"]["image"]["0.weight"], kept)
    assert torch.equal(state["memory"][0]["exp_avg"], memory)


def test_another_optimizer_of_the_critic_starts_cold() -> None:
    loss, other = prepared(), prepared(optimizer=lambda p: SGD(p, lr=0.1, momentum=0.9))
    loss.advance(picture(1), 0)
    other.load_state(loss.state())
    training = other.training_of_critic
    assert training is not None
    assert not training.optimizer.state_dict()["state"]
    assert same(parameters(other), parameters(loss))


def test_options_of_the_optimizer_win_over_the_state() -> None:
    loss, other = prepared(), prepared(optimizer=lambda p: Adam(p, lr=0.5))
    loss.advance(picture(1), 0)
    other.load_state(loss.state())
    training = other.training_of_critic
    assert training is not None
    saved = training.optimizer.state_dict()
    assert saved["param_groups"][0]["lr"] == 0.5
    assert saved["state"][0]["step"] == 1


def test_a_state_of_another_shape_is_refused() -> None:
    loss = prepared()
    loss.advance(picture(1), 0)
    with pytest.raises(ValueError, match=r"other layers or another shape.*start anew"):
        prepared(critic=PatchCritic(width=5, depth=2)).load_state(loss.state())


def test_a_state_with_another_layer_more_is_refused() -> None:
    loss = prepared()
    loss.advance(picture(1), 0)
    state = loss.state()
    state["networks"]["relu1_1"] = state["networks"]["image"]
    with pytest.raises(LossError, match=r"other layers or another shape.*start anew"):
        prepared().load_state(state)


def test_crops_smaller_than_the_critics_patch_are_refused() -> None:
    with pytest.raises(ValueError, match=r"`size` .* at least 7, the critic's patch, got 6"):
        make_loss(critic=PatchCritic(depth=3))


def test_a_critic_that_says_too_small_a_patch_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`critic` .* Greedy, can't read crops of 6 x 6 .*patch"):
        prepared(critic=Greedy())


def test_crops_shrink_where_a_picture_is_smaller() -> None:
    loss = make_loss(size=10)
    loss.prepare(references(None, [picture(2, 12), picture(3, 8)]))
    loss.advance(picture(1, 7), 0)
    # by hand: crops of 7, of which a critic of 5 x 5 sees 3 x 3 patches
    assert loss._style_scores["image"].shape == (4, 1, 3, 3)


def test_a_critic_without_scores_is_refused() -> None:
    with pytest.raises(ValueError, match=r"scores of shape \(B, 1, h, w\), got \(1, 36\)"):
        prepared(critic=NoScores())


def test_an_optimizer_that_can_not_be_made_is_refused() -> None:
    with pytest.raises(LossError, match=r"can't train a critic \(Invalid learning rate"):
        prepared(optimizer=lambda p: Adam(p, lr=-1.0))


def test_an_optimizer_that_can_not_take_a_step_is_refused() -> None:
    loss = prepared(optimizer=lambda p: SparseAdam([*p]))
    with pytest.raises(LossError, match=r"`optimizer` of AdversarialStyleLoss .* dense gradients"):
        loss.advance(picture(1), 0)


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"steps": 0}, "`steps` of AdversarialStyleLoss must be at least 1, got 0"),
        ({"crops": 0}, "`crops`"),
        ({"size": 0}, "`size`"),
        ({"first_steps": -1}, "`first_steps` of AdversarialStyleLoss must be at least 0, got -1"),
        (
            {"first_steps": None},
            "must be at least 0, got None",
        ),
        ({"orientations": 3}, "be 1, 2, 4 or 8"),
        ({"seed": 2**63}, "`seed`"),
    ],
)
def test_a_number_out_of_its_range_is_refused(values: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        make_loss(**values)


def test_the_scope_is_that_of_the_criterion() -> None:
    assert make_loss(criterion=HingeCriterion()).scope == "local"
    assert make_loss(criterion=NonSaturatingCriterion()).scope == "local"
    assert make_loss(criterion=RelativisticCriterion()).scope == "global"
    assert make_loss(criterion=WassersteinCriterion()).scope == "global"


# in a run

MAPS = {"layers": {"image": 1.0, "level1": 1.0}}


def module_of(loss: AdversarialStyleLoss, **values: Any) -> StyleTransfer:
    torch.manual_seed(0)
    losses = {"content": ContentLoss(100.0, ["level1"]), "critic": loss}
    return make_module(losses=losses, **values)


@pytest.mark.parametrize("penalty", [R1Penalty(), GradientPenalty()])
def test_resuming_with_a_critic_is_exact_from_every_step(
    tmp_path: Path, content: Path, style: Path, penalty: Any
) -> None:
    def loss() -> AdversarialStyleLoss:
        critic = PatchCritic(width=4, depth=2, spectral=True)
        criterion = RelativisticCriterion()  # which remembers the style's scores
        return make_loss(**MAPS, critic=critic, criterion=criterion, penalty=penalty, first_steps=1)

    data = StyleTransferData(str(content), str(style), size=32)
    every = ModelCheckpoint(tmp_path / "saved", "{step}", every_n_train_steps=1, save_top_k=-1)
    whole = loss()
    module = module_of(whole)
    make_trainer(tmp_path, every).fit(module, data)
    for step in range(1, 6):  # of the two scales of `make_module`, the boundary after 3
        resumed = loss()
        again = module_of(resumed)
        path = tmp_path / "saved" / f"step={step}.ckpt"
        other = ModelCheckpoint(tmp_path / f"again-{step}", "{step}", every_n_train_steps=1)
        make_trainer(tmp_path, other).fit(again, data, ckpt_path=path, weights_only=True)
        assert torch.equal(again.picture, module.picture), step
        assert same(parameters(resumed), parameters(whole)), step


def test_a_run_with_a_critic_is_made_again_from_the_start(
    tmp_path: Path, data: StyleTransferData
) -> None:
    module = module_of(make_loss())
    make_trainer(tmp_path).fit(module, data)
    first = module.picture.clone()
    make_trainer(tmp_path).fit(module, data)
    assert torch.equal(module.picture, first)


def test_the_picture_alone_is_what_the_run_optimises(
    tmp_path: Path, data: StyleTransferData
) -> None:
    module = module_of(make_loss())
    trainer = make_trainer(tmp_path)
    trainer.fit(module, data)
    (group,) = trainer.optimizers[0].param_groups
    assert [each.shape for each in group["params"]] == [module.picture.shape]
    assert trainer.global_step == 6  # the critic's steps are none of the run's


def test_a_critic_is_refused_with_lbfgs(tmp_path: Path, data: StyleTransferData) -> None:
    with pytest.raises(
        ValueError, match=r"The loss 'critic' changes .* step: give --model.optimizer Adam\.$"
    ):
        make_trainer(tmp_path).fit(
            module_of(make_loss(), optimizer=lambda p: LBFGS(p, history_size=4)), data
        )


@pytest.mark.parametrize(
    ("criterion", "chance"), [(HingeCriterion(), 2.0), (NonSaturatingCriterion(), 1.386294)]
)
def test_a_picture_that_is_the_style_stays_and_the_critic_learns_nothing(
    tmp_path: Path, style: Path, criterion: Any, chance: float
) -> None:
    loss = make_loss(criterion=criterion, crops=32, optimizer=lambda p: Adam(p, lr=1e-2))
    data = StyleTransferData(str(style), str(style), size=16)
    module = fit(
        tmp_path,
        data,
        losses={"critic": loss},
        init="content",
        optimizer=lambda p: SGD(p, lr=1.0),
        schedule=Schedule(steps=20),
    )
    (target,) = module.data.styles(16)
    # a pull that all patches share moves no picture of this size by a level of 255 a step
    assert (module.picture - target).abs().max() < 20 / 255
    training = loss.training_of_critic
    assert training is not None
    with torch.no_grad():
        scores = [
            training.networks["image"](loss._scaled({"image": each}, "image"))
            for each in (target, module.picture)
        ]
    assert float(criterion.critic(*scores)) == pytest.approx(chance, abs=0.1)
