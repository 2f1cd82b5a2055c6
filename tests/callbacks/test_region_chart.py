"""The chart of the regions, looked at."""

import torch

from stylelightning.callbacks.region_chart import TINTS, draw_regions
from stylelightning.images import (
    Region,
    Regions,
    RegionStyle,
    RunPictures,
    SourcePicture,
    picture_of,
)


def test_regions_are_tinted_each_by_its_colour_above_a_legend() -> None:
    own = picture_of(torch.full((1, 3, 30, 120), 0.5))
    source = SourcePicture(own, own.pixels)
    mask = torch.zeros(1, 1, 30, 120)
    mask[..., :60] = 1
    parts = (Region("sky", mask, [RegionStyle(0)]), Region("red", 1 - mask, []))
    pictures = RunPictures(source, (source,), 120, (30, 120), regions=Regions(parts))
    chart = draw_regions(pictures, 120)
    height = chart.shape[1]
    assert chart.shape == (3, height, 120)
    assert height > 60  # a line for each region
    for place, tint in ((20, TINTS[0]), (100, (1.0, 0.0, 0.0))):
        expected = 0.45 * 0.5 + 0.55 * torch.tensor(tint)
        torch.testing.assert_close(chart[:, 15, place], expected, atol=0.01, rtol=0)
    assert chart[:, 30:].min() < 0.3  # ink
