"""The photorealism term."""

from pathlib import Path

import pytest
import torch

from stylelightning import Schedule, StyleTransferData
from stylelightning.functional.matting import matting_energy, matting_windows
from stylelightning.losses import PhotorealismLoss
from tests.runs import make_module, make_trainer, references


def test_the_photorealism_term_is_the_mean_or_the_sum_of_its_energy() -> None:
    content, picture = ({"image": torch.rand(1, 3, 4, 5, dtype=torch.float64)} for _ in range(2))
    values = []
    for reduction in ("mean", "sum"):
        loss = PhotorealismLoss(1.0, 1e-3, reduction)
        loss.prepare(references(content, []))
        values.append(loss(picture))
    torch.testing.assert_close(
        values[1], matting_energy(picture["image"], matting_windows(content["image"], 1e-3))
    )
    torch.testing.assert_close(values[0], values[1] / 60)  # 3 x 4 x 5 values


def test_the_photorealism_term_refuses_pictures_without_a_window(
    content: Path, style: Path, tmp_path: Path
) -> None:
    module = make_module(losses={"photo": PhotorealismLoss()}, schedule=Schedule(1, 2))
    data = StyleTransferData(str(content), str(style), size=2)
    with pytest.raises(ValueError, match=r"\A.+ at least 3 .+\Z"):
        make_trainer(tmp_path).fit(module, data)
