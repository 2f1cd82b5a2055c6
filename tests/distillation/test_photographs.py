import csv
import hashlib
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from stylelightning.distillation.photographs import (
    Package,
    Photograph,
    main,
    photographs,
    unpacked,
    write,
)
from stylelightning.images import write_picture
from tests.conftest import smooth_picture

WALLS = Path("usr/share/walls")


@pytest.fixture
def package(tmp_path: Path) -> Package:
    folder = tmp_path / "unpacked"
    licence = folder / "usr/share/doc/walls/copyright"
    licence.parent.mkdir(parents=True)
    licence.write_text("CC0-1.0\n")
    (folder / WALLS).mkdir()
    return Package("walls", "1:2.0-1", folder)


def add(package: Package, name: str, seed: int, height: int = 16, width: int = 24) -> Path:
    path = package.folder / WALLS / name
    write_picture(path, smooth_picture(height, width, seed))
    return path


def shrunk(picture: Path, to: Path, size: tuple[int, int]) -> None:
    to.parent.mkdir(exist_ok=True)
    with Image.open(picture) as image:
        image.resize(size, Image.Resampling.BOX).save(to)


def collect(package: Package, excluded: Path | None = None) -> tuple[list[Photograph], list[str]]:
    return photographs([package], side=16, smallest=8, excluded=excluded)


def test_of_near_duplicates_the_largest_is_kept(package: Package) -> None:
    largest = add(package, "b.png", 1, 32, 32)
    shrunk(largest, largest.with_name("a.png"), (16, 16))
    shrunk(largest, largest.with_name("wider.png"), (32, 16))
    pictures, lines = collect(package)
    assert [each.original for each in pictures] == [WALLS / "b.png"]
    assert lines == []


def test_different_pictures_are_kept_in_the_order_of_their_names(package: Package) -> None:
    for seed, name in enumerate(("b.png", "c.JPG", "a.webp", "deep/a.png")):
        add(package, name, seed)
    pictures, _ = collect(package)
    names = ["walls--walls-a", "walls--walls-b", "walls--walls-c", "walls--walls-deep-a"]
    assert [each.stem for each in pictures] == names


def test_small_pictures_links_and_other_files_are_passed_over(package: Package) -> None:
    kept = add(package, "kept.png", 1, 8, 16)
    add(package, "small.png", 2, 7, 16)
    elsewhere = package.folder.parent / "elsewhere.png"
    write_picture(elsewhere, smooth_picture(16, 16, 3))
    kept.with_name("link.png").symlink_to(elsewhere)
    kept.with_name("drawing.svg").write_text("<svg/>")
    pictures, lines = collect(package)
    assert [each.original.name for each in pictures] == ["kept.png"]
    assert lines == []


@pytest.mark.parametrize(
    ("height", "width", "written"), [(32, 24, (16, 21)), (12, 30, (30, 12))], ids=str
)
def test_the_shorter_side_is_made_smaller_never_larger(
    package: Package, tmp_path: Path, height: int, width: int, written: tuple[int, int]
) -> None:
    add(package, "one.png", 1, height, width)
    pictures, _ = collect(package)
    write(tmp_path / "out", [package], pictures)
    with Image.open(tmp_path / "out/train/walls--walls-one.jpg") as image:
        assert image.format == "JPEG"
        assert sorted(image.size) == sorted(written)


def test_unreadable_pictures_are_named(package: Package) -> None:
    whole = add(package, "whole.png", 1)
    whole.with_name("text.jpg").write_text("no picture")
    whole.with_name("half.png").write_bytes(whole.read_bytes()[:400])  # its header is there
    pictures, lines = collect(package)
    assert [each.original.name for each in pictures] == ["whole.png"]
    assert len(lines) == 2
    assert "text.jpg: it is not a picture" in lines[0]
    assert "half.png: the file ends early" in lines[1]


def test_near_duplicates_of_the_excluded_are_left_out_and_named(
    package: Package, tmp_path: Path
) -> None:
    known = add(package, "known.png", 1, 32, 32)
    add(package, "other.png", 2)
    shrunk(known, tmp_path / "excluded/shown.png", (16, 16))
    (tmp_path / "excluded/notes.txt").write_text("no picture")
    pictures, lines = collect(package, tmp_path / "excluded")
    assert [each.original.name for each in pictures] == ["other.png"]
    shown = tmp_path / "excluded/shown.png"
    assert lines == [f"Left out walls--walls-known: a near duplicate of {shown}"]


def test_every_eighth_wallpaper_is_held_out(package: Package, tmp_path: Path) -> None:
    for seed in range(1, 17):
        add(package, f"{seed:02}.png", seed)
    pictures, _ = collect(package)
    assert write(tmp_path / "out", [package], pictures) == 2
    held_out = sorted(path.name for path in (tmp_path / "out/held_out").iterdir())
    assert held_out == ["walls--walls-08.jpg", "walls--walls-16.jpg"]
    assert len(list((tmp_path / "out/train").iterdir())) == 14


def test_the_forms_of_a_wallpaper_are_held_out_together(package: Package, tmp_path: Path) -> None:
    for seed in range(1, 8):
        add(package, f"{seed}.png", seed)
    forms = ("h-d.png", "h-l.png")  # dark and light, one wallpaper: the eighth
    crops = ("i/images/32x16.png", "i/images/16x32.png", "i/images_dark/32x16.png")
    for seed, name in enumerate((*forms, *crops), start=8):
        add(package, name, seed)
    pictures, _ = collect(package)
    assert write(tmp_path / "out", [package], pictures) == 2
    held_out = sorted(path.name for path in (tmp_path / "out/held_out").iterdir())
    assert held_out == ["walls--walls-h-d.jpg", "walls--walls-h-l.jpg"]
    assert len({each.wallpaper for each in pictures}) == 9


def test_the_table_says_where_each_picture_is_from(package: Package, tmp_path: Path) -> None:
    path = add(package, "one.png", 1, 16, 24)
    pictures, _ = collect(package)
    write(tmp_path / "out", [package], pictures)
    with (tmp_path / "out/pictures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {
            "file": "train/walls--walls-one.jpg",
            "package": "walls",
            "version": "1:2.0-1",
            "original": "usr/share/walls/one.png",
            "width": "24",
            "height": "16",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
    ]
    assert (tmp_path / "out/licences/walls.txt").read_text() == "CC0-1.0\n"


def test_two_pictures_of_one_name_are_both_written(package: Package, tmp_path: Path) -> None:
    add(package, "one.png", 1)
    add(package, "one.jpg", 2)
    pictures, _ = collect(package)
    write(tmp_path / "out", [package], pictures)
    assert len(list((tmp_path / "out/train").iterdir())) == 2


def test_a_package_without_a_licence_is_refused(package: Package, tmp_path: Path) -> None:
    (package.folder / "usr/share/doc/walls/copyright").unlink()
    with pytest.raises(ValueError, match="walls has no file copyright"):
        write(tmp_path / "out", [package], [])


def test_sizes_below_one_are_refused(package: Package) -> None:
    with pytest.raises(ValueError, match="must be at least 1, got 0 and 8"):
        photographs([package], side=0, smallest=8)


def test_the_version_of_a_package_is_in_its_files_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "walls_1%3a2.0-1_all.deb").touch()
    (tmp_path / "walls-more_3_all.deb").touch()
    done = subprocess.CompletedProcess[str]("", 0)
    monkeypatch.setattr("subprocess.run", lambda *_, **__: done)
    (package,) = unpacked(["walls"], tmp_path, tmp_path / "to")
    assert package == Package("walls", "1:2.0-1", tmp_path / "to/walls")


def test_a_missing_program_is_an_error_of_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([str(tmp_path / "out")]) == 2
    error = "error: There is no apt-get here: collect on a Debian system.\n"
    assert capsys.readouterr().err == error


def test_a_program_that_fails_is_quoted_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = subprocess.CompletedProcess("", 100, "", "W: careful\nE: no package walls\n")
    monkeypatch.setattr("subprocess.run", lambda *_, **__: failed)
    assert main([str(tmp_path / "out"), "--packages", "walls"]) == 2
    assert capsys.readouterr().err == "error: apt-get download walls failed: E: no package walls\n"


def test_a_missing_file_of_a_package_is_an_error_of_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(tmp_path / "out"), "--packages", "walls", "--from", str(tmp_path)]
    assert main(given) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: The folder {tmp_path} must have one .deb file of walls, it")
    assert error.count("\n") == 1


def test_the_command_writes_pictures_and_says_how_many(
    package: Package,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for seed in range(1, 10):
        add(package, f"{seed}.png", seed)
    (package.folder / WALLS / "broken.png").write_text("no picture")
    out = tmp_path / "out"
    unpack = "stylelightning.distillation.photographs.unpacked"
    monkeypatch.setattr(unpack, lambda *_: [package])
    sizes = ("--side", "16", "--smallest", "8")
    assert main([str(out), *sizes]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"8 pictures to train on, 1 held out: {out}\n"
    assert "broken.png" in printed.err
    assert main([str(out), *sizes]) == 2
    assert f"error: The folder {out} must be empty" in capsys.readouterr().err
