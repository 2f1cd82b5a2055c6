"""A real browser, for the tests of pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open Debian's chromium; the test fails where it is not installed."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("The tests of pages need Debian's chromium: apt-get install chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"]
        )  # root needs it
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@contextmanager
def watched_page(
    browser: Browser, width: int, allowed: tuple[str, ...], overlooked: tuple[str, ...] = ()
) -> Iterator[Page]:
    """Open a page that at the end must have said nothing and asked for nothing but what it may.

    Args:
        browser: Where it is opened.
        width: Of the window in pixels; its height is 900.
        allowed: How the addresses begin that it may ask for.
        overlooked: What a line on its console may hold.
    """
    said: list[str] = []
    asked: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith(allowed):
            asked.append(request.url)

    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", note)
    yield page
    page.wait_for_timeout(50)  # for what is still on its way
    context.close()
    assert [line for line in said if not any(each in line for each in overlooked)] == []
    assert asked == []
