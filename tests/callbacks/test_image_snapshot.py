"""Snapshots of a real run, read back."""

from pathlib import Path

from stylelightning import StyleTransferData
from stylelightning.callbacks import (
    ImageSnapshot,
)
from stylelightning.images import read_picture
from tests.runs import fit


def test_snapshots_come_every_n_steps_and_at_each_scales_end(
    tmp_path: Path,
    data: StyleTransferData,
) -> None:
    fit(tmp_path, data, ImageSnapshot(every_n_steps=2, min_seconds=0))
    names = sorted(path.stem for path in (tmp_path / "images").iterdir())
    assert names == [f"step_{step:06d}" for step in (0, 2, 3, 4, 6)]
    assert read_picture(tmp_path / "images" / "step_000003.png").width == 16
