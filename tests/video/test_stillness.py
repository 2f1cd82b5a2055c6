"""Where a clip stands still."""

import pytest
import torch
from torch import Tensor

from stylelightning.parametrizations import PixelParametrization
from stylelightning.video.stillness import SETTLED, Stillness, StillParametrization
from tests.conftest import smooth_picture

TOLERANCE = 0.016
NOWHERE = torch.zeros(1, 2, 24, 32)


@pytest.fixture
def frame() -> Tensor:
    return smooth_picture(24, 32, 1)


def test_what_never_changes_stays(frame: Tensor) -> None:
    stillness = Stillness(frame, TOLERANCE)
    for _ in range(3):
        assert bool((stillness.advance(frame, NOWHERE) == 1).all())


def test_noise_is_no_change(frame: Tensor) -> None:
    stillness = Stillness(frame, TOLERANCE)
    noise = torch.randn(frame.shape, generator=torch.Generator().manual_seed(0))
    # over 25 pixels its deviation is 0.01 / 5
    assert float(stillness.advance(frame + 0.01 * noise, NOWHERE).mean()) > 0.99


def test_what_changed_is_painted_for_a_while_before_it_stays(frame: Tensor) -> None:
    other = frame.clone()
    other[..., :10] = 1 - other[..., :10]
    stillness = Stillness(frame, TOLERANCE)
    found = [stillness.advance(other, NOWHERE) for _ in range(SETTLED + 1)]
    for each in found[:SETTLED]:
        assert float(each[..., :8].max()) < 1
        assert bool((each[..., 16:] == 1).all())  # beyond what is near it
    assert bool((found[0][..., :8] == 0).all())
    assert bool((found[SETTLED] == 1).all())


def test_slow_light_is_followed(frame: Tensor) -> None:
    stillness = Stillness(frame, TOLERANCE)
    # each step is a quarter of what counts as still; all of them are ten times as much
    left = torch.ones(1, 1, 24, 32)  # of the first frame's paint
    for number in range(1, 41):
        left *= stillness.advance(frame + number * TOLERANCE / 4, NOWHERE)
    assert float(left.max()) < 1e-3


def test_a_plain_sky_moves_with_the_camera(frame: Tensor) -> None:
    sky = torch.full_like(frame, 0.5)
    stillness = Stillness(sky, TOLERANCE)
    assert bool((stillness.advance(sky, NOWHERE + 1) == 0).all())


def test_the_optimizer_does_not_move_what_stays() -> None:
    start = smooth_picture(8, 8, 2)
    still = torch.zeros(1, 1, 8, 8)
    still[..., :4] = 1
    held = StillParametrization(PixelParametrization(), start, still)
    held.encode(start)
    optimizer = torch.optim.Adam(held.parameters(), lr=0.1)
    torch.autograd.backward(held.decode().square().sum())
    optimizer.step()
    moved = (held.decode() - start).abs().detach()
    assert float(moved[..., :4].max()) == 0
    assert float(moved[..., 4:].min()) > 0.05
