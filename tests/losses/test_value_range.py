"""The range term."""

import torch

from stylelightning.losses import RangeLoss


def test_the_range_term_by_hand() -> None:
    # (1.5 - 0) (1.5 - 1) = 0.75 at two of four values
    values = torch.tensor([-0.5, 0.25, 1.0, 1.5]).view(1, 1, 2, 2)
    assert RangeLoss(1.0)({"image": values}) == 0.375
    assert RangeLoss(1.0, reduction="sum")({"image": values}) == 1.5
