"""A teacher of a few channels, and the folders of pictures that its student learns from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from torch import Tensor

from stylelightning.backbones import VGG16
from stylelightning.backbones.vgg import VGG
from stylelightning.distillation.data import DistillationData
from stylelightning.distillation.module import Distillation
from stylelightning.images import write_picture
from tests.conftest import smooth_picture
from tests.runs import make_trainer

CHANNELS = (4, 4, 6, 6, 6)

Train = Callable[..., Distillation]


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> VGG:
    """VGG-16 with few channels and untrained filters, with biases as trained ones have."""
    monkeypatch.setattr("stylelightning.backbones.vgg.CHANNELS", CHANNELS)
    network = VGG16(weights=None)
    generator = torch.Generator().manual_seed(0)
    for name, value in network.network.named_parameters():
        if name.endswith("bias"):
            value.copy_(0.3 * torch.randn(value.shape, generator=generator))
    return network


@pytest.fixture
def crops() -> list[Tensor]:
    return [torch.cat([smooth_picture(32, 32, 2 * n + i) for i in range(2)]) for n in range(4)]


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Two folders to learn from and one to measure on."""
    for seed, name in enumerate(("photographs", "textures", "held_out")):
        (tmp_path / name).mkdir()
        for n in range(2):
            write_picture(tmp_path / name / f"{n}.png", smooth_picture(24, 40, 10 * seed + n))
    return tmp_path


def make_data(folders: Path, **values: Any) -> DistillationData:
    settings: dict[str, Any] = {
        "pictures": {str(folders / "photographs"): 0.6, str(folders / "textures"): 0.3},
        "held_out": {"photographs": str(folders / "held_out")},
        "noise_share": 0.1,
        "side": 16,
        "batch_size": 2,
        "fit_batches": 3,
        "measure_batches": 1,
    }
    return DistillationData(**{**settings, **values})


def make_training(teacher: VGG, **values: Any) -> Distillation:
    settings: dict[str, Any] = {"channels": [3, 3], "deepest": "relu2_2", "warmup": 2}
    return Distillation(teacher, **{**settings, **values})


def trainer_of(folder: Path, *callbacks: Callback, max_steps: int, **values: Any) -> Trainer:
    return make_trainer(
        folder,
        *callbacks,
        max_steps=max_steps,
        num_sanity_val_steps=0,
        check_val_every_n_epoch=None,
        val_check_interval=1000,
        **values,
    )


@pytest.fixture
def train(tmp_path: Path, teacher: VGG, folders: Path) -> Train:
    """Train a student for some steps, and return its training, still with its trainer."""

    def fit(
        *callbacks: Callback,
        steps: int,
        ckpt_path: Path | None = None,
        precision: str = "32-true",
        **values: Any,
    ) -> Distillation:
        torch.manual_seed(0)
        module = make_training(teacher, **values)
        trainer = trainer_of(tmp_path, *callbacks, max_steps=steps, precision=precision)
        trainer.fit(module, datamodule=make_data(folders), ckpt_path=ckpt_path, weights_only=True)
        return module

    return fit
