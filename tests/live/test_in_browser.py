"""The page as a reader has it: in a real browser, beside a real run.

Playwright drives Debian's chromium in the run's own thread, from a callback between two steps.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, LightningModule, Trainer
from playwright.sync_api import Browser, Page, expect

from stylelightning import Schedule, StyleTransferData
from stylelightning.callbacks import LiveView, ResultWriter, StepEndStop
from tests.browser import browser, watched_page
from tests.runs import fit

__all__ = ["browser"]  # a fixture

MANY = Schedule(steps=2000)
"""More steps than any test lets a run make."""


@pytest.fixture
def page(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A page that may ask 127.0.0.1 alone and says nothing on its console."""
    monkeypatch.setattr("stylelightning.live.frame.EVERY", 0.05)
    # a question that the end of the server overtook is no mistake
    with watched_page(browser, 1400, ("http://127.0.0.1:", "blob:"), ("net::ERR",)) as opened:
        yield opened


class Reader(Callback):
    """Opens the page, and after each step lets it do its work and reads it."""

    def __init__(self, page: Page, live: LiveView) -> None:
        self.page, self.live = page, live
        self.pictures: dict[str, tuple[str, int]] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert self.live.server is not None
        self.page.goto(self.live.server.address)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        self.page.wait_for_timeout(20)
        image = self.page.locator("#picture")
        if image.is_visible():
            note = self.page.locator("#picture-note").inner_text()
            self.pictures[str(image.get_attribute("src"))] = note, _sum_of_pixels(self.page)
        self.read(trainer)

    def read(self, trainer: Trainer) -> None:
        """Stop the run when three pictures were there."""
        terms = self.page.locator("#legend li").count()
        if len(self.pictures) >= 3 and terms and self.page.locator("#stop").is_visible():
            expect(self.page.locator("#status")).to_have_text("Running")
            assert terms == 3  # total, content, style
            self.page.locator("#stop").click()
            expect(self.page.locator("#confirm")).to_contain_text("ends when its present step is")
            self.page.locator("#confirm-stop").click()
            expect(self.page.locator("#status")).to_have_text("Stopping after this step")
            self.page.wait_for_timeout(300)  # until it waits for the next state


def _sum_of_pixels(page: Page) -> int:
    total: int = page.evaluate(
        """() => {
          const image = document.getElementById("picture");
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
          return data.reduce((sum, value, place) => sum + value * ((place % 97) + 1), 0);
        }"""
    )
    return total


def test_the_page_shows_pictures_of_a_run_and_stops_it(
    page: Page, tmp_path: Path, data: StyleTransferData
) -> None:
    live = LiveView()
    reader, result = Reader(page, live), tmp_path / "result.png"
    with pytest.raises(SystemExit):
        fit(
            tmp_path,
            data,
            ResultWriter([str(result)]),
            reader,
            live,
            StepEndStop(),
            schedule=MANY,
        )
    notes, sums = zip(*list(reader.pictures.values())[:3], strict=True)
    assert len(set(notes)) == len(set(sums)) == 3  # three different ones
    expect(page.locator("#status")).to_have_text("Stopped")
    expect(page.locator("#ended")).to_contain_text(str(result))
    expect(page.locator("#stopping")).to_be_hidden()
    expect(page.locator("#picture")).to_be_visible()  # though there is no server any more
    step = live.watch.view.moment.step if live.watch.view.moment else 0
    expect(page.locator("#picture-note")).to_have_text(f"after step {step}")
    page.locator("#pixelated").click()
    assert page.locator("#picture").evaluate("i => getComputedStyle(i).imageRendering") == (
        "pixelated"
    )


class Vanishing(Reader):
    """Closes the server in the middle of the run, as a crash does."""

    def read(self, trainer: Trainer) -> None:
        if len(self.pictures) == 1 and self.live.server is not None:
            self.live.server.close()
            self.live.server = None
            expect(self.page.locator("#status")).to_have_text("Connection lost")
            trainer.should_stop = True


def test_a_lost_connection_is_said_and_the_last_picture_stays(
    page: Page, tmp_path: Path, data: StyleTransferData
) -> None:
    live = LiveView()
    fit(tmp_path, data, live, Vanishing(page, live), schedule=MANY)
    expect(page.locator("#lost")).to_contain_text("The picture is the last one that came")
    expect(page.locator("#picture")).to_be_visible()
    expect(page.locator("#stopping")).to_be_hidden()


class Hiding(Reader):
    """Hides the page and notes what it asks for meanwhile."""

    asked: list[str] | None = None

    def read(self, trainer: Trainer) -> None:
        if not self.pictures:
            return
        self.page.evaluate(
            """() => {
              Object.defineProperty(document, "hidden", { value: true });
              document.dispatchEvent(new Event("visibilitychange"));
            }"""
        )
        self.page.wait_for_timeout(300)  # for what is still on its way
        asked: list[str] = []
        self.page.on("request", lambda request: asked.append(request.url))
        self.page.wait_for_timeout(1500)  # longer than a question is held back
        self.asked = asked
        trainer.should_stop = True


def test_a_hidden_page_asks_for_nothing(
    page: Page, tmp_path: Path, data: StyleTransferData
) -> None:
    live = LiveView()
    reader = Hiding(page, live)
    fit(tmp_path, data, live, reader, schedule=MANY)
    assert reader.asked == []


@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_is_wider_than_the_window(
    page: Page, tmp_path: Path, data: StyleTransferData, width: int
) -> None:
    class Narrow(Reader):
        widths: tuple[int, int] = (0, 0)

        def read(self, trainer: Trainer) -> None:
            if self.pictures:
                page.set_viewport_size({"width": width, "height": 800})
                found = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
                self.widths = (found[0], found[1])
                trainer.should_stop = True

    live = LiveView()
    reader = Narrow(page, live)
    fit(tmp_path, data, live, reader, schedule=MANY)
    assert reader.widths == (width, width)
