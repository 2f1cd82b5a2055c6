"""What is on TensorBoard, read back."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylelightning.images import read_picture
from tests.boards import events
from tests.conftest import GRAMS, Run


def test_tensorboard_shows_pictures_grams_and_scalars(run: Run) -> None:
    folder = run(GRAMS)
    tags = events(folder).Tags()
    grams = {"gram/style/level1", "gram/style/level2"}
    assert set(tags["images"]) == {"Picture", "Picture/content", "Picture/style", *grams}
    scalars = {"loss/content", "loss/style", "loss/tv", "loss/total", "step_time"}
    assert scalars <= set(tags["scalars"])


def test_tensorboard_holds_the_files_own_pictures_and_the_tables_own_numbers(run: Run) -> None:
    folder = run()
    board = events(folder)
    for event in board.Images("Picture"):
        with Image.open(io.BytesIO(event.encoded_image_string)) as shown:
            on_board = np.asarray(shown, dtype=int)
        with Image.open(folder / "images" / f"step_{event.step:06d}.png") as file:
            on_disk = np.asarray(file, dtype=int)
        assert abs(on_board - on_disk).max() <= 1  # add_image cuts to 8 bit, the file is rounded
    with (folder / "losses.csv").open() as file:
        rows = {int(row["step"]): float(row["total"]) for row in csv.DictReader(file)}
    logged = {event.step: event.value for event in board.Scalars("loss/total")}
    assert logged == pytest.approx(rows)


def test_pictures_on_the_board_are_at_most_as_large_as_asked(run: Run, tmp_path: Path) -> None:
    top = tmp_path / "top.yaml"
    top.write_text("callbacks:\n  snapshots:\n    init_args:\n      board_size: 20\n")
    folder = run("--config", str(top))
    (first, *_, last) = events(folder).Images("Picture")
    assert (first.width, first.height) == (16, 12)
    assert (last.width, last.height) == (20, 15)
    assert read_picture(folder / "images" / "step_000006.png").width == 32
