"""When a record is taken, and by which module."""

from pathlib import Path

import pytest
from lightning.pytorch import LightningModule
from lightning.pytorch.demos.boring_classes import BoringModel

from stylelightning import StyleTransferData
from stylelightning.callbacks import (
    LossLog,
)
from stylelightning.callbacks.periodic import style_transfer
from tests.runs import make_module, make_trainer


def test_the_last_step_of_a_shortened_run_is_recorded(
    tmp_path: Path,
    data: StyleTransferData,
) -> None:
    make_trainer(tmp_path, LossLog(100), max_steps=2).fit(make_module(), data)
    rows = (tmp_path / "losses.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "1", "2"]


def test_another_module_is_refused() -> None:
    module: LightningModule = BoringModel()
    with pytest.raises(TypeError, match="reads a StyleTransfer, got BoringModel"):
        style_transfer(module)
