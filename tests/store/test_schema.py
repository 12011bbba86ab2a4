"""Tables and migrations agree, and migrating loses nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Boolean, Column, Connection, DateTime, Float, Integer, insert, select, text
from sqlalchemy.exc import DBAPIError

from coop.errors import StoreCorrupt
from coop.store import schema
from coop.store.engine import LOCK_WAIT_MS, Begin, beginning, open_engine
from coop.store.models import Base
from coop.store.portable import reflected_tables
from coop.store.store import Store


def test_the_migrations_make_the_tables_of_the_models(empty_url: str) -> None:
    schema.upgrade(empty_url)
    engine = open_engine(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert schema.current_revision(connection) == schema.head() == schema.revisions()[-1]
    engine.dispose()


def sample(column: Column[Any], table: str) -> Any:
    if (column.foreign_keys or column.primary_key) and not isinstance(column.type, Integer):
        return "the-key"
    match column.type:
        case DateTime(timezone=True):
            return datetime(2026, 5, 1, 12, tzinfo=UTC)
        case DateTime():
            return datetime(2026, 5, 1, 12)  # noqa: DTZ001
        case Boolean():
            return True
        case Integer():
            return 1
        case Float():
            return 0.5
        case JSON():
            return {"a": [1, None]}
        case _:
            return f"{table}.{column.name}"


def contents(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    tables = reflected_tables(connection).values()
    return {
        table.name: [dict(row) for row in connection.execute(select(table)).mappings()] for table in tables
    }


@pytest.mark.parametrize("revision", schema.revisions())
def test_data_survives_the_way_to_the_newest_tables(empty_url: str, revision: str) -> None:
    engine = open_engine(empty_url)
    with beginning(engine, Begin.SCHEMA).begin() as connection:
        schema.migrate(connection, revision)
        for table in reflected_tables(connection).values():
            connection.execute(insert(table), {c.name: sample(c, table.name) for c in table.columns})
        before = contents(connection)
    assert all(len(rows) == 1 for rows in before.values())
    schema.upgrade(empty_url)
    with engine.connect() as connection:
        after = contents(connection)
    engine.dispose()
    for name, [row] in before.items():
        assert len(after[name]) == 1
        same = {column: value for column, value in after[name][0].items() if column in row}
        assert same == {column: value for column, value in row.items() if column in same}


def test_upgrading_twice_changes_nothing(empty_url: str) -> None:
    schema.upgrade(empty_url)
    schema.upgrade(empty_url)


def test_many_processes_may_open_a_new_database_at_once(empty_url: str) -> None:
    code = "import sys; from coop.store.schema import upgrade; upgrade(sys.argv[1])"
    running = [subprocess.Popen([sys.executable, "-c", code, empty_url]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]


def test_a_migration_that_fails_leaves_everything_as_it_was(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_check_foreign_keys", lambda connection: connection.execute(text("SELEKT")))
    engine = open_engine(empty_url)
    with (
        pytest.raises(DBAPIError, match="SELEKT"),
        beginning(engine, Begin.SCHEMA).begin() as connection,
    ):
        schema.migrate(connection)
    with engine.connect() as connection:
        assert schema.current_revision(connection) is None
        assert reflected_tables(connection) == {}
    engine.dispose()


def test_a_database_of_a_newer_program_is_refused(url: str, media_dir: Path) -> None:
    Store.open(url, media_dir).close()
    engine = open_engine(url)
    with beginning(engine, Begin.WRITE).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreCorrupt, match=r"written by a newer program.*'9999'.*Install the newer program"):
        Store.open(url, media_dir)


def test_a_database_of_another_program_is_refused(empty_url: str, media_dir: Path) -> None:
    engine = open_engine(empty_url)
    with beginning(engine, Begin.WRITE).begin() as connection:
        connection.execute(text("CREATE TABLE events (name VARCHAR)"))
    engine.dispose()
    with pytest.raises(StoreCorrupt, match="a table 'events' that this program did not make"):
        Store.open(empty_url, media_dir)


def test_opening_waits_while_another_migrates(empty_url: str) -> None:
    """Longer than one wait for the lock, as a large database takes on a small machine."""
    other = open_engine(empty_url)
    with beginning(other, Begin.SCHEMA).begin() as connection, ThreadPoolExecutor(1) as elsewhere:
        opened = elsewhere.submit(schema.upgrade, empty_url)
        time.sleep(3 * LOCK_WAIT_MS / 1000)
        assert not opened.done(), opened.exception()
        schema.migrate(connection)
        connection.commit()
        opened.result(timeout=60)
    other.dispose()
