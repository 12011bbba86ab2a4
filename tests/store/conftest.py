"""The store on every database: each test that asks for `store` or `url` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import missing_part
from fakes.postgres import Postgres, find_postgres, running_postgres

from coop.store.schema import upgrade
from coop.store.store import Store


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    if find_postgres() is None:
        missing_part("PostgreSQL is not installed; tests/setup-system.sh does it")
    with running_postgres() as server:
        server.execute("CREATE DATABASE coop_template")
        upgrade(server.url("coop_template"))
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.external_service)])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database that the test runs on."""
    return str(request.param)


def _fresh_url(request: pytest.FixtureRequest, kind: str, tmp_path: Path, template: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path}/data/coop.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.new_database(template)
    yield url
    server.drop(url)


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    yield from _fresh_url(request, kind, tmp_path, "template1")


@pytest.fixture
def url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Iterator[str]:
    """A database that nobody has used."""
    yield from _fresh_url(request, kind, tmp_path, "coop_template")


@pytest.fixture
def media_dir(tmp_path: Path) -> Path:
    return tmp_path / "data" / "media"


@pytest.fixture
def store(url: str, media_dir: Path) -> Iterator[Store]:
    with Store.open(url, media_dir) as store:
        yield store


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 4 MB, which can be filled and made read-only."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        missing_part("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
