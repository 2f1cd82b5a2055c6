"""A real browser that opens pages from files."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import browser, watched_page

__all__ = ["browser"]  # a fixture

Open = Callable[[Path], Page]


@pytest.fixture
def open_report(browser: Browser) -> Iterator[Open]:
    """Open a report; at the end there must be no error, and no request but for the file."""
    with watched_page(browser, 1280, ("file:", "data:")) as page:

        def open_(path: Path) -> Page:
            page.goto(path.as_uri())
            return page

        yield open_
