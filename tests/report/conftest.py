"""A real browser that opens pages from files."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.browser import chromium

Open = Callable[[Path], Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def open_report(browser: Browser) -> Iterator[Open]:
    """Open a report; at the end there must be no error, and no request but for the file."""
    said: list[str] = []
    asked: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            asked.append(request.url)

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", note)

    def open_(path: Path) -> Page:
        page.goto(path.as_uri())
        return page

    yield open_
    page.wait_for_timeout(50)  # for what is still on its way
    context.close()
    assert said == []
    assert asked == []
