"""A store of its own for each test; what databases differ in is tested in tests/store."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from coop.store.store import Store


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables, to be copied: that takes less time than making them anew."""
    file = tmp_path_factory.mktemp("database") / "coop.db"
    Store.open(f"sqlite:///{file}", file.parent / "media").close()
    return file


@pytest.fixture
def store(tmp_path: Path, empty_database: Path) -> Iterator[Store]:
    (tmp_path / "data").mkdir()
    shutil.copy(empty_database, tmp_path / "data")
    with Store.open(f"sqlite:///{tmp_path}/data/coop.db", tmp_path / "data" / "media") as store:
        yield store
