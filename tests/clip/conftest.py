"""A browser that plays clips as phones do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from conftest import missing_part
from playwright.sync_api import Page, sync_playwright


@pytest.fixture(scope="session")
def chromium() -> Iterator[Page]:
    """A page of Debian's Chromium, which plays H.264 as phones do."""
    path = shutil.which("chromium")
    if path is None:
        missing_part("chromium is not installed; tests/setup-system.sh does it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 700, "height": 500})
        browser.close()
