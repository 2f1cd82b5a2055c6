"""The report as a reader has it: in a real browser, from the file, without a network.

Playwright drives Debian's chromium. Expected values are by hand from the synthetic sweep.
"""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from stylelightning.report.contents import Axis
from stylelightning.sweep.records import Record
from stylelightning.sweep.report import write_report
from stylelightning.sweep.sweep_folder import SweepFolder
from tests.report.conftest import Open
from tests.report.synthetic import write_run, write_sweep

RED, DARK_RED = (220, 100, 50), (40, 100, 50)
HOSTILE = "<img src=x onerror=document.title='broken'><b>bold</b> & \"it's\" </script>"


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two axes: two red runs that differ, a failed, a waiting and a stopped one."""
    folder = tmp_path_factory.mktemp("sweep")
    axes = [Axis("model.optimizer", ("Adam", "SGD")), Axis("lr", ("0.1", "1", "10"))]
    same = {"size": 32, "style": "waves.jpg"}
    write_run(
        folder / "a", RED, config={"data": same, "lr": 0.1}, losses=[(1, 90.0, 10.0), (9, 3.0, 4.0)]
    )
    write_run(
        folder / "b",
        DARK_RED,
        config={"data": same, "lr": 1, "only": [1]},
        losses=[(1, 50.0, 50.0), (9, 1.0, 2.0)],
        gram_steps=(1, 9),
    )
    write_run(folder / "wide", (0, 0, 255), size=(64, 16))

    def record(name: str, optimizer: str, rate: str, total: float | None) -> Record:
        terms = {} if total is None else {"style": 1.0, "total": total}
        grams = {} if total is None else {"gram/level1": total / 4, "gram/level2": 1.0}
        place = {"model.optimizer": optimizer, "lr": rate}
        return Record(name, place, "done", 9, 1.5, 100.0, name, "", terms, grams)

    records = [
        record("a", "Adam", "0.1", 7.0),
        record("b", "Adam", "1", 30.0),
        Record("c", {"model.optimizer": "Adam", "lr": "10"}, "failed", error="It diverged."),
        record("wide", "SGD", "0.1", 200.0),
        Record("e", {"model.optimizer": "SGD", "lr": "1"}),
        Record("f", {"model.optimizer": "SGD", "lr": "10"}, "stopped", 3, 0.5, folder="f"),
    ]
    return write_report(SweepFolder(folder), "A sweep", axes, records)


def column(page: Page, title: str) -> list[str]:
    """Return the texts of a column of the table of all points."""
    titles = page.locator("#record-table thead th").all_inner_texts()
    place = [each.strip() for each in titles].index(title)
    return page.locator(f"#record-table tbody tr > :nth-child({place + 1})").all_inner_texts()


def pixel(canvas: Locator) -> list[int]:
    """Return the colour in the middle of a canvas."""
    colour: list[int] = canvas.evaluate(
        "c => [...c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data]"
    )
    return colour


def shown_pixel(page: Page, image: Locator) -> list[int]:
    """Return the colour in the middle of a picture, as the browser decoded it."""
    colour: list[int] = image.evaluate(
        """image => {
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 1;
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0, 1, 1);
            return [...context.getImageData(0, 0, 1, 1).data];
        }"""
    )
    return colour


def wait_for_note(page: Page, text: str) -> str:
    note = page.locator("#difference-note", has_text=re.compile(text))
    note.wait_for()
    return note.inner_text()


# the grid


def test_the_grid_has_labels_on_both_axes_and_says_what_failed(
    sweep: Path, open_report: Open
) -> None:
    page = open_report(sweep)
    assert page.locator(".grid thead th").all_inner_texts() == ["0.1", "1", "10"]
    assert page.locator(".grid tbody th").all_inner_texts() == ["Adam", "SGD"]
    assert page.locator(".grid .open img").count() == 3
    assert page.locator(".note.failed").inner_text().split("\n") == ["failed", "It diverged."]
    assert page.locator(".note.waiting").inner_text() == "waiting"
    assert page.locator(".note.stopped").inner_text() == "stopped"
    assert page.locator("#summary").inner_text() == (
        "6 points over model.optimizer, lr: 3 done, 1 stopped, 1 failed, 1 waiting."
    )


def test_rows_and_columns_change_places(sweep: Path, open_report: Open) -> None:
    page = open_report(sweep)
    page.get_by_label("Rows").select_option("lr")
    assert page.locator(".grid tbody th").all_inner_texts() == ["0.1", "1", "10"]
    assert page.locator(".grid thead th").all_inner_texts() == ["Adam", "SGD"]
    assert page.get_by_label("Columns").input_value() == "0"
    assert page.get_by_label("Rows").evaluate("node => node === document.activeElement")


def test_a_third_axis_is_chosen_by_its_labels(tmp_path: Path, open_report: Open) -> None:
    axes, records = write_sweep(tmp_path, 2, 3, 2)
    page = open_report(write_report(SweepFolder(tmp_path), "Three axes", axes, records))
    opened = page.locator(".grid .open")
    assert opened.count() == 6
    assert (
        opened.first.get_attribute("aria-label")
        == "Open the picture of axis0 00 · axis1 10 · axis2 20"
    )
    page.get_by_role("combobox", name="axis2", exact=True).select_option("21")
    assert (
        opened.first.get_attribute("aria-label")
        == "Open the picture of axis0 00 · axis1 10 · axis2 21"
    )
    page.get_by_label("Columns").select_option("axis2")
    assert page.locator(".grid thead th").all_inner_texts() == ["20", "21"]
    assert page.get_by_role("combobox", name="axis1", exact=True).count() == 1


@pytest.mark.parametrize("count", [0, 1])
def test_a_sweep_of_fewer_axes_is_a_list(tmp_path: Path, open_report: Open, count: int) -> None:
    axes, records = write_sweep(tmp_path, *(3,) * count)
    page = open_report(write_report(SweepFolder(tmp_path), "Few axes", axes, records))
    assert page.locator(".cells .open").count() == max(1, 3 * count)
    # the axis stands once above them; a single picture is called by the page's title
    assert page.locator(".axis-names").all_inner_texts() == ["axis0"] * count
    assert page.locator(".cells .name").all_inner_texts() == ["00", "01", "02"] * count


def test_a_value_is_shown_beneath_each_picture(sweep: Path, open_report: Open) -> None:
    page = open_report(sweep)
    page.get_by_label("Beneath each picture").select_option("total")
    assert page.locator(".grid .value").all_inner_texts() == ["7", "30", "–", "200", "–", "–"]


# the lightbox


def test_the_lightbox_is_used_by_keys_alone(sweep: Path, open_report: Open) -> None:
    page = open_report(sweep)
    first = page.locator(".open").first
    first.focus()
    page.keyboard.press("Enter")
    dialog, picture = page.locator("#lightbox"), page.locator("#lightbox-picture")
    assert dialog.is_visible()
    page.wait_for_function("document.getElementById('lightbox-picture').naturalWidth === 32")
    assert shown_pixel(page, picture) == pytest.approx([*RED, 255], abs=3)
    assert page.locator("#lightbox-title").inner_text() == "Adam · lr 0.1"
    assert page.locator("#lightbox-note a").get_attribute("href") == "a/result.png"
    page.keyboard.press("ArrowRight")
    assert page.locator("#lightbox-title").inner_text() == "Adam · lr 1"
    page.keyboard.press("ArrowRight")  # the failed one has no picture
    page.keyboard.press("ArrowRight")  # there is none after the last
    assert page.locator("#lightbox-title").inner_text() == "SGD · lr 0.1"
    page.keyboard.press("ArrowLeft")
    assert page.locator("#lightbox-title").inner_text() == "Adam · lr 1"
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert first.evaluate("node => node === document.activeElement")


def test_the_picture_that_a_failed_run_kept_can_be_opened(
    tmp_path: Path, open_report: Open
) -> None:
    write_run(tmp_path / "a", RED)
    record = Record("a", {"x": "1"}, "failed", folder="a", error="It diverged.")
    page = open_report(write_report(SweepFolder(tmp_path), "Failed", [Axis("x", ("1",))], [record]))
    page.get_by_role("button", name="Open the kept picture").click()
    page.wait_for_function("document.getElementById('lightbox-picture').naturalWidth === 32")
    page.locator("#close").click()
    assert not page.locator("#lightbox").is_visible()


def test_the_lightbox_links_to_the_folders_own_picture(sweep: Path, open_report: Open) -> None:
    page = open_report(sweep)
    page.locator(".open").first.click()
    page.locator("#lightbox-note a").click()
    page.wait_for_url("**/a/result.png")


# A and B


def test_both_pictures_of_the_slider_are_drawn(sweep: Path, open_report: Open) -> None:
    page = open_report(sweep)
    for side, colour in (("a", RED), ("b", DARK_RED)):
        image = page.locator(f"#slider-{side}")
        page.wait_for_function(f"document.getElementById('slider-{side}').naturalWidth > 0")
        assert image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [32, 24]
        assert shown_pixel(page, image) == pytest.approx([*colour, 255], abs=3)


def test_the_slider_moves_by_keys_and_by_the_pointer(sweep: Path, open_report: Open) -> None:
    page = open_report(sweep)
    clip = "getComputedStyle(document.getElementById('slider-a')).clipPath"
    before = page.evaluate(clip)
    page.locator("#slider-range").focus()
    page.keyboard.press("ArrowRight")
    after = page.evaluate(clip)
    assert before != after
    assert page.locator("#slider-range").input_value() == "51"
    box = page.locator("#slider").bounding_box()
    assert box is not None
    page.locator("#slider").scroll_into_view_if_needed()
    box = page.locator("#slider").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60)
    page.mouse.up()
    assert page.locator("#slider-range").input_value() == "80"
    assert page.evaluate(clip) not in (before, after)
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + 60)  # no button is held
    assert page.locator("#slider-range").input_value() == "80"


def test_a_and_b_are_chosen_by_buttons_and_by_lists(sweep: Path, open_report: Open) -> None:
    page = open_report(sweep)
    assert page.locator("#chosen").inner_text().split("\n") == [
        "A",
        "Adam · lr 0.1",
        "B",
        "Adam · lr 1",
    ]
    page.get_by_label("Compare SGD · lr 0.1 as B").first.click()
    assert page.locator("#choose-b option:checked").inner_text() == "SGD · lr 0.1 – wide"
    pressed = page.locator(".pick .b[aria-pressed=true]")
    assert {pressed.nth(n).get_attribute("aria-label") for n in range(pressed.count())} == {
        "Compare SGD · lr 0.1 as B"
    }
    page.locator("#choose-a").select_option(label="Adam · lr 1 – b")
    page.locator("#swap").click()
    assert page.locator("#choose-a option:checked").inner_text() == "SGD · lr 0.1 – wide"
    assert page.locator("#choose-b option:checked").inner_text() == "Adam · lr 1 – b"


def test_the_difference_is_right_for_flat_pictures(sweep: Path, open_report: Open) -> None:
    page = open_report(sweep)
    # by hand: red differs by 220 - 40 = 180, the mean of three colours is 60
    note = wait_for_note(page, "× 2, colour by colour")
    mean = float(re.findall(r"difference ([\d.]+) of 255", note)[0])
    assert mean == pytest.approx(60, abs=2)
    canvas = page.locator("#difference")
    assert pixel(canvas)[0] == 255  # 2 * 180, cut
    page.locator("#factor").focus()
    page.keyboard.press("Home")
    note = wait_for_note(page, "× 1, colour by colour")
    assert float(re.findall(r"difference ([\d.]+) of 255", note)[0]) == mean
    assert pixel(canvas) == pytest.approx([180, 0, 0, 255], abs=4)


def test_a_picture_does_not_differ_from_itself(sweep: Path, open_report: Open) -> None:
    page = open_report(sweep)
    page.locator("#choose-b").select_option(label="Adam · lr 0.1 – a")
    wait_for_note(page, "difference 0 of 255")
    assert pixel(page.locator("#difference")) == [0, 0, 0, 255]


def test_pictures_of_two_shapes_are_brought_to_one_box(sweep: Path, open_report: Open) -> None:
    page = open_report(sweep)
    page.locator("#choose-b").select_option(label="SGD · lr 0.1 – wide")
    # by hand: 32 x 24 and 64 x 16 fit in 64 x 24; both are there where the height is 16
    note = wait_for_note(page, "at 64 × 24")
    assert float(re.findall(r"difference ([\d.]+) of 255", note)[0]) == pytest.approx(
        (220 + 100 + 205) / 3, abs=3
    )
    assert "A 32 × 24, B 64 × 16" in page.locator("#slider-note").inner_text()
    corner = "c => c.getContext('2d').getImageData(0, 0, 1, 1).data[3]"
    assert page.locator("#difference").evaluate(corner) == 0


def test_the_config_diff_shows_only_what_differs(sweep: Path, open_report: Open) -> None:
    page = open_report(sweep)
    rows = page.locator("#config tbody tr")
    cells = [rows.nth(n).locator("th, td").all_inner_texts() for n in range(rows.count())]
    assert cells == [["lr", "0.1", "1"], ["only", "not set", "[1]"]]
    page.locator("#choose-b").select_option(label="Adam · lr 0.1 – a")
    assert page.locator("#config").inner_text() == "The configs are the same."


# losses and Gram matrices


def test_curves_are_drawn_for_the_runs_that_are_chosen(sweep: Path, open_report: Open) -> None:
    page = open_report(sweep)
    assert page.locator("#plot .curve").count() == 3
    page.locator("#curves-none").click()
    assert page.locator("#plot .curve").count() == 0
    page.locator("#curve-list").get_by_label("Adam · lr 1").check()
    curve = page.locator("#plot .curve")
    assert curve.count() == 1
    logarithmic = curve.get_attribute("d")
    assert logarithmic is not None
    assert re.fullmatch(r"M[\d. ]+L[\d. ]+", logarithmic)
    page.get_by_label("Logarithmic").uncheck()
    assert curve.get_attribute("d") != logarithmic
    page.locator("#term").select_option("style")
    assert page.locator("#legend li").all_inner_texts() == ["Adam · lr 1\n2"]
    page.locator("#curves-ab").click()
    assert page.locator("#legend span").all_inner_texts() == ["Adam · lr 0.1", "Adam · lr 1"]


def test_values_are_read_by_keys_and_by_the_pointer(sweep: Path, open_report: Open) -> None:
    page = open_report(sweep)
    page.locator("#curves-ab").click()
    values = page.locator("#legend b")
    assert values.all_inner_texts() == ["7", "3"]  # the last step
    page.locator("#cursor").focus()
    page.keyboard.press("Home")
    assert values.all_inner_texts() == ["100", "100"]
    plot = page.locator("#plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 11, box["y"] + 50)
    assert values.all_inner_texts() == ["7", "3"]
    assert page.locator("#plot circle").count() == 2


def test_gram_bars_are_as_long_as_their_values(sweep: Path, open_report: Open) -> None:
    page = open_report(sweep)
    bars = page.locator("#gram-table tbody tr > :nth-child(3) i")
    widths = bars.evaluate_all("bars => bars.map(bar => bar.getBoundingClientRect().width)")
    # by hand: 7, 30 and 200 of 200
    assert [width / widths[-1] for width in widths] == pytest.approx([0.035, 0.15, 1], abs=0.02)
    assert page.locator("#gram-pictures figcaption").all_inner_texts() == [
        "A\nstyle/level1: no picture",
        "B\nstyle/level1, step 9",
    ]


def test_what_no_run_has_is_said(tmp_path: Path, open_report: Open) -> None:
    records = [Record("a", {"x": "1"}), Record("b", {"x": "2"}, "failed", error="No.")]
    page = open_report(
        write_report(SweepFolder(tmp_path), "Nothing", [Axis("x", ("1", "2"))], records)
    )
    assert page.locator("#gram-missing").is_visible()
    assert page.locator("#losses-missing").is_visible()
    assert not page.locator("#gram-table").is_visible()
    assert page.locator("#config").inner_text() == "No config of A and B."
    assert page.locator("#slider-note").inner_text() == "No picture of A and B."
    assert column(page, "point") == ["a", "b"]


# the table


def test_numbers_are_sorted_as_numbers_and_the_missing_are_last(
    sweep: Path, open_report: Open
) -> None:
    page = open_report(sweep)
    head = page.locator("#record-table th", has_text="total")
    assert head.get_attribute("aria-sort") == "none"
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert column(page, "total") == ["7", "30", "200", "–", "–", "–"]
    assert head.get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Enter")
    assert column(page, "total") == ["200", "30", "7", "–", "–", "–"]
    assert head.get_attribute("aria-sort") == "descending"
    page.locator("#record-table th", has_text="lr").get_by_role("button").click()
    assert column(page, "lr") == ["0.1", "0.1", "1", "1", "10", "10"]
    assert head.get_attribute("aria-sort") == "none"


# the page


def test_paths_are_called_without_the_folder_that_they_share(
    tmp_path: Path, open_report: Open
) -> None:
    axes = [Axis("data.style", ("images/a.jpg", "images/b.jpg")), Axis("model.tile", ("true",))]
    place = {"data.style": "images/a.jpg", "model.tile": "true"}
    page = open_report(write_report(SweepFolder(tmp_path), "Paths", axes, [Record("p", place)]))
    assert page.locator(".grid tbody th").all_inner_texts() == ["images/a.jpg", "images/b.jpg"]
    write_run(tmp_path / "p", RED)
    done = Record("p", place, "done", folder="p")
    page = open_report(write_report(SweepFolder(tmp_path), "Paths", axes, [done]))
    assert page.locator("#choose-a option").all_inner_texts() == ["a.jpg · tile true – p"]


def test_markup_in_labels_and_errors_is_shown_as_text(tmp_path: Path, open_report: Open) -> None:
    axes = [Axis(HOSTILE, (HOSTILE, "b")), Axis("lr", ("1",))]
    write_run(tmp_path / "b", RED, config={HOSTILE: HOSTILE})
    write_run(tmp_path / "c", RED, config={HOSTILE: "else"})
    hostile = {HOSTILE: HOSTILE, "lr": "1"}
    records = [
        Record(HOSTILE, hostile, "failed", error=HOSTILE),
        Record("b", {HOSTILE: "b", "lr": "1"}, "done", folder="b", metrics={HOSTILE: 1.0}),
        Record("c", hostile, "done", folder="c", terms={HOSTILE: 1.0}),
    ]
    page = open_report(write_report(SweepFolder(tmp_path), HOSTILE, axes, records))
    assert page.title() == HOSTILE
    assert page.locator("h1").inner_text() == HOSTILE
    assert page.locator(".grid tbody th").first.inner_text() == HOSTILE
    assert page.locator(".note.failed span").inner_text() == HOSTILE
    assert column(page, "error")[0] == HOSTILE
    assert page.locator("#config tbody th").inner_text() == HOSTILE
    assert page.locator("img[src='x']").count() == 0
    assert page.locator("main b", has_text="bold").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_does_not_scroll_sideways(
    sweep: Path, open_report: Open, scheme: str
) -> None:
    page = open_report(sweep)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.body.scrollWidth") <= 360
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 150) == (scheme == "dark")


def test_a_policy_forbids_every_request(sweep: Path, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(sweep.as_uri())
    asked = page.evaluate("fetch('https://example.invalid/').then(() => 'sent', () => 'refused')")
    assert asked == "refused"
    assert page.evaluate(
        """() => new Promise(done => {
            document.addEventListener("securitypolicyviolation", e => done(e.effectiveDirective));
            document.head.append(Object.assign(document.createElement("script"), {text: "1"}));
        })"""
    ).startswith("script-src")
    page.close()


def test_a_hundred_runs_are_there_in_three_seconds(tmp_path: Path, open_report: Open) -> None:
    axes, records = write_sweep(tmp_path, 10, 10, rows=300)
    path = write_report(SweepFolder(tmp_path), "A hundred runs", axes, records)
    start = time.monotonic()
    page = open_report(path)  # returns at the load event
    loaded = time.monotonic() - start
    page.locator(".grid .open img").last.wait_for()
    page.wait_for_function(
        "[...document.querySelectorAll('.grid .open img')].every(i => i.naturalWidth > 0)"
    )
    drawn = time.monotonic() - start
    assert page.locator(".grid .open img").count() == 100
    assert page.locator("#record-table tbody tr").count() == 100
    assert (loaded < 3, drawn < 3) == (True, True), f"load {loaded:.2f} s, grid {drawn:.2f} s"
