from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from stylelightning import StyleTransferData
from stylelightning.backbones import (
    VGG16,
    VGG19,
    Backbone,
    RandomMultiscale,
    SlimVGG,
    TorchvisionModel,
)
from stylelightning.execution import engine
from stylelightning.execution import winograd as winograd_module
from stylelightning.execution.engine import FastBackbone
from stylelightning.execution.frozen_convolution import FrozenConvolution
from stylelightning.execution.halving import halved
from stylelightning.execution.probe import Pace
from stylelightning.execution.winograd import WinogradConvolution
from stylelightning.losses import GramLoss, Loss
from tests.runs import fit, make_module, make_trainer


@pytest.fixture
def data(content: Path, style: Path) -> StyleTransferData:
    return StyleTransferData(str(content), str(style), size=16)


class Casts(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the tensors of four dimensions and many channels that are cast: the filters."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.filters = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if "_to_copy" in str(func) and args[0].ndim == 4 and args[0].shape[0] > 1:
            self.filters += 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_filters_are_laid_out_and_cast_once(precision: str) -> None:
    backbone = VGG16(weights=None)
    before = {name: each.clone() for name, each in backbone.state_dict().items()}
    run = FastBackbone(backbone)
    run.start(torch.device("cpu"), precision)
    lower = torch.bfloat16 if precision == "bf16-mixed" else torch.float32
    for parameter in backbone.parameters():
        assert parameter.dtype == lower
        assert parameter.ndim < 4 or parameter.is_contiguous(memory_format=torch.channels_last)
    with Casts() as casts, torch.autocast("cpu", enabled=precision == "bf16-mixed"):
        backbone(torch.rand(1, 3, 16, 16), ["relu1_2"])
    assert casts.filters == 0
    run.stop()
    for name, each in backbone.state_dict().items():
        assert torch.equal(each, before[name])


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_average_pools_are_torchs_own_but_in_16_bits_on_a_cpu(precision: str) -> None:
    backbone = VGG16(weights=None, pooling="avg")
    pools = [backbone.network.get_submodule(f"pool{block}") for block in range(1, 6)]
    run = FastBackbone(backbone)
    run.start(torch.device("cpu"), precision)
    assert [vars(pool).get("forward") for pool in pools] == (
        [halved if precision == "bf16-mixed" else None] * 5
    )
    run.stop()
    assert not any("forward" in vars(pool) for pool in pools)


def test_a_backbone_may_keep_its_layout() -> None:
    backbone = RandomMultiscale(levels=1, filters=2, sizes=[3])
    FastBackbone(backbone).start(torch.device("cpu"), "32-true")
    assert all(parameter.is_contiguous() for parameter in backbone.parameters())


def test_casts_would_be_seen() -> None:
    backbone = RandomMultiscale(levels=2, filters=2, sizes=[3])
    with Casts() as casts, torch.autocast("cpu"):
        backbone(torch.rand(1, 3, 16, 16), ["level1", "level2"])
    assert casts.filters > 0


def test_casting_once_changes_nothing() -> None:
    image = torch.rand(1, 3, 32, 32)
    backbone = VGG19(weights=None)
    with torch.autocast("cpu"):
        expected = backbone(image, ["relu2_1"])["relu2_1"]
    run = FastBackbone(backbone)
    run.start(torch.device("cpu"), "bf16-mixed")
    with torch.autocast("cpu"):
        found = backbone(image, ["relu2_1"])["relu2_1"]
    torch.testing.assert_close(found, expected)


def test_a_run_leaves_the_backbone_as_it_was(tmp_path: Path, data: StyleTransferData) -> None:
    module = make_module()
    before = {name: each.clone() for name, each in module.backbone.state_dict().items()}
    make_trainer(tmp_path, precision="bf16-mixed").fit(module, data)
    for name, each in module.backbone.state_dict().items():
        assert torch.equal(each, before[name])


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("high", ("high", "tf32")), ("highest", ("highest", "ieee")), (None, None)],
    ids=["high", "highest", "torch's own"],
)
def test_the_precision_of_float32_is_that_of_the_run_alone(
    tmp_path: Path, data: StyleTransferData, asked: Any, expected: tuple[str, str] | None
) -> None:
    def settings() -> tuple[str, str]:
        convolutions = torch.backends.cudnn.conv  # type: ignore[attr-defined]
        return torch.get_float32_matmul_precision(), convolutions.fp32_precision

    seen = []

    class Watching(RandomMultiscale):
        def forward(self, *args: Any) -> dict[str, Tensor]:
            seen.append(settings())
            return super().forward(*args)

    before = settings()
    watching = Watching(levels=2, filters=2, sizes=[3])
    fit(tmp_path, data, backbone=watching, matmul_precision=asked)
    assert set(seen) == {expected or before}
    assert settings() == before


def test_a_compiled_backbone_makes_the_same_picture(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = fit(tmp_path, data).picture
    # all of it but the C++ that inductor writes, for which a compiler is needed
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    compiled = fit(tmp_path, data, compile=True).picture
    torch.testing.assert_close(compiled, plain)


def test_targets_do_not_go_through_the_compiled_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(*args: Any) -> None:
        raise AssertionError("compiled")

    monkeypatch.setattr(torch, "compile", lambda *args, **options: compiled)
    run = FastBackbone(RandomMultiscale(levels=1, filters=2), compile_mode="reduce-overhead")
    with torch.no_grad():
        assert run.compute(torch.rand(1, 3, 16, 16), ["level1"])["level1"].shape[2:] == (16, 16)
    with pytest.raises(AssertionError, match="compiled"):
        run.compute(torch.rand(1, 3, 16, 16), ["level1"])


class Maps:
    """Sees the maps of a network, and which of them are still held."""

    def __init__(self, network: nn.Module) -> None:
        self.seen: dict[StorageWeakRef, int] = {}
        for module in network.modules():
            if not list(module.children()):
                module.register_forward_hook(self._see)

    def _see(self, module: nn.Module, args: Any, output: Tensor) -> None:
        storage = output.untyped_storage()
        self.seen[StorageWeakRef(storage)] = storage.nbytes()  # type: ignore[no-untyped-call]

    @property
    def held(self) -> int:
        sizes = [0]
        for storage, size in self.seen.items():
            if not storage.expired():  # type: ignore[no-untyped-call]
                sizes.append(size)
        return sum(sizes)


NETWORKS: dict[str, tuple[Callable[[], Backbone], list[str]]] = {
    "vgg16": (lambda: VGG16(weights=None, pooling_factor=2.0), ["relu1_1", "conv3_2", "pool4"]),
    "slim": (SlimVGG, ["relu1_1", "conv3_2", "pool4"]),
    "resnet18": (lambda: TorchvisionModel("resnet18", weights=None), ["layer1.0", "layer4.0.bn1"]),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_activation_checkpointing_keeps_less_and_changes_nothing(name: str) -> None:
    make, layers = NETWORKS[name]
    held, gradients = {}, {}
    for recomputes in (False, True):
        run = FastBackbone(make(), recomputes=recomputes)
        run.start(torch.device("cpu"), "32-true")
        image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
        image.requires_grad_()
        maps = Maps(run.backbone)
        features = run.compute(image, layers)
        held[recomputes] = maps.held
        total = torch.stack([each.square().mean() for each in features.values()]).sum()
        torch.autograd.backward(total)
        assert image.grad is not None
        gradients[recomputes] = image.grad
        run.stop()
    assert held[True] < held[False] / 2
    assert torch.equal(gradients[True], gradients[False])


def pictures_with_and_without(option: str, folder: Path, data: StyleTransferData) -> list[Tensor]:
    """Return the pictures of two runs of a VGG, one with a switch of the module off and one on."""
    losses: dict[str, Loss | None] = {"style": GramLoss(1.0, ["relu1_1", "relu2_2"], "hw")}
    settings: list[dict[str, Any]] = [{option: False}, {option: True}]
    return [
        fit(folder / str(n), data, backbone=VGG16(weights=None), losses=losses, **each).picture
        for n, each in enumerate(settings)
    ]


def test_a_run_with_activation_checkpointing_makes_the_same_picture(
    tmp_path: Path, data: StyleTransferData
) -> None:
    assert torch.equal(*pictures_with_and_without("activation_checkpointing", tmp_path, data))


def test_activation_checkpointing_is_refused_where_it_saves_nothing() -> None:
    with pytest.raises(ValueError, match="`activation_checkpointing` has nothing to save with Ran"):
        make_module(activation_checkpointing=True)


CPU = torch.device("cpu")


def replaced(backbone: Backbone) -> set[str]:
    """Return which convolutions are called in another way."""
    return {name for name, module in backbone.named_modules() if "forward" in vars(module)}


def replacements(backbone: Backbone) -> list[Any]:
    """Return what is called in their place."""
    found = (vars(module).get("forward") for module in backbone.modules())
    return [each for each in found if each is not None]


def test_convolutions_in_bfloat16_have_a_gradient_that_is_one() -> None:
    backbone = VGG16(weights=None)
    run = FastBackbone(backbone)
    layers = ["relu1_1", "relu3_1"]
    maps, gradients = {}, {}
    for own in (False, True):
        if own:
            run.start(CPU, "bf16-mixed")
            assert sum(isinstance(each, FrozenConvolution) for each in replacements(backbone)) == 13
        image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
        image.requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            features = run.compute(image, layers)
        torch.autograd.backward(
            torch.stack([each.float().mean() for each in features.values()]).sum()
        )
        assert image.grad is not None
        maps[own], gradients[own] = features["relu3_1"].detach().float(), image.grad
    run.stop()
    assert not replacements(backbone)
    assert (maps[True] - maps[False]).norm() < 1e-2 * maps[False].norm()
    assert (gradients[True] - gradients[False]).norm() < 5e-2 * gradients[False].norm()


MANY_CHANNELS = {
    *("conv2_2", "conv3_1", "conv3_2", "conv3_3"),
    *(f"conv{block}_{number}" for block in (4, 5) for number in (1, 2, 3)),
}


@pytest.mark.parametrize(
    ("winograd", "part", "precision", "expected"),
    [
        (None, 0.6, "32-true", True),
        (None, 0.95, "32-true", False),
        (None, 1.5, "32-true", False),
        (None, 0.6, "64-true", False),
        (True, 1.5, "32-true", True),
        (False, 0.6, "32-true", False),
    ],
)
def test_winograds_algorithm_is_taken_where_it_pays_or_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    winograd: bool | None,
    part: float,
    precision: str,
    expected: bool,
) -> None:
    monkeypatch.setattr(engine, "pace", lambda: Pace(winograd=part, bfloat16=1.0))
    backbone = VGG16(weights=None)
    caplog.clear()
    run = FastBackbone(backbone, winograd=winograd)
    run.start(CPU, precision)
    names = {f"network.{name}" for name in MANY_CHANNELS} if expected else set()
    assert replaced(backbone) == names
    run.stop()
    assert not replaced(backbone)
    assert not caplog.text


@pytest.mark.parametrize("precision", ["bf16-mixed", "64-true"])
def test_winograds_algorithm_has_no_effect_in_another_precision_and_says_so(
    caplog: pytest.LogCaptureFixture, precision: str
) -> None:
    backbone = VGG16(weights=None)
    run = FastBackbone(backbone, winograd=True)
    run.start(CPU, precision)
    assert not any(isinstance(each, WinogradConvolution) for each in replacements(backbone))
    assert f"in 32-true only: this run is on cpu in {precision}." in caplog.text


def test_winograds_algorithm_is_not_for_a_compiled_backbone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ValueError, match="`winograd` true has no effect on a compiled backbone"):
        make_module(backbone=VGG16(weights=None), compile=True, winograd=True)
    monkeypatch.setattr(engine, "winograd_pays", lambda: True)
    backbone = VGG16(weights=None)
    FastBackbone(backbone, compile_mode="default").start(CPU, "32-true")
    assert not replaced(backbone)


@pytest.mark.parametrize("name", NETWORKS)
def test_winograds_algorithm_computes_the_same_maps_and_gradient(name: str) -> None:
    make, layers = NETWORKS[name]
    backbone = make()
    with torch.no_grad():  # a graph that was made before the run is the one that is run
        backbone(torch.rand(1, 3, 128, 128), layers)
    maps, gradients = {}, {}
    for winograd in (False, True):
        run = FastBackbone(backbone, winograd=winograd)
        run.start(CPU, "32-true")
        assert bool(replaced(backbone)) is winograd
        image = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
        image.requires_grad_()
        features = run.compute(image, layers)
        torch.autograd.backward(torch.stack([each.mean() for each in features.values()]).sum())
        assert image.grad is not None
        maps[winograd] = features[layers[-1]].detach()
        gradients[winograd] = image.grad
        run.stop()
    assert 0 < (maps[True] - maps[False]).norm() < 1e-5 * maps[False].norm()
    # a rounding at a kink of ReLU or of a pool is another path
    assert (gradients[True] - gradients[False]).norm() < 1e-2 * gradients[False].norm()


def test_a_run_by_winograds_algorithm_makes_the_same_picture(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(winograd_module, "FEWEST_TILES", 1)
    direct, other = pictures_with_and_without("winograd", tmp_path, data)
    torch.testing.assert_close(other, direct, rtol=0, atol=1e-3)
    assert not torch.equal(other, direct)  # or it was not taken


def test_winograds_algorithm_without_large_convolutions_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    FastBackbone(RandomMultiscale(levels=1, filters=1), winograd=True).start(CPU, "32-true")
    assert "`model.winograd` has no effect on RandomMultiscale" in caplog.text


@pytest.mark.parametrize("part", [0.5, 12.0])
def test_slow_16_bits_are_said(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, part: float
) -> None:
    monkeypatch.setattr(engine, "pace", lambda: Pace(winograd=1.0, bfloat16=part))
    run = FastBackbone(RandomMultiscale(levels=1, filters=1))
    run.start(torch.device("cpu"), "bf16-mixed")
    assert ("12.0 times slower in 16 bits" in caplog.text) is (part > 1)
    caplog.clear()
    run.start(torch.device("cpu"), "32-true")
    assert not caplog.text
