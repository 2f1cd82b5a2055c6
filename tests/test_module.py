"""The LightningModule through its Python interface."""

import logging
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.plugins import MixedPrecision
from torch import Tensor
from torch.amp import GradScaler
from torch.optim import Optimizer

from stylelightning import Schedule, StyleTransfer, StyleTransferData
from stylelightning.backbones import Pixels, RandomMultiscale
from stylelightning.callbacks import StopOnDivergence
from stylelightning.execution.tiling import Tiling
from stylelightning.losses import (
    ContentLoss,
    GaussianWassersteinLoss,
    GramLoss,
    Loss,
    References,
    SlicedWassersteinLoss,
    TotalVariationLoss,
)
from tests.runs import OPTIMIZERS, fit, make_module, make_trainer


def test_exactly_one_parameter_requires_grad(tmp_path: Path, data: StyleTransferData) -> None:
    module = fit(tmp_path, data)
    assert [n for n, p in module.named_parameters() if p.requires_grad] == [
        "canvas.parametrization.image"
    ]


class Sizes(Callback):
    """Notes the picture's size at each step."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Any) -> None:
        assert isinstance(pl_module, StyleTransfer)
        self.seen.append(pl_module.canvas.size)


def test_each_scale_runs_its_steps(tmp_path: Path, data: StyleTransferData) -> None:
    sizes = Sizes()
    module = fit(tmp_path, data, sizes)
    assert sizes.seen == [(12, 16)] * 3 + [(24, 32)] * 3
    assert module.picture.shape == (1, 3, 24, 32)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_step_is_one_evaluation_for_every_optimizer(
    tmp_path: Path, data: StyleTransferData, optimizer: str
) -> None:
    sizes = Sizes()
    fit(tmp_path, data, sizes, optimizer=OPTIMIZERS[optimizer])
    assert len(sizes.seen) == 6


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_total_falls(tmp_path: Path, data: StyleTransferData, optimizer: str) -> None:
    totals: list[float] = []

    class Totals(Callback):
        def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
            totals.append(float(loss.detach()))

    schedule = Schedule(steps=25)
    fit(tmp_path, data, Totals(), optimizer=OPTIMIZERS[optimizer], schedule=schedule)
    assert totals[-1] < 0.5 * totals[0]


@pytest.mark.parametrize(("optimizer", "clamped"), [("sgd", True), ("lbfgs", False)])
def test_only_first_order_methods_are_clamped(
    tmp_path: Path, data: StyleTransferData, optimizer: str, clamped: bool
) -> None:
    class Brighter(Loss):
        """Pulls every pixel to 2, out of range."""

        def prepare(self, references: References) -> None:
            pass

        def forward(self, features: dict[str, Tensor]) -> Tensor:
            return (features["image"] - 2).square().mean()

    losses = {"light": Brighter(1e4, ["image"])}
    module = fit(tmp_path, data, optimizer=OPTIMIZERS[optimizer], losses=losses)
    assert bool(module.canvas.decode().max() <= 1) is clamped
    assert module.picture.max() == 1


@pytest.mark.parametrize(("carry", "kept"), [(False, False), (True, True)], ids=["cold", "carried"])
def test_moments_are_carried_over_when_asked(
    tmp_path: Path, data: StyleTransferData, carry: bool, kept: bool
) -> None:
    steps: list[float] = []

    class AdamSteps(Callback):
        def on_train_batch_end(
            self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
        ) -> None:
            (state,) = trainer.optimizers[0].state.values()
            assert state["exp_avg"].shape == pl_module.canvas.decode().shape
            assert state["exp_avg_sq"].min() >= 0
            steps.append(float(state["step"]))

    fit(tmp_path, data, AdamSteps(), carry_moments=carry)
    assert steps == ([1, 2, 3, 4, 5, 6] if kept else [1, 2, 3, 1, 2, 3])


def test_an_optimizer_with_other_shapes_starts_cold(
    tmp_path: Path, data: StyleTransferData
) -> None:
    module = fit(tmp_path, data, optimizer=lambda p: torch.optim.Adafactor(p), carry_moments=True)
    optimizer = module.optimizers(use_pl_optimizer=False)
    assert isinstance(optimizer, Optimizer)
    assert optimizer.state[module.canvas.decode()]["step"] == 3


def test_lbfgs_always_starts_cold(tmp_path: Path, data: StyleTransferData) -> None:
    module = fit(tmp_path, data, optimizer=OPTIMIZERS["lbfgs"], carry_moments=True)
    optimizer = module.optimizers(use_pl_optimizer=False)
    assert isinstance(optimizer, torch.optim.LBFGS)
    assert optimizer.state[module.canvas.decode()]["n_iter"] == 3


@pytest.mark.parametrize(
    "scheduler",
    [
        lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.5),
        lambda o: torch.optim.lr_scheduler.ReduceLROnPlateau(
            o, factor=0.5, patience=0, threshold=1e9
        ),
    ],
    ids=["exponential", "plateau"],
)
def test_the_learning_rate_is_scheduled_by_step_and_anew_at_each_scale(
    tmp_path: Path, data: StyleTransferData, scheduler: Any
) -> None:
    rates: list[float] = []

    class Rates(Callback):
        def on_before_optimizer_step(
            self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
        ) -> None:
            rates.append(optimizer.param_groups[0]["lr"])

    fit(tmp_path, data, Rates(), lr_scheduler=scheduler)
    assert rates[:2] == rates[3:5]
    assert rates[0] == 0.02
    assert rates[2] < rates[0]


@pytest.mark.parametrize("init", ["content", "style", "noise", "gray", "file"])
def test_the_picture_starts_where_it_is_asked_to(
    tmp_path: Path, data: StyleTransferData, init: str, style: Path
) -> None:
    module = make_module(init=str(style) if init == "file" else init)
    starts: list[torch.Tensor] = []

    class Start(Callback):
        def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
            starts.append(pl_module.picture.clone())

    make_trainer(tmp_path, Start()).fit(module, data)
    (start,) = starts
    assert start.shape == (1, 3, 12, 16)
    if init == "content":
        torch.testing.assert_close(start, data.pictures.content(16))
    elif init == "gray":
        assert bool((start == 0.5).all())
    elif init == "noise":
        # white noise: no correlation between neighbours, uniform variance 1 / 12
        assert abs(start.var() - 1 / 12) < 0.02
        assert (
            abs(
                torch.corrcoef(torch.stack([start[..., 1:].flatten(), start[..., :-1].flatten()]))[
                    0, 1
                ]
            )
            < 0.2
        )
    else:  # the square style image fills the picture and is cut, not stretched: rows 2 to 14
        torch.testing.assert_close(
            start, data.pictures.styles(16)[0][..., 2:14, :], atol=0.02, rtol=0
        )


def test_noise_comes_from_the_seed_alone(tmp_path: Path, data: StyleTransferData) -> None:
    pictures = []
    for draws in (0, 5):
        torch.manual_seed(3)
        torch.rand(draws)  # other draws change nothing
        pictures.append(fit(tmp_path, data).picture)
    assert torch.equal(pictures[0], pictures[1])


def test_a_run_is_the_same_twice_and_other_with_another_seed(
    tmp_path: Path, data: StyleTransferData
) -> None:
    pictures = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        pictures.append(fit(tmp_path, data).picture)
    assert torch.equal(pictures[0], pictures[1])
    assert not torch.equal(pictures[0], pictures[2])


def test_small_scales_are_skipped_with_their_size(
    tmp_path: Path, data: StyleTransferData, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("stylelightning").propagate = True
    backbone = RandomMultiscale(levels=5, filters=2, sizes=[3])  # level5 needs 16 px
    losses = {"style": GramLoss(1.0, ["level5"])}
    sizes = Sizes()
    with caplog.at_level(logging.WARNING):
        fit(tmp_path, data, sizes, backbone=backbone, losses=losses)
    assert "The scale of 16x12 px is skipped" in caplog.text
    assert "at least 16 px" in caplog.text
    assert set(sizes.seen) == {(24, 32)}


def test_a_picture_too_small_at_every_scale_names_the_smallest_usable(
    tmp_path: Path, data: StyleTransferData
) -> None:
    backbone = RandomMultiscale(levels=6, filters=2, sizes=[3])  # level6 needs 32 px; 24 is less
    with pytest.raises(ValueError, match=r"picture of 32x24 px.*32 px on every.*--data.size 42"):
        fit(tmp_path, data, backbone=backbone, losses={"style": GramLoss(1.0, ["level6"])})


def test_the_named_smallest_size_is_usable(tmp_path: Path, content: Path, style: Path) -> None:
    backbone = RandomMultiscale(levels=6, filters=2, sizes=[3])
    data = StyleTransferData(str(content), str(style), size=42)
    fit(tmp_path, data, backbone=backbone, losses={"style": GramLoss(1.0, ["level6"])})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"losses": {}}, "`model.losses` must name at least one loss"),
        ({"losses": {"style": None}}, "`model.losses` must name at least one loss"),
        (
            {"losses": {"a.b": TotalVariationLoss()}},
            "a plain word and not taken, got 'a.b'",
        ),
    ],
)
def test_bad_losses_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_module(**values)


def test_an_unknown_layer_is_refused_with_near_ones(
    tmp_path: Path, data: StyleTransferData
) -> None:
    with pytest.raises(ValueError, match=r"Unknown layer 'level3'.*level1, level2|level2, level1"):
        fit(tmp_path, data, losses={"style": GramLoss(1.0, ["level3"])})


@pytest.mark.parametrize(("kind", "loss"), [("content", ContentLoss), ("style", GramLoss)])
def test_a_loss_without_its_image_says_so(
    tmp_path: Path, content: Path, kind: str, loss: type[Loss]
) -> None:
    other = {"content": "style", "style": "content"}[kind]
    data = StyleTransferData(**{other: str(content)})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=f"'term' needs a {kind} image.*--model.losses.term null"):
        fit(tmp_path, data, losses={"term": loss(1.0, ["level1"])})


@pytest.mark.parametrize("init", ["content", "style"])
def test_an_initial_image_that_is_missing_says_so(tmp_path: Path, content: Path, init: str) -> None:
    other = {"content": "style", "style": "content"}[init]
    data = StyleTransferData(**{other: str(content)})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=f"is {init}, but there is no {init} image"):
        fit(tmp_path, data, init=init, losses={"tv": TotalVariationLoss()})


def test_an_initial_file_that_is_missing_says_the_choices(
    tmp_path: Path, data: StyleTransferData
) -> None:
    with pytest.raises(FileNotFoundError, match=r"must be content, style, noise, gray or the path"):
        fit(tmp_path, data, init="contnt")


@pytest.mark.parametrize("precision", ["16-true", "bf16-true"])
def test_a_picture_in_16_bits_is_refused(
    tmp_path: Path, data: StyleTransferData, precision: Any
) -> None:
    with pytest.raises(ValueError, match=f"{precision} would keep the picture.*use bf16-mixed"):
        make_trainer(tmp_path, precision=precision).fit(make_module(), data)


def test_a_scaled_gradient_is_refused_with_lbfgs(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    # on a CPU Lightning turns 16-mixed into bf16-mixed: say what a GPU's trainer would
    monkeypatch.setattr(Trainer, "precision", property(lambda self: "16-mixed"))
    with pytest.raises(ValueError, match=r"16-mixed scales the gradient.*bf16-mixed or 32-true"):
        make_trainer(tmp_path).fit(make_module(optimizer=OPTIMIZERS["lbfgs"]), data)


def test_a_random_loss_is_refused_with_lbfgs_unless_its_draws_are_kept(
    tmp_path: Path, data: StyleTransferData
) -> None:
    def losses(renew: int | None) -> dict[str, Loss | None]:
        return {"style": SlicedWassersteinLoss(100.0, renew_every_n_steps=renew)}

    with pytest.raises(
        ValueError, match=r"The loss 'style' changes.*losses.style.renew_every_n_steps null"
    ):
        fit(tmp_path, data, losses=losses(1), optimizer=OPTIMIZERS["lbfgs"])
    fit(tmp_path, data, losses=losses(None), optimizer=OPTIMIZERS["lbfgs"])
    fit(tmp_path, data, losses=losses(1))


def test_bf16_mixed_prepares_targets_in_float32(tmp_path: Path, data: StyleTransferData) -> None:
    loss = GaussianWassersteinLoss(1.0, ["level1"])
    make_trainer(tmp_path, precision="bf16-mixed").fit(make_module(losses={"style": loss}), data)
    mean, target = loss.targets["level1"]
    assert (mean.dtype, target.vectors.dtype) == (torch.float64, torch.float32)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_bf16_mixed_keeps_picture_and_statistics_in_float32(
    tmp_path: Path, data: StyleTransferData, optimizer: str
) -> None:
    module = make_module(optimizer=OPTIMIZERS[optimizer])
    make_trainer(tmp_path, precision="bf16-mixed").fit(module, data)
    assert module.canvas.decode().dtype == torch.float32
    statistics = module.terms.statistics["style"]
    assert {matrix.dtype for matrix in statistics.values()} == {torch.float32}
    assert module.picture.isfinite().all()


@pytest.mark.parametrize("tiling", [None, Tiling(32)])
def test_targets_are_computed_in_full_precision_in_bf16_mixed(
    tmp_path: Path, data: StyleTransferData, tiling: Tiling | None
) -> None:
    style = GaussianWassersteinLoss(1.0, ["level1"])
    module = make_module(losses={"style": style}, tiling=tiling)
    make_trainer(tmp_path, precision="bf16-mixed").fit(module, data)
    _, covariance = style.targets["level1"]
    assert covariance.vectors.dtype == torch.float32


def test_a_scaled_gradient_goes_over_a_scale_change(
    tmp_path: Path, data: StyleTransferData
) -> None:
    scaled = MixedPrecision("16-mixed", "cpu", GradScaler("cpu", init_scale=2.0**40))
    module = make_module(averaging=0.9, carry_moments=True)
    make_trainer(tmp_path, plugins=[scaled]).fit(module, data)
    assert module.picture.isfinite().all()
    assert scaled.scaler is not None
    assert scaled.scaler.get_scale() < 2.0**40  # some steps were skipped, and it went on


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
def test_every_precision_goes_over_a_scale_change_on_a_gpu(
    tmp_path: Path, data: StyleTransferData, precision: Any
) -> None:
    module = make_module(averaging=0.9, carry_moments=True)
    trainer = make_trainer(tmp_path, StopOnDivergence(), precision=precision, accelerator="gpu")
    trainer.fit(module, data)
    assert module.canvas.decode().dtype == torch.float32
    assert module.picture.isfinite().all()


def test_an_optimizer_that_cannot_work_says_so(tmp_path: Path, data: StyleTransferData) -> None:
    with pytest.raises(ValueError, match=r"`model.optimizer` can't optimise a picture: Muon"):
        fit(tmp_path, data, optimizer=lambda p: torch.optim.Muon(p))


def test_several_processes_are_refused(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trainer, "world_size", property(lambda self: 2))
    with pytest.raises(ValueError, match=r"devices times num_nodes must be 1, got 2"):
        fit(tmp_path, data)


def test_a_module_before_its_run_has_no_finite_picture() -> None:
    assert not make_module().finite  # a signal may come so early


def test_a_module_before_its_run_says_that_it_has_no_picture(tmp_path: Path) -> None:
    module = make_module()
    for each in (module, deepcopy(module)):
        with pytest.raises(RuntimeError, match=r"^There is no picture yet: .*fit\(module, datamod"):
            _ = each.picture
    with pytest.raises(TypeError):  # refused in `setup`
        make_trainer(tmp_path).fit(module, train_dataloaders=[torch.empty(0)])
    with pytest.raises(RuntimeError, match="There is no picture yet"):
        _ = module.picture


def test_max_steps_ends_a_run_early(tmp_path: Path, data: StyleTransferData) -> None:
    trainer = make_trainer(tmp_path, max_steps=2)
    trainer.fit(make_module(), data)
    assert trainer.global_step == 2


def test_a_plain_trainer_makes_the_picture_with_its_own_defaults(
    tmp_path: Path, data: StyleTransferData
) -> None:
    module = make_module()
    trainer = Trainer(max_steps=4, default_root_dir=tmp_path, accelerator="cpu", devices=1)
    trainer.fit(module, datamodule=data)
    assert trainer.global_step == 4  # of 6
    assert module.picture.shape == (1, 3, 24, 32)  # the second scale
    assert set(module.terms.weighted) == {"content", "style"}
    assert [*tmp_path.rglob("*.ckpt")] != []  # Lightning's own, as its defaults have it


def test_another_datamodule_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="needs a StyleTransferData as its datamodule, got None"):
        make_trainer(tmp_path).fit(make_module(), train_dataloaders=[torch.empty(0)])


def test_a_run_without_a_backbone_layer_needs_only_pixels(
    tmp_path: Path, data: StyleTransferData
) -> None:
    losses = {"content": ContentLoss(100.0, ["image"]), "tv": TotalVariationLoss(1.0)}
    module = fit(tmp_path, data, backbone=Pixels(), losses=losses)
    assert module.picture.isfinite().all()
