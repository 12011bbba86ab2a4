"""The labelling page on SQLite; that the store does the same on PostgreSQL, its own tests show."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.page import Clock, browser, page_app
from starlette.testclient import TestClient

from coop.store.store import Store


@pytest.fixture(scope="session")
def fresh_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every table and nothing in it; copying it is quicker than making one for each test."""
    folder = tmp_path_factory.mktemp("fresh")
    Store.open(f"sqlite:///{folder}/coop.db", folder / "media").close()
    return folder / "coop.db"


@pytest.fixture
def store(fresh_database: Path, tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "data").mkdir()
    shutil.copy(fresh_database, tmp_path / "data" / "coop.db")
    with Store.open(f"sqlite:///{tmp_path}/data/coop.db", tmp_path / "data" / "media") as store:
        yield store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(store: Store, clock: Clock, tmp_path: Path) -> TestClient:
    """A browser on the page of this machine alone, whose keeper is Anna."""
    return browser(page_app(store, tmp_path / "cache", clock))
