"""Which databases are opened, how they are set, and that no password is ever shown."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from fakes.postgres import PASSWORD, Postgres
from sqlalchemy import text

from coop.errors import StoreError, StoreUnavailable
from coop.store.engine import Begin, beginning, open_engine, shown
from coop.store.store import Store


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://coop:s3cret@host/db", "begins with 'mysql'"),
        ("/data/coop.db", "cannot be read"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("postgresql://coop:s3cret@host:port/db", "cannot be read"),
    ],
)
def test_other_databases_are_refused_with_what_is_allowed(url: str, problem: str) -> None:
    with pytest.raises(StoreError, match=f"{problem}.*Use sqlite:") as caught:
        open_engine(url)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:////data/coop.db", "Database /data/coop.db"),
        (
            "postgresql://coop:s3cret@host:5433/db?sslmode=require",
            "Database postgresql+psycopg://coop:***@host:5433/db?sslmode=require",
        ),
        ("postgres://host/db?user=coop&password=s3cret", "Database postgresql+psycopg://host/db?user=coop"),
    ],
)
def test_how_a_database_is_called(url: str, name: str) -> None:
    assert shown(url) == name


def test_sqlite_is_set_to_lose_nothing(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/new/folder/coop.db")

    def pragmas(begin: Begin) -> list[object]:
        with beginning(engine, begin).begin() as connection:
            names = ("journal_mode", "synchronous", "foreign_keys")
            return [connection.scalar(text(f"PRAGMA {name}")) for name in names]

    full, normal = 2, 1
    assert pragmas(Begin.READ) == ["wal", full, 1]
    assert pragmas(Begin.RELAXED) == ["wal", normal, 1]
    assert pragmas(Begin.SCHEMA) == ["wal", full, 0]
    assert pragmas(Begin.WRITE) == ["wal", full, 1], "the settings of the one before must not stick"
    engine.dispose()


@pytest.mark.external_service
@pytest.mark.parametrize("mistake", ["password", "database", "port"])
def test_a_server_that_cannot_be_used(postgres: Postgres, tmp_path: Path, mistake: str) -> None:
    url = {
        "password": postgres.url("postgres").replace(PASSWORD, f"{PASSWORD}-wrong"),
        "database": postgres.url("no_such_database"),
        "port": postgres.url("postgres").replace(str(postgres.port), "1"),
    }[mistake]
    with pytest.raises(StoreUnavailable, match=r"the server cannot be used.*Check that it runs") as caught:
        Store.open(url, tmp_path)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


@pytest.mark.external_service
def test_the_password_is_not_shown(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.new_database("coop_template")
    with Store.open(url, tmp_path) as store:
        assert PASSWORD not in f"{store!r} {store.where} {store._engine!r} {vars(store)}"
    postgres.drop(url)
