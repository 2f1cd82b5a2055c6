"""The Laplacian term."""

import pytest
import torch

from stylelightning.losses import LaplacianLoss
from tests.runs import references


def test_the_laplacian_term_by_hand() -> None:
    loss = LaplacianLoss(1.0, ["image"], pool=2, reduction="sum")
    content = torch.zeros(1, 1, 6, 6)
    loss.prepare(references({"image": content}, []))
    # the middle square of nine becomes 1: its Laplacian is 4, and it is the only inner one
    picture = content.clone()
    picture[..., 2:4, 2:4] = 1
    assert loss({"image": picture}) == 16
    assert loss({"image": content + 0.3}).item() == pytest.approx(0, abs=1e-9)  # colours are free
