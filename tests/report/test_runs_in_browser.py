"""The page of two runs as a reader has it."""

from pathlib import Path

import pytest

from stylelightning.__main__ import main
from tests.conftest import Run
from tests.report.conftest import Open


@pytest.fixture
def page_of_two(run: Run, tmp_path: Path) -> Path:
    metrics = ("--callbacks.metrics", "FinalMetrics")
    first = run(*metrics)
    second = run(*metrics, "--model.optimizer.lr", "0.05")
    page = tmp_path / "page.html"
    assert main(["report", str(first), str(second), "-o", str(page)]) == 0
    return page


def test_two_runs_are_side_by_side(page_of_two: Path, open_report: Open) -> None:
    page = open_report(page_of_two)
    assert page.locator("#summary").inner_text() == "2 runs over model.optimizer.lr: 2 done."
    assert page.locator("#grid .open img").count() == 2
    loaded = "[...document.querySelectorAll('.open img')].map(image => image.naturalWidth > 0)"
    assert page.evaluate(loaded) == [True] * 4  # with the content and the style image
    captions = page.locator("#inputs figcaption").all_inner_texts()
    assert captions == ["content content.png", "style style.png"]
    # the option that differs: its name once above the pictures, its values at them
    assert page.locator(".axis-names").inner_text() == "lr"
    assert page.locator(".cells .name").all_inner_texts() == ["0.02", "0.05"]
    differing = page.locator("#differing-table tbody tr", has_text="optimizer")
    assert differing.locator("td").all_inner_texts() == ["0.02", "0.05"]


def test_what_is_the_same_stands_once(page_of_two: Path, open_report: Open) -> None:
    page = open_report(page_of_two)
    shared = page.locator("#shared-settings > div", has_text="model.losses.style.weight")
    assert shared.locator("dd").all_inner_texts() == ["1000.0"]
    assert page.locator("#differing-table", has_text="losses").count() == 0
    assert page.locator("#shared-facts dt", has_text="device").count() == 1


def test_metrics_say_which_way_is_better_and_mark_the_best(
    page_of_two: Path, open_report: Open
) -> None:
    page = open_report(page_of_two)
    row = page.locator("#metric-table tbody tr", has_text="ssim")
    assert row.locator(".direction").inner_text() == "↑ higher is better"
    cells = row.locator("td").all_inner_texts()
    values = [float(cell.removesuffix("best")) for cell in cells]
    assert ["best" in cell for cell in cells] == [value == max(values) for value in values]
    total = page.locator("#metric-table tbody tr", has_text="total_variation")
    assert total.locator(".direction, .best").count() == 0
    assert not page.locator("#best-note").is_visible()


def test_no_value_is_best_where_sizes_differ(run: Run, tmp_path: Path, open_report: Open) -> None:
    runs = [
        run("--callbacks.metrics", "FinalMetrics", "--data.size", size) for size in ("32", "24")
    ]
    path = tmp_path / "page.html"
    assert main(["report", *map(str, runs), "-o", str(path)]) == 0
    page = open_report(path)
    assert page.locator(".best").count() == 0
    assert (
        page.locator("#best-note")
        .inner_text()
        .startswith("No value is marked as the best: data.size, the pictures' sizes differ")
    )


@pytest.mark.parametrize("width", [390, 800, 1400])
def test_nothing_is_wider_than_the_screen(page_of_two: Path, open_report: Open, width: int) -> None:
    page = open_report(page_of_two)
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for table in ("#metrics-body", "#grid"):  # nor hidden in a frame of its own
        assert page.locator(table).evaluate("e => e.scrollWidth <= e.clientWidth")


def test_two_columns_use_a_wide_screen(page_of_two: Path, open_report: Open) -> None:
    page = open_report(page_of_two)
    page.set_viewport_size({"width": 1400, "height": 900})
    metrics, settings = (page.locator(each).bounding_box() for each in ("#metrics", "#settings"))
    assert metrics is not None
    assert settings is not None
    assert metrics["y"] == settings["y"]
    assert settings["x"] > metrics["x"] + metrics["width"]


def test_the_lightbox_fills_the_screen_and_its_picture_what_is_left(
    page_of_two: Path, open_report: Open
) -> None:
    page = open_report(page_of_two)
    page.set_viewport_size({"width": 1000, "height": 700})
    page.locator("#grid .open").first.click()
    assert page.locator("#lightbox").bounding_box() == {
        "x": 0, "y": 0, "width": 1000, "height": 700
    }  # fmt: skip
    picture = page.locator("#lightbox-picture")
    stage = page.locator("#stage").bounding_box()
    assert picture.bounding_box() == stage
    assert stage is not None
    assert stage["width"] == 1000
    assert stage["height"] > 600
    page.keyboard.press("1")  # 32 x 24, as the tiny runs make it
    box = picture.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (32, 24)
    page.get_by_role("button", name="One pixel").click()
    assert picture.bounding_box() == stage


def test_pixels_are_smooth_or_square(page_of_two: Path, open_report: Open) -> None:
    page = open_report(page_of_two)
    page.locator("#grid .open").first.click()
    rendering = "getComputedStyle(document.getElementById('lightbox-picture')).imageRendering"
    button = page.get_by_role("button", name="Pixels")
    assert (page.evaluate(rendering), button.get_attribute("aria-pressed")) == ("auto", "false")
    button.click()
    assert page.evaluate(rendering) == "pixelated"
    assert button.get_attribute("aria-pressed") == "true"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(rendering) == "pixelated"  # for the next one too
    page.keyboard.press("p")
    assert page.evaluate(rendering) == "auto"


def test_the_images_come_after_the_runs(page_of_two: Path, open_report: Open) -> None:
    page = open_report(page_of_two)
    page.get_by_role("button", name="Open the content image").click()
    title = page.locator("#lightbox-title")
    assert title.inner_text() == "content image: content.png"
    page.keyboard.press("ArrowLeft")
    assert title.inner_text() == "lr 0.05"
    page.keyboard.press("Escape")
    assert not page.locator("#lightbox").is_visible()


def test_a_single_run_has_nothing_to_compare(run: Run, open_report: Open) -> None:
    folder = run()
    assert main(["report", str(folder)]) == 0
    page = open_report(folder / "report.html")
    assert not page.locator("#compare").is_visible()
    assert not page.locator("nav a", has_text="Compare").is_visible()
    assert page.locator("#metrics-missing").is_visible()


def test_an_unfinished_run_says_of_which_step_its_picture_is(run: Run, open_report: Open) -> None:
    folder = run()
    for name in ("result.png", "run.json"):
        (folder / name).unlink()
    assert main(["report", str(folder)]) == 0
    page = open_report(folder / "report.html")
    assert page.locator(".badge").inner_text() == "unfinished, step 6"
