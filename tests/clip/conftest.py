"""A browser that plays clips as phones do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import missing_part
from fakes import chromium as debian
from playwright.sync_api import Page


@pytest.fixture(scope="module")
def chromium() -> Iterator[Page]:
    """A page of Debian's Chromium, which plays H.264 as phones do."""
    if debian.find_chromium() is None:
        missing_part("chromium is not installed; tests/setup-system.sh does it")
    with debian.chromium() as browser:
        yield browser.new_page(viewport={"width": 700, "height": 500})
