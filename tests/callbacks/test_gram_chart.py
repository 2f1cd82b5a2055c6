"""Gram matrices as pictures."""

import pytest
import torch
from torch import Tensor

from stylelightning.callbacks.gram_chart import colour, draw_grams

SIDE, TOP = 64, 36
"""Of a panel, and the rows of text of 12 px above it: by hand, three lines."""
BAR = TOP + SIDE + 6


def drawn(target: Tensor, current: Tensor, name: str = "style/a", step: int = 1) -> Tensor:
    return draw_grams(name, step, target, current, panel_size=SIDE)


def test_colours_run_from_blue_over_white_to_red() -> None:
    blue, white, red = colour(torch.tensor([[-1.0, 0.0, 1.0]])).unbind(2)
    assert blue[2, 0] > blue[0, 0]  # more blue than red
    assert white.min() > 0.9
    assert red[0, 0] > red[2, 0]


def test_a_values_root_picks_its_colour() -> None:
    # by hand: 1/4 and 1 lie at the roots 1/2 and 1, the fourth and the last of five anchors
    torch.testing.assert_close(
        colour(torch.tensor([[0.25]])).flatten(), torch.tensor([0.84, 0.38, 0.30])
    )
    torch.testing.assert_close(colour(torch.tensor([[5.0]])), colour(torch.tensor([[1.0]])))


def test_the_three_matrices_share_the_targets_scale() -> None:
    target = torch.tensor([[4.0, 0.0], [0.0, 4.0]])
    picture = drawn(target, 2 * target)
    row = picture[:, TOP + 16]
    full, zero = colour(torch.tensor([[1.0, 0.0]])).unbind(2)
    for left in (0, SIDE + 6, 2 * (SIDE + 6)):  # 4, 8 (cut) and 8 - 4
        torch.testing.assert_close(row[:, left + 16], full[:, 0], atol=1 / 255, rtol=0)
        torch.testing.assert_close(row[:, left + 48], zero[:, 0], atol=1 / 255, rtol=0)


def test_the_scale_runs_evenly_through_the_colours() -> None:
    row = drawn(torch.eye(2), torch.eye(2))[:, BAR + 2]
    places = [0, row.shape[1] // 4, row.shape[1] // 2, -1]
    expected = colour(torch.tensor([[-1.0, -0.25, 0.0, 1.0]]))[:, 0]  # the values written there
    torch.testing.assert_close(row[:, places], expected, atol=0.02, rtol=0)  # between two pixels


def test_name_step_and_values_are_written_each_in_its_place() -> None:
    plain = drawn(torch.eye(2), torch.eye(2))
    for other in (
        drawn(torch.eye(2), torch.eye(2), name="style/b"),
        drawn(torch.eye(2), torch.eye(2), step=2),
    ):
        assert not torch.equal(plain[:, :18], other[:, :18])
        assert torch.equal(plain[:, 18:], other[:, 18:])
    twice = drawn(2 * torch.eye(2), 2 * torch.eye(2))  # the same colours on another scale
    assert torch.equal(plain[:, : BAR + 9], twice[:, : BAR + 9])
    assert not torch.equal(plain[:, BAR + 9 :], twice[:, BAR + 9 :])


def test_a_long_name_is_written_whole() -> None:
    name = "style/features.denseblock4.denselayer16"
    assert drawn(torch.eye(2), torch.eye(2), name).shape[2] > 3 * SIDE + 12


@pytest.mark.parametrize("channels", [64, 256, 512])
def test_a_matrix_fits_its_panel(channels: int) -> None:
    picture = draw_grams("style/a", 1, torch.eye(channels), torch.eye(channels), panel_size=256)
    assert picture.shape[2] == 3 * 256 + 12
    assert 0 <= picture.min() <= picture.max() <= 1


def test_a_matrix_is_enlarged_by_a_whole_factor() -> None:
    # by hand: 24 channels fit ten times into 256 px
    picture = draw_grams("style/a", 1, torch.eye(24), torch.eye(24), panel_size=256)
    assert picture.shape[2] == 3 * 240 + 12
