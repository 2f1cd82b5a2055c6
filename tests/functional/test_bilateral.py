"""Smoothing along the edges of a guide."""

import math

import torch

from stylelightning.functional.bilateral import joint_bilateral


def test_a_round_is_the_weighted_mean_by_hand() -> None:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand((1, 2, 4, 5), generator=generator, dtype=torch.float64)
    guide = torch.rand((1, 1, 4, 5), generator=generator, dtype=torch.float64)
    found = joint_bilateral(image, guide, 10.0, 1)
    for row in range(4):
        for column in range(5):
            total, weights = [0.0, 0.0], 0.0
            for down in (-1, 0, 1):
                for across in (-1, 0, 1):
                    at = min(max(row + down, 0), 3), min(max(column + across, 0), 4)
                    step = float(guide[0, 0, *at] - guide[0, 0, row, column])
                    weight = math.exp(-10 * abs(step))
                    weights += weight
                    total = [t + weight * float(image[0, c, *at]) for c, t in enumerate(total)]
            expected = torch.tensor([t / weights for t in total], dtype=torch.float64)
            torch.testing.assert_close(found[0, :, row, column], expected)


def test_rounds_follow_each_other() -> None:
    image, guide = torch.rand(1, 2, 6, 6), torch.rand(1, 1, 6, 6)
    once = joint_bilateral(image, guide, 10.0, 1)
    torch.testing.assert_close(
        joint_bilateral(image, guide, 10.0, 2), joint_bilateral(once, guide, 10.0, 1)
    )
    assert torch.equal(joint_bilateral(image, guide, 10.0, 0), image)


def test_nothing_crosses_an_edge_of_the_guide() -> None:
    guide = torch.zeros(1, 1, 6, 8)
    guide[..., 4:] = 100
    image = torch.zeros(1, 1, 6, 8)
    image[..., 4:] = 1
    torch.testing.assert_close(joint_bilateral(image, guide, 10.0, 20), image)
