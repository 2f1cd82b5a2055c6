from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer

from stylelightning.backbones import RandomMultiscale
from stylelightning.backbones.vgg import VGG
from stylelightning.distillation.callbacks import TrainingCheckpoint
from stylelightning.distillation.module import Distillation
from tests.distillation.conftest import Train, make_data, make_training, trainer_of


class Values(Callback):
    """Keeps a logged value and the learning rate of every step."""

    def __init__(self) -> None:
        self.errors: list[float] = []
        self.rates: list[float] = []

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int
    ) -> None:
        self.rates.append(trainer.optimizers[0].param_groups[0]["lr"])

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        self.errors.append(float(trainer.callback_metrics["error/total"]))


# learning


def test_a_student_learns(train: Train) -> None:
    values = Values()
    train(values, steps=30, lr=1e-2, warmup=0)
    assert len(values.errors) == 30
    first, last = sum(values.errors[:10]), sum(values.errors[-10:])
    assert last < 0.9 * first


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_the_teacher_stays_as_it_was(train: Train, teacher: VGG, precision: str) -> None:
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    train(steps=2, precision=precision)
    after = teacher.state_dict()
    assert {value.dtype for value in after.values()} == {torch.float32}
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(each.requires_grad for each in teacher.parameters())


def test_the_error_is_the_squared_difference_by_the_variance(train: Train, teacher: VGG) -> None:
    module = train(steps=1, variance_floor=0.5)
    image = module.data.batch(7)
    expected = {}
    wanted, ours = teacher(image, module.student.learnt), module.student(image)
    for name in module.student.learnt:
        variance = module.variances.get_buffer(name)
        difference = wanted[name] - module.student.guess(name, ours[name])
        by_channel = difference.square().mean((0, 2, 3))
        expected[f"error/{name}"] = (by_channel / (variance + 0.5 * variance.mean())).mean()
    logged: dict[str, Any] = {}
    module.log_dict = logged.update  # type: ignore[assignment, method-assign]
    module.log = lambda *_, **__: None  # type: ignore[method-assign]
    total = module.training_step(image, 0)
    torch.testing.assert_close(logged, expected)
    torch.testing.assert_close(total, torch.stack(list(expected.values())).sum())


def test_the_variances_are_those_of_the_teachers_maps(train: Train, teacher: VGG) -> None:
    module = train(steps=1)
    maps = [teacher(image, ["relu1_2"])["relu1_2"][..., ::4, ::4] for image in module.data.to_fit()]
    expected = torch.cat(maps).transpose(0, 1).flatten(1).var(1)
    torch.testing.assert_close(module.variances.get_buffer("relu1_2"), expected)


def test_the_rate_rises_and_falls(train: Train) -> None:
    values = Values()
    train(values, steps=8, lr=1.0, warmup=3)
    # by hand: (n + 1) / 4 of the warm-up times (1 + cos(pi n / 8)) / 2
    cosine = [1.0, 0.961940, 0.853553, 0.691342, 0.5, 0.308658, 0.146447, 0.038060]
    rise = [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]
    expected = [a * b for a, b in zip(rise, cosine, strict=True)]
    assert values.rates == pytest.approx(expected, abs=1e-5)


def test_measuring_logs_every_kind_and_layer(tmp_path: Path, teacher: VGG, folders: Path) -> None:
    module = make_training(teacher)
    trainer = trainer_of(tmp_path, max_steps=2)
    trainer.fit(module, datamodule=make_data(folders))
    trainer.validate(module, datamodule=make_data(folders), verbose=False)
    kinds = ("photographs", "noise")
    names = {f"explained_{kind}/{name}" for kind in kinds for name in module.student.learnt}
    assert names == set(trainer.callback_metrics)
    assert all(float(each) <= 1 for each in trainer.callback_metrics.values())


def test_measures_begin_anew_when_they_are_taken(train: Train) -> None:
    module = train(steps=1)

    def measured(step: int) -> dict[str, dict[str, float]]:
        for kind in range(2):
            module.validation_step(module.data.batch(step), 0, kind)
        return module.take_measures()

    with torch.no_grad():
        first = measured(0)
        assert measured(1) != first
        assert measured(0) == first
    assert first["photographs"] == first["noise"]


# checkpoints


def load(folder: Path) -> dict[str, Any]:
    path = folder / "checkpoints" / "last.ckpt"
    found: dict[str, Any] = torch.load(path, weights_only=True)
    return found


def test_a_checkpoint_has_neither_teacher_nor_measures(train: Train, tmp_path: Path) -> None:
    module = train(TrainingCheckpoint(), steps=1)
    names = set(load(tmp_path)["state_dict"])
    student = {f"student.{name}" for name in module.student.state_dict()}
    variances = {f"variances.{name}" for name in module.student.learnt}
    assert names == student | variances


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_resuming_is_exact(train: Train, tmp_path: Path, precision: str) -> None:
    class StopAfterThree(Callback):
        def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
            trainer.should_stop = trainer.global_step == 3

    whole = train(TrainingCheckpoint(), steps=6, precision=precision)
    expected = load(tmp_path)
    train(TrainingCheckpoint(3), StopAfterThree(), steps=6, precision=precision)
    path = tmp_path / "checkpoints" / "last.ckpt"
    assert load(tmp_path)["global_step"] == 3
    resumed = train(TrainingCheckpoint(), steps=6, ckpt_path=path, precision=precision)
    found = load(tmp_path)
    assert found["global_step"] == expected["global_step"] == 6
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name
    ours, theirs = found["optimizer_states"][0], expected["optimizer_states"][0]
    assert ours["param_groups"] == theirs["param_groups"]
    assert ours["state"].keys() == theirs["state"].keys()
    for index, state in theirs["state"].items():
        for name, value in state.items():
            assert torch.equal(ours["state"][index][name], value), (index, name)
    assert found["lr_schedulers"] == expected["lr_schedulers"]


def test_a_resumed_student_is_not_cut_again(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(TrainingCheckpoint(2), steps=2)
    path = (tmp_path / "checkpoints" / "last.ckpt").rename(tmp_path / "before.ckpt")
    monkeypatch.delattr("stylelightning.distillation.module.cut")
    resumed = train(steps=4, ckpt_path=path)
    assert resumed.trainer.global_step == 4


def test_the_rate_of_the_resuming_run_wins(train: Train, tmp_path: Path) -> None:
    train(TrainingCheckpoint(2), steps=2)
    path = (tmp_path / "checkpoints" / "last.ckpt").rename(tmp_path / "before.ckpt")
    resumed = train(TrainingCheckpoint(), steps=4, ckpt_path=path, lr=1e-2)
    assert resumed.lr == 1e-2
    assert load(tmp_path)["lr_schedulers"][0]["base_lrs"] == [1e-2]


# mistakes


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"lr": 0.0}, "`lr` and `variance_floor` must be above 0 .* got 0.0, 1.0 and 2"),
        ({"lr": float("nan")}, "got nan, 1.0 and 2"),
        ({"variance_floor": 0.0}, "got 0.0005, 0.0 and 2"),
        ({"warmup": -1}, "`warmup` at least 0, got 0.0005, 1.0 and -1"),
        ({"channels": [3]}, "`channels` must be 2 numbers from 1"),
        ({"deepest": "pool2"}, "`deepest` must be a layer such as relu5_1, got 'pool2'"),
    ],
)
def test_what_is_out_of_its_range_is_refused(
    teacher: VGG, values: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        make_training(teacher, **values)


def test_the_teacher_is_a_vgg() -> None:
    with pytest.raises(ValueError, match="`teacher` must be a VGG, got RandomMultiscale"):
        Distillation(RandomMultiscale(levels=1, filters=2, sizes=[3]), [3])
