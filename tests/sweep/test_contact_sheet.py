"""Contact sheets: what stands where, and what is said in place of a picture."""

from pathlib import Path

import pytest
from PIL import Image, ImageFont

from stylelightning.report.contents import Axis
from stylelightning.sweep.contact_sheet import TILE, file_name, write_contact_sheets
from stylelightning.sweep.drawing import GAP, GREY, LINE, Block, draw_sheet, wrapped
from stylelightning.sweep.records import Record, Status
from stylelightning.sweep.sweep_folder import SweepFolder

OPTIMIZER = Axis("model.optimizer", ("Adam", "SGD"))
RATE = Axis("model.optimizer.lr", ("0.1", "1"))
STYLE = Axis("data.style", ("waves", "mosaic"))
COLOURS = {"Adam": (255, 0, 0), "SGD": (0, 0, 255)}


def point(
    folder: Path, place: dict[str, str], status: Status = "done", size: tuple[int, int] = (30, 20)
) -> Record:
    """Return a record whose picture has the colour of its optimizer, if it has one."""
    name = "-".join(place.values())
    if status in ("done", "stopped"):
        path = folder / name / "result.png"
        path.parent.mkdir()
        Image.new("RGB", size, COLOURS[place.get(OPTIMIZER.name, "Adam")]).save(path)
    error = "The run diverged at step 4." if status == "failed" else ""
    return Record(name, place, status, folder=name, error=error)


def place(optimizer: str, rate: str, **others: str) -> dict[str, str]:
    return {OPTIMIZER.name: optimizer, RATE.name: rate, **others}


def colours_at(sheet: Path, *places: tuple[int, int]) -> list[tuple[int, ...]]:
    with Image.open(sheet) as image:
        return [image.getpixel(each) for each in places]  # type: ignore[misc]  # RGB: a tuple


def has_colour(sheet: Path, colour: tuple[int, int, int]) -> int:
    with Image.open(sheet) as image:
        return sum(n for n, each in image.getcolors(1 << 24) or [] if each == colour)


def test_rows_are_the_first_axis_and_columns_the_second(tmp_path: Path) -> None:
    records = [point(tmp_path, place(o, r)) for o in OPTIMIZER.labels for r in RATE.labels]
    (sheet,) = write_contact_sheets(SweepFolder(tmp_path), [OPTIMIZER, RATE], records)
    assert sheet == tmp_path / "sheets" / "model.optimizer--model.optimizer.lr.png"
    with Image.open(sheet) as image:
        width, height = image.size
    # by hand: a heading of one line, labels of one line, two rows of pictures of 3 : 2
    row = TILE * 2 // 3 + GAP
    assert height == GAP + 2 * LINE + 2 * row
    centres = [width - GAP - TILE // 2, width - 2 * GAP - TILE - TILE // 2]
    first, second = height - row - row // 2, height - row // 2
    assert colours_at(sheet, *((x, first) for x in centres)) == [COLOURS["Adam"]] * 2
    assert colours_at(sheet, *((x, second) for x in centres)) == [COLOURS["SGD"]] * 2


def test_three_axes_have_a_sheet_for_every_two(tmp_path: Path) -> None:
    records = [
        point(tmp_path, place(o, r, **{STYLE.name: s}))
        for o in OPTIMIZER.labels
        for r in RATE.labels
        for s in STYLE.labels
    ]
    sheets = write_contact_sheets(SweepFolder(tmp_path), [OPTIMIZER, RATE, STYLE], records)
    assert [sheet.name for sheet in sheets] == [
        "model.optimizer--model.optimizer.lr.png",
        "model.optimizer--data.style.png",
        "model.optimizer.lr--data.style.png",
    ]
    # every sheet shows all eight pictures
    for sheet in sheets:
        for colour in COLOURS.values():
            assert has_colour(sheet, colour) == 4 * TILE * (TILE * 2 // 3)


def test_one_axis_has_a_sheet_of_its_own_in_short_rows(tmp_path: Path) -> None:
    axis = Axis("data.size", tuple(str(size) for size in range(8)))
    records = [point(tmp_path, {axis.name: label}) for label in axis.labels]
    (sheet,) = write_contact_sheets(SweepFolder(tmp_path), [axis], records)
    assert sheet.name == "data.size.png"
    with Image.open(sheet) as image:
        assert image.width == 6 * (TILE + GAP) + GAP
    assert has_colour(sheet, (255, 0, 0)) == 8 * TILE * (TILE * 2 // 3)


def test_no_axis_has_no_sheet(tmp_path: Path) -> None:
    assert write_contact_sheets(SweepFolder(tmp_path), [], [Record("only", {})]) == []


@pytest.mark.parametrize("status", ["failed", "waiting", "stopped"])
def test_what_has_no_result_is_grey(tmp_path: Path, status: Status) -> None:
    records = [point(tmp_path, place("Adam", "0.1")), point(tmp_path, place("SGD", "1"), status)]
    (sheet,) = write_contact_sheets(SweepFolder(tmp_path), [OPTIMIZER, RATE], records)
    assert has_colour(sheet, GREY) > 3000
    # a stopped run has a picture, with a band at its foot
    assert bool(has_colour(sheet, COLOURS["SGD"])) == (status == "stopped")


def test_a_lost_or_broken_picture_is_grey(tmp_path: Path) -> None:
    records = [point(tmp_path, place("Adam", "0.1")), point(tmp_path, place("SGD", "1"))]
    (tmp_path / "Adam-0.1" / "result.png").unlink()
    (tmp_path / "SGD-1" / "result.png").write_bytes(b"no picture")
    (sheet,) = write_contact_sheets(SweepFolder(tmp_path), [OPTIMIZER, RATE], records)
    assert has_colour(sheet, GREY) > 2 * 20000
    assert not has_colour(sheet, COLOURS["Adam"])


def test_pictures_keep_their_shapes(tmp_path: Path) -> None:
    records = [
        point(tmp_path, place("Adam", "0.1"), size=(20, 40)),
        point(tmp_path, place("SGD", "0.1"), size=(4, 400)),
    ]
    (sheet,) = write_contact_sheets(SweepFolder(tmp_path), [OPTIMIZER, RATE], records)
    # by hand: twice as high as wide fits; 1 : 100 is as high as two tiles, 384 / 100 pixels wide
    assert has_colour(sheet, COLOURS["Adam"]) == TILE * 2 * TILE
    assert has_colour(sheet, COLOURS["SGD"]) == 4 * 2 * TILE


def test_a_sheet_follows_a_picture_that_changes(tmp_path: Path) -> None:
    records = [point(tmp_path, place("Adam", "0.1"))]
    write_contact_sheets(SweepFolder(tmp_path), [OPTIMIZER, RATE], records)
    (tmp_path / "Adam-0.1" / "result.png").unlink()
    Image.new("RGB", (30, 20), "lime").save(tmp_path / "Adam-0.1" / "result.png")
    (sheet,) = write_contact_sheets(SweepFolder(tmp_path), [OPTIMIZER, RATE], records)
    assert has_colour(sheet, (0, 255, 0)) == TILE * (TILE * 2 // 3)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("model.optimizer.lr", "model.optimizer.lr"),
        ("../../etc/passwd", "etc-passwd"),
        ("a b:c", "a-b-c"),
        ("...", "axis"),
        ("x" * 300, "x" * 80),
    ],
)
def test_a_key_becomes_a_safe_file_name(key: str, name: str) -> None:
    assert file_name(key) == name


def test_axes_whose_file_names_agree_have_sheets_of_their_own(tmp_path: Path) -> None:
    axes = [Axis("a b", ("1",)), Axis("a:b", ("1",)), Axis("a/b", ("1",))]
    record = Record("one", {axis.name: "1" for axis in axes})
    sheets = write_contact_sheets(SweepFolder(tmp_path), axes, [record])
    assert len({*sheets}) == len([*(tmp_path / "sheets").iterdir()]) == 3


def test_a_long_label_is_wrapped_and_then_cut() -> None:
    font = ImageFont.load_default(15)
    text = "torch.optim.Adam(lr=0.1, betas=[0.9, 0.999])"
    lines = wrapped(text, font, 120, 9)
    assert len(lines) > 2
    assert all(font.getlength(line) <= 120 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert wrapped(text, font, 120, 2)[0] == lines[0]
    assert wrapped(text, font, 120, 2)[1].endswith("…")
    letters = wrapped("x" * 100, font, 120, 99)
    assert "".join(letters) == "x" * 100
    assert all(font.getlength(line) <= 120 for line in letters)


def test_a_picture_on_a_sheet_is_left_as_it_was() -> None:
    picture = Image.new("RGB", (30, 20), "red")
    draw_sheet([Block("title", ["label"], {"row": [picture]})], 60)
    assert picture.size == (30, 20)
