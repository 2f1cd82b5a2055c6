"""What the report is made of, without a browser."""

import base64
import json
import math
import os
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from stylelightning.report import write as report
from stylelightning.report.contents import Axis
from stylelightning.report.payload import (
    FEW,
    LARGER_SIDE,
    LONGEST_SIDE,
    MANY,
    MOST_STEPS,
    SMALLER_SIDE,
    THUMBNAIL,
    Payload,
    gather,
)
from stylelightning.report.write import in_script, page
from stylelightning.sweep.records import Record
from stylelightning.sweep.report import contents_of, write_report
from stylelightning.sweep.sweep_folder import SweepFolder
from tests.report.synthetic import write_run, write_sweep

AXIS = Axis("data.style", ("waves", "mosaic"))
HOSTILE = "</script><script>alert(1)</script><!--{{script}} & \" ' \u2028"


def record(point: str, **known: Any) -> Record:
    return Record(point, {AXIS.name: "waves"}, **{"status": "done", "folder": point, **known})


def gathered(folder: Path, each: Record) -> dict[str, Any]:
    run: dict[str, Any] = payload_of(folder, each).data["runs"][0]
    return run


def payload_of(folder: Path, *records: Record) -> Payload:
    return gather(contents_of(SweepFolder(folder), "sweep", [AXIS], records), folder)


def picture_in(address: str) -> Image.Image:
    return Image.open(BytesIO(base64.b64decode(address.partition(",")[2])))


def test_a_run_is_gathered_from_its_folder(tmp_path: Path) -> None:
    config = {"data": {"size": 32, "style": None}, "name": "a", "layers": ["x", "y"], "to": {}}
    write_run(tmp_path / "a", (200, 30, 60), config=config, gram_steps=(1, 10))
    terms = {"content": 4.0, "total": 10.0}
    payload = payload_of(tmp_path, record("a", terms=terms, metrics={"ssim": 0.5}, steps=10))
    assert payload.data["title"] == "sweep"
    assert payload.data["axes"] == [{"name": "data.style", "labels": ["waves", "mosaic"]}]
    (run,) = payload.data["runs"]
    assert run["place"] == {"data.style": "waves"}
    assert (run["terms"], run["metrics"], run["steps"]) == (terms, {"ssim": 0.5}, 10)
    assert run["losses"] == {
        "step": [1, 10], "content": [40, 4], "style": [60, 6], "total": [100, 10]
    }  # fmt: skip
    assert run["config"] == {
        "data.size": "32", "data.style": "null", "name": "a", "layers": '["x", "y"]', "to": "{}"
    }  # fmt: skip
    assert (run["picture"]["width"], run["picture"]["height"]) == (32, 24)
    assert run["picture"]["file"] == "a/result.png"
    assert [(gram["layer"], gram["step"]) for gram in run["grams"]] == [("style/level1", 10)]
    names = {run["picture"]["name"], run["grams"][0]["name"]}
    assert payload.pictures.keys() == names
    with picture_in(payload.pictures[run["picture"]["name"]]) as picture:
        assert picture.format == "WEBP"
        assert picture.getpixel((16, 12)) == pytest.approx((200, 30, 60), abs=3)


def test_a_large_picture_is_embedded_smaller_and_much_smaller(tmp_path: Path) -> None:
    write_run(tmp_path / "a", (200, 30, 60), size=(1500, 750))
    waiting = [Record(f"waiting{n}", {AXIS.name: "mosaic"}) for n in range(FEW)]
    payload = payload_of(tmp_path, record("a"), *waiting)
    run = payload.data["runs"][0]
    with picture_in(payload.pictures["run0"]) as full:
        assert full.size == (LONGEST_SIDE, LONGEST_SIDE // 2)
    assert run["picture"]["size"] == [1500, 750]
    with picture_in(run["picture"]["thumbnail"]) as small:
        assert small.size == (THUMBNAIL, THUMBNAIL // 2)


def test_a_page_of_few_runs_has_larger_pictures(tmp_path: Path) -> None:
    write_run(tmp_path / "a", (200, 30, 60), size=(2 * LARGER_SIDE, 10))
    with picture_in(payload_of(tmp_path, record("a")).pictures["run0"]) as full:
        assert full.size == (LARGER_SIDE, 5)


def test_a_page_of_very_many_points_has_smaller_pictures_and_no_matrices(tmp_path: Path) -> None:
    write_run(tmp_path / "a", (200, 30, 60), size=(1500, 750), gram_steps=(1,))
    waiting = [Record(f"waiting{n}", {AXIS.name: "mosaic"}) for n in range(MANY)]
    payload = payload_of(tmp_path, record("a"), *waiting)
    assert payload.pictures.keys() == {"run0"}
    with picture_in(payload.pictures["run0"]) as full:
        assert full.size == (SMALLER_SIDE, SMALLER_SIDE // 2)
    assert payload.data["longest_side"] == SMALLER_SIDE
    assert payload.data["most_with_grams"] == MANY


@pytest.mark.parametrize("name", ["result.png", "losses.csv", "config.yaml"])
@pytest.mark.parametrize("broken", [None, b"", b"a: [1", b"step,total\n1,x\n", b"\xff\xfe"])
def test_a_missing_or_broken_file_is_left_out(
    tmp_path: Path, name: str, broken: bytes | None
) -> None:
    write_run(tmp_path / "a", (1, 2, 3))
    path = tmp_path / "a" / name
    path.unlink() if broken is None else path.write_bytes(broken)
    run = gathered(tmp_path, record("a"))
    shown = {"result.png": "picture", "losses.csv": "losses", "config.yaml": "config"}
    assert run[shown.pop(name)] is None
    assert all(run[key] is not None for key in shown.values())


def test_a_point_without_a_folder_shows_nothing_of_the_sweeps_own(tmp_path: Path) -> None:
    write_run(tmp_path / "sweep", (1, 2, 3))
    run = gathered(tmp_path / "sweep", record("a", folder="", status="waiting"))
    assert (run["picture"], run["losses"], run["config"]) == (None, None, None)


def test_what_is_no_number_is_left_out_of_the_json(tmp_path: Path) -> None:
    write_run(tmp_path / "a", (1, 2, 3), losses=[(1, math.nan, 1.0), (2, math.inf, 1.0)])
    run = gathered(tmp_path, record("a", terms={"total": math.inf}, metrics={"m": math.nan}))
    assert run["losses"]["content"] == [None, None]
    assert (run["terms"], run["metrics"]) == ({"total": None}, {"m": None})
    assert run["megabytes"] is None
    json.dumps(run, allow_nan=False)


def test_a_long_table_is_thinned_and_keeps_its_ends(tmp_path: Path) -> None:
    rows = [(n, 1.0 * n, 0.0) for n in range(1, 3 * MOST_STEPS + 2)]
    write_run(tmp_path / "a", (1, 2, 3), losses=rows)
    losses = gathered(tmp_path, record("a"))["losses"]
    assert (losses["step"][0], losses["step"][-1]) == (1, 3 * MOST_STEPS + 1)
    assert len(losses["step"]) <= MOST_STEPS + 1
    assert losses["content"] == losses["step"]


def test_a_half_written_row_is_left_out(tmp_path: Path) -> None:
    write_run(tmp_path / "a", (1, 2, 3))
    with (tmp_path / "a" / "losses.csv").open("a") as file:
        file.write("11,0,32x24,1")
    assert gathered(tmp_path, record("a"))["losses"]["step"] == [1, 10]


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    write_run(tmp_path / "a", (1, 2, 3), config={"size": 1})
    path = tmp_path / "a" / "config.yaml"
    assert gathered(tmp_path, record("a"))["config"] == {"size": "1"}
    path.write_text("size: 2")
    os.utime(path, ns=(1, 1))  # some clocks are coarse
    assert gathered(tmp_path, record("a"))["config"] == {"size": "2"}


def test_the_report_is_one_file_that_names_no_other_place(tmp_path: Path) -> None:
    axes, records = write_sweep(tmp_path, 2, 2)
    path = write_report(SweepFolder(tmp_path), "A sweep", axes, records)
    assert path == tmp_path / "report.html"
    text = path.read_text(encoding="utf-8")
    without_pictures = re.sub(r"data:image/webp;base64,[\w+/=]+", "", text)
    # the only address is the name of SVG's elements, which is never asked for anything
    assert re.findall(r"\w+://[^\"'\s]+", without_pictures) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<(link|script|img)[^>]+(src|href)=\"(?!data:)", without_pictures)
    assert "{{" not in without_pictures
    assert "default-src 'none'" in text
    assert not [*tmp_path.glob(".*.part")]


def test_the_same_sweep_gives_the_same_bytes(tmp_path: Path) -> None:
    axes, records = write_sweep(tmp_path, 2)
    first = write_report(SweepFolder(tmp_path), "A sweep", axes, records).read_bytes()
    assert write_report(SweepFolder(tmp_path), "A sweep", axes, records).read_bytes() == first


def test_markup_in_a_label_or_an_error_stays_text(tmp_path: Path) -> None:
    hostile = Record(HOSTILE, {HOSTILE: HOSTILE}, "failed", error=HOSTILE)
    path = write_report(SweepFolder(tmp_path), HOSTILE, [Axis(HOSTILE, (HOSTILE,))], [hostile])
    text = path.read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert text.count("<script") == text.count("</script>") == 2  # the data and the page's own
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert found is not None
    assert json.loads(found[1])["runs"][0]["error"] == HOSTILE


def test_a_layer_whose_name_is_markup_stays_an_attribute(tmp_path: Path) -> None:
    write_run(tmp_path / "a", (1, 2, 3))
    path = tmp_path / "a" / "grams" / 'st"yle' / "<b>" / "step_000001.png"
    path.parent.mkdir(parents=True)
    Image.new("RGB", (3, 1)).save(path)
    text = page(payload_of(tmp_path, record("a")))
    assert 'data-picture="run0/st&quot;yle/&lt;b&gt;"' in text


def test_json_in_a_script_has_no_less_than_sign() -> None:
    text = in_script({"a": HOSTILE})
    assert "<" not in text
    assert json.loads(text) == {"a": HOSTILE}


def test_a_text_that_is_no_unicode_is_written_all_the_same(tmp_path: Path) -> None:
    odd = os.fsdecode(b"\xff.jpg")  # as Python gives a file's name that is no UTF-8
    path = write_report(SweepFolder(tmp_path), odd, [Axis("data.style", (odd,))], [Record("a", {})])
    assert "?.jpg" in path.read_text(encoding="utf-8")


def test_every_file_of_the_page_is_in_it() -> None:
    folder = Path(report.__file__).parent / "page"
    named = {*(f"{n}.css" for n in report.STYLES), *(f"{n}.js" for n in report.SCRIPTS)}
    assert {path.name for path in folder.iterdir()} == {*named, "page.html"}
