"""Which matrices are drawn, of a whole picture and of its regions."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from stylelightning import StyleTransferData
from stylelightning.callbacks import GramMatrixVisualizer
from stylelightning.callbacks.gram_chart import draw_grams
from stylelightning.losses import GramLoss, HistogramLoss
from stylelightning.run.folder import RunFolder
from tests.runs import fit


def drawn(folder: Path) -> list[str]:
    return sorted(RunFolder(folder).last_grams())


@pytest.fixture
def labels(tmp_path: Path) -> str:
    picture = Image.new("RGB", (32, 24), "blue")  # as large as the content image
    picture.paste("yellow", (16, 0, 32, 24))
    picture.save(tmp_path / "labels.png")
    return str(tmp_path / "labels.png")


def test_matrices_are_drawn_of_every_term_that_has_some(
    content: Path, style: Path, tmp_path: Path
) -> None:
    losses = {"style": GramLoss(1.0, ["level1"]), "forms": HistogramLoss(1.0, ["level1"])}
    fit(
        tmp_path,
        StyleTransferData(str(content), str(style), size=16),
        GramMatrixVisualizer(1),
        losses=losses,
    )
    assert drawn(tmp_path) == ["style/level1"]


def test_each_region_has_matrices_of_its_own(
    content: Path, style: Path, labels: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, tuple[Tensor, Tensor]] = {}

    def draw(name: str, step: int, target: Tensor, current: Tensor, panel_size: int) -> Tensor:
        given[name] = target, current
        return draw_grams(name, step, target, current, panel_size)

    monkeypatch.setattr("stylelightning.callbacks.gram_matrix.draw_grams", draw)
    losses = {"style": GramLoss(1.0, ["image"], "hw"), "forms": HistogramLoss(1.0, ["level1"])}
    data = StyleTransferData(str(content), str(style), size=16, content_masks=labels)
    fit(tmp_path, data, GramMatrixVisualizer(1), losses=losses)
    assert drawn(tmp_path) == ["style/blue/image", "style/yellow/image"]
    assert set(given) == set(drawn(tmp_path))
    (blue, of_blue), (yellow, of_yellow) = (given[name] for name in drawn(tmp_path))
    assert torch.equal(blue, yellow)  # one style image paints both
    assert not torch.allclose(of_blue, of_yellow, rtol=1e-2)
