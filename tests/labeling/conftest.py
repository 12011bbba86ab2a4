"""A store of its own for each test; what databases differ in is tested in tests/store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coop.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/data/coop.db", tmp_path / "data" / "media") as store:
        yield store
