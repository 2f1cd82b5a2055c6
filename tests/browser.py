"""A real browser, for the tests of pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright


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
