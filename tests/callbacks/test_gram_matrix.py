"""Gram matrices as pictures."""

import pytest
import torch

from stylelightning.callbacks import (
    GramMatrixVisualizer,
)
from stylelightning.callbacks.gram_matrix import colour


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
    picture = GramMatrixVisualizer(panel_size=2)._draw(target, 2 * target)
    panels = picture[..., [0, 8, 16]]  # each first column: 2 px, a gap of 6
    full, zero = colour(torch.tensor([[1.0, 0.0]])).unbind(2)
    torch.testing.assert_close(panels[:, 0], full.expand(3, 3))  # 4, 8 (cut) and 8 - 4
    torch.testing.assert_close(panels[:, 1], zero.expand(3, 3))


@pytest.mark.parametrize(("channels", "side"), [(2, 4), (4, 4), (8, 4)])
def test_a_matrix_fits_its_panel(channels: int, side: int) -> None:
    drawn = GramMatrixVisualizer(panel_size=4)._draw(torch.eye(channels), torch.eye(channels))
    assert drawn.shape == (3, side, 3 * side + 12)
