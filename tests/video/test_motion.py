"""The flow between two frames, and what follows from it."""

import pytest
import torch

from stylelightning.video.motion import check_flow, motion
from stylelightning.video.survey import temporal_error
from tests.conftest import smooth_picture
from tests.video.clips import panned


def test_a_still_scene_has_no_flow_and_counts_everywhere() -> None:
    frame = smooth_picture(24, 32, 1)
    found = motion(frame, frame)
    assert bool((found.flow == 0).all())
    assert bool((found.trust == 1).all())
    assert found.reliable == 1
    torch.testing.assert_close(found.moved(frame, torch.zeros_like(frame)), frame)
    assert temporal_error(frame, frame, found) == pytest.approx(0, abs=1e-6)


def test_a_pan_is_found_and_undone() -> None:
    before, frame = panned(0, height=48, width=64), panned(3, height=48, width=64)
    found = motion(frame, before)
    inside = (slice(None), slice(None), slice(8, -8), slice(8, -12))
    # what is at p in the frame was 3 pixels further right before
    flow = found.flow[inside].median(3).values.median(2).values
    assert flow.flatten().tolist() == pytest.approx([3, 0], abs=0.3)
    assert float(found.trust[inside].mean()) > 0.9
    change = (frame - before)[inside].abs().mean()
    assert temporal_error(frame, before, found) < 0.25 * float(change)


def test_a_place_outside_shows_what_is_given() -> None:
    before, frame = panned(0, height=48, width=64), panned(6, height=48, width=64)
    moved = motion(frame, before).moved(before, torch.full_like(frame, 2.0))
    assert bool((moved[..., 10:-10, -2:] == 2).all())  # new at the right
    assert bool((moved[..., 10:-10, 10:40] <= 1).all())


def test_without_its_package_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylelightning.video.motion.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'stylelightning\[video\]'"):
        check_flow()
