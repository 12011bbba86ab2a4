"""Bringing a database to the tables that this program knows."""

from __future__ import annotations

import time

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from coop.errors import StoreCorrupt
from coop.store.engine import Begin, beginning, open_engine, shown
from coop.store.faults import Locked, explained
from coop.store.models import Base

VERSION_TABLE = "alembic_version"
_ATTEMPTS = 10
"""Each waits for the lock as long as `LOCK_WAIT_MS` says."""
_PAUSE_S = 0.05


def upgrade(url: str) -> None:
    """Create or migrate the tables of the database at ``url``; nothing happens if they are up to date.

    All or nothing: a migration that fails leaves the database as it was. Raises StoreCorrupt for a database
    of a newer program or of another one, StoreUnavailable where it cannot be written.
    """
    engine = open_engine(url)
    try:
        upgrade_engine(engine)
    finally:
        engine.dispose()


def upgrade_engine(engine: Engine) -> None:
    """As `upgrade`. Of two processes that begin at the same moment, one waits while the other migrates."""
    where = shown(engine.url)
    for _ in range(_ATTEMPTS - 1):
        try:
            return _upgrade(engine, where)
        except Locked:
            time.sleep(_PAUSE_S)  # SQLite does not wait by itself for one that just turns on the log
    return _upgrade(engine, where)


def _upgrade(engine: Engine, where: str) -> None:
    with explained(where):
        with engine.connect() as connection:
            if _checked_revision(connection, where) == head():
                return
        # Another process may have been quicker: what to do is decided again under the write lock.
        with beginning(engine, Begin.SCHEMA).begin() as connection:
            _checked_revision(connection, where)
            migrate(connection)


def migrate(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to ``revision`` inside the connection's own transaction (begun for SCHEMA)."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    _check_foreign_keys(connection)


def head() -> str:
    """The newest revision this program knows."""
    return str(_scripts().get_current_head())


def revisions() -> tuple[str, ...]:
    """Every revision this program knows, oldest first."""
    return tuple(script.revision for script in reversed(list(_scripts().walk_revisions())))


def current_revision(connection: Connection) -> str | None:
    """The revision of a database, or None for one without our tables."""
    return MigrationContext.configure(connection).get_current_revision()


def _checked_revision(connection: Connection, where: str) -> str | None:
    revision = current_revision(connection)
    if revision is None:
        ours = set(inspect(connection).get_table_names()) & set(Base.metadata.tables)
        if ours:
            raise StoreCorrupt(
                where,
                f"it has a table {min(ours)!r} that this program did not make",
                "Give this program a database of its own",
            )
    elif revision not in revisions():
        raise StoreCorrupt(
            where,
            f"it was written by a newer program (tables {revision!r}, known up to {head()!r})",
            "Install the newer program again, or put back an older backup with `coop restore`",
        )
    return revision


def _check_foreign_keys(connection: Connection) -> None:
    """SQLite does not look while foreign keys are off; PostgreSQL always did."""
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).first()
        if broken is not None:
            raise StoreCorrupt(
                shown(connection.engine.url),
                f"after migrating, a row of {broken[0]!r} points at a missing row of {broken[2]!r}",
                "Nothing was changed; please report this, with the version you came from",
            )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "coop.store:migrations")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
