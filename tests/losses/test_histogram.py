"""The histogram term."""

import numpy as np
import torch

from stylelightning.losses import HistogramLoss
from tests.runs import references


def test_the_histogram_term_is_the_distance_to_matched_values() -> None:
    picture, style = ({"image": torch.rand(1, 3, 4, 5, dtype=torch.float64)} for _ in range(2))
    loss = HistogramLoss(1.0, ["image"], "sum")
    loss.prepare(references(None, [style]))
    # oracle: numpy; the value of rank r becomes the style's value of rank r
    values, targets = (each["image"][0].flatten(1).numpy() for each in (picture, style))
    matched = np.take_along_axis(np.sort(targets), values.argsort().argsort(), 1)
    np.testing.assert_allclose(loss(picture), ((values - matched) ** 2).sum())
