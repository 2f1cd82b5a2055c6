"""Paths that begin with configs/ and are the package's own."""

from pathlib import Path

import pytest

from stylelightning.files.existing import existing_file
from stylelightning.files.shipped import shipped, shipped_folder
from tests.conftest import ROOT

PICTURE = "configs/images/style.jpg"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_checkout_reads_its_own_configs() -> None:
    assert shipped_folder() == ROOT / "configs"


@pytest.mark.parametrize("path", [PICTURE, f"./{PICTURE}", Path(PICTURE)], ids=repr)
def test_a_path_below_configs_is_the_packages_own(path: str | Path) -> None:
    assert shipped(path) == ROOT / PICTURE
    assert existing_file(path) == ROOT / PICTURE


def test_what_is_in_the_working_folder_wins(tmp_path: Path) -> None:
    own = tmp_path / PICTURE
    own.parent.mkdir(parents=True)
    own.write_bytes(b"picture")
    assert existing_file(PICTURE) == own


@pytest.mark.parametrize(
    "path",
    [
        "style.jpg",
        "images/style.jpg",
        "more/configs/images/style.jpg",
        "/configs/images/style.jpg",
        "configs/../pyproject.toml",
        "configs\0/images/style.jpg",
        "configs.yaml",
    ],
)
def test_any_other_path_stays_as_it_is(path: str) -> None:
    assert shipped(path) == Path(path)


def test_a_typo_is_looked_for_among_the_packages_own() -> None:
    with pytest.raises(FileNotFoundError, match=r"did you mean style\.jpg"):
        existing_file("configs/images/styel.jpg")


def test_a_typo_beside_configs_of_ones_own_is_looked_for_there(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "mine.jpg").write_bytes(b"picture")
    with pytest.raises(FileNotFoundError, match=r"did you mean mine\.jpg\?"):
        existing_file("configs/mien.jpg")
