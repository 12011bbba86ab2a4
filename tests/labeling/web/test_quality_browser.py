"""Clusters and reviews in a real browser, by keys alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import missing_part
from fakes.chromium import chromium, find_chromium
from fakes.page import NOW, stock
from fakes.page_server import PageThread
from playwright.sync_api import Page, expect

from coop.domain.label import Label
from coop.store.store import Store
from labeling.suggesting.embeddings import EmbeddingCache


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    if find_chromium() is None:
        missing_part("Chromium is not installed; tests/setup-system.sh does it")
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(60_000)
        yield page


@pytest.fixture
def server(fresh_database: Path, tmp_path: Path) -> Iterator[PageThread]:
    (tmp_path / "data").mkdir()
    shutil.copy(fresh_database, tmp_path / "data" / "coop.db")
    with PageThread(tmp_path) as server:
        yield server


@pytest.fixture
def store(server: PageThread) -> Iterator[Store]:
    with server.store() as store:
        stock(store, 12)
        yield store


def label(store: Store, n: int, value: str, who: str, how: str) -> None:
    store.add_label(
        Label(picture=f"picture-{n}", task="kinds", value=value, who=who, at=NOW, how=how, batch=f"{who} {n}")
    )


def test_a_cluster_is_named_by_one_key_without_what_was_marked(
    page: Page, server: PageThread, store: Store, tmp_path: Path
) -> None:
    members = [[(f"picture-{n}", float(n)) for n in group] for group in (range(6), range(6, 10))]
    store.make_clusters("kinds", "starter 1", NOW, members)
    cache = EmbeddingCache(tmp_path / "cache" / "embeddings", "starter 1")
    cache.add({f"picture-{n}": np.eye(4, dtype=np.float32)[n // 3] for n in range(12)})
    page.goto(f"{server.url}/clusters?task=kinds")
    page.wait_for_selector(".cluster >> nth=1")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tile >> nth=5")
    page.keyboard.press("x")  # split
    expect(page.locator(".tile")).to_have_count(3, timeout=60_000)
    page.keyboard.press("b")  # and together again
    expect(page.locator(".tile")).to_have_count(6, timeout=60_000)
    page.keyboard.press("ArrowRight")
    page.keyboard.press(".")  # the second one does not belong
    page.keyboard.press("1")
    page.wait_for_selector('#saved[data-saved="5"][data-waiting="0"]')
    hens = {f"picture-{n}": "hen" for n in (0, 2, 3, 4, 5)}
    assert store.current_labels("kinds") == hens
    page.keyboard.press("3")  # what is left of it
    page.wait_for_selector('#saved[data-saved="6"][data-waiting="0"]')
    assert store.current_labels("kinds") == hens | {"picture-1": "fox"}
    expect(page.locator(".tile")).to_have_count(4, timeout=60_000)  # on to the next cluster
    page.keyboard.press("z")
    expect(page.locator(".tile")).to_have_count(6, timeout=60_000)
    assert store.current_labels("kinds") == hens
    assert {entry.how for entry in store.labels(task="kinds")} == {"cluster", "undo"}


def test_disagreements_are_settled_by_keys_and_undone(page: Page, server: PageThread, store: Store) -> None:
    for n in (0, 4):
        label(store, n, "hen", "Ben", "visit")
        label(store, n, "cat", "Cleo", "double")
    page.goto(f"{server.url}/quality?task=kinds")
    assert "Ben and Cleo" in page.inner_text("main")
    page.click("text=Disagreements")
    page.wait_for_selector("#pictures img")
    assert page.inner_text("#how-far") == "2 left"
    assert page.inner_text("#said").split() == ["Ben:", "hen", "Cleo:", "cat"]
    page.keyboard.press("1")
    page.wait_for_selector('#saved[data-saved="1"][data-waiting="0"]')
    assert page.inner_text("#how-far") == "1 left"
    page.keyboard.press("3")
    page.wait_for_selector("#empty:not([hidden])")
    page.wait_for_selector('#saved[data-saved="2"][data-waiting="0"]')
    assert store.current_labels("kinds") == {"picture-0": "hen", "picture-4": "fox"}
    page.keyboard.press("z")
    page.wait_for_selector("#pictures img")
    page.wait_for_selector('#saved[data-waiting="0"]')
    expect(page.locator("#how-far")).to_have_text("1 left", timeout=60_000)
    assert [entry.how for entry in store.labels(picture="picture-0")] == ["visit", "double", "review"]
