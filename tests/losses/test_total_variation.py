"""The total variation term."""

import pytest
import torch

from stylelightning.losses import TotalVariationLoss


def test_no_direction_is_preferred_by_total_variation_with_diagonals() -> None:
    # a ramp of slope 1 upright and at 45 degrees, away from the border
    y, x = torch.meshgrid(torch.arange(200.0), torch.arange(200.0), indexing="ij")
    upright, oblique = x, (x + y) / 2**0.5
    losses = [TotalVariationLoss(1.0, diagonals=True), TotalVariationLoss(1.0, exponent=1.0)]
    ratios = [
        (loss({"image": upright[None, None]}) / loss({"image": oblique[None, None]})).item()
        for loss in losses
    ]
    assert ratios[0] == pytest.approx(1, abs=0.01)
    assert ratios[1] == pytest.approx(2**-0.5, abs=0.01)
