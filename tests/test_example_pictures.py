"""The example pictures: each has its licence, and its script draws it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FOLDER = Path(__file__).parents[1] / "configs" / "images"
SCRIPTS = sorted(path.name for path in FOLDER.glob("draw*.py"))
PICTURES = sorted(path.name for path in FOLDER.glob("*.jpg"))


@pytest.mark.parametrize("name", PICTURES + SCRIPTS)
def test_the_licence_names_every_picture_and_its_script(name: str) -> None:
    assert f"`{name}`" in (FOLDER / "LICENSE.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_draws_the_shipped_pictures_again(script: str, tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(FOLDER / script), "--out", str(tmp_path)], check=True)
    drawn = sorted(path.name for path in tmp_path.iterdir())
    assert drawn
    for name in drawn:
        # the oracle is the shipped file; another processor may round a few strokes differently
        shipped = np.asarray(Image.open(FOLDER / name), np.float64)
        again = np.asarray(Image.open(tmp_path / name), np.float64)
        assert shipped.shape == again.shape
        assert np.abs(shipped - again).mean() < 2, name
