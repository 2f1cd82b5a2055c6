"""Which files of a folder are taken for pictures, and what is said of the others."""

from pathlib import Path

import pytest
from PIL import Image

from stylelightning.images import pictures_of_folder
from tests.images.test_unread_formats import HEIC


def fill(folder: Path) -> None:
    for name in ("a.png", "b.JPE", "c.ico", "d.qoi"):
        Image.new("RGB", (16, 16)).save(folder / name)
    Image.new("RGB", (4, 4)).save(folder / "e.download", "PNG")
    Image.new("RGB", (4, 4)).save(folder / "f", "JPEG")
    (folder / "g.HEIC").write_bytes(HEIC)
    (folder / "h").write_bytes(HEIC)
    (folder / "i.cr2").write_bytes(b"anything")
    (folder / "j.png").write_bytes(b"broken")
    (folder / "k.jpg").symlink_to(folder / "nowhere.jpg")
    for name in (".hidden.png", "._a.png", ".DS_Store", "Thumbs.db", "desktop.ini"):
        (folder / name).write_bytes(b"x")
    for name in ("l.txt", "m.xmp", "n.MOV"):
        (folder / name).write_bytes(b"<x:xmpmeta>")
    (folder / "o.png").mkdir()
    Image.new("RGB", (4, 4)).save(folder / "o.png" / "p.png")


def test_every_picture_is_taken_and_the_rest_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(tmp_path)
    names = [path.name for path in pictures_of_folder(tmp_path)]
    expected = ["a.png", "b.JPE", "c.ico", "d.qoi", "e.download", "f", "g.HEIC", "h", "i.cr2"]
    assert names == [*expected, "j.png", "k.jpg"]
    (record,) = caplog.records
    assert record.getMessage() == (
        f"Not taken from {tmp_path}, for they are no pictures: l.txt, m.xmp, n.MOV, o.png/."
    )


def test_folders_in_it_are_looked_into_on_demand(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(tmp_path)
    (tmp_path / ".cache").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / ".cache" / "q.png")
    names = [path.name for path in pictures_of_folder(tmp_path, deep=True)]
    assert names[-2:] == ["k.jpg", "p.png"]
    assert "q.png" not in names
    assert "l.txt, m.xmp, n.MOV." in caplog.text


def test_many_others_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(9):
        (tmp_path / f"{number}.txt").touch()
    assert pictures_of_folder(tmp_path) == []
    assert "0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 4 more." in caplog.text


def test_folder_of_pictures_alone_says_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    assert pictures_of_folder(tmp_path) == [tmp_path / "a.png"]
    assert not caplog.records
