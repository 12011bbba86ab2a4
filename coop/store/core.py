"""What every part of the store stands on: reading, writing, media."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from coop.store.engine import shown
from coop.store.faults import explained
from coop.store.media import Media
from coop.store.models import Base
from coop.store.writer import Writer

T = TypeVar("T")


class StoreCore:
    """An opened database with its writer and its media folder. The parts of the store build on it."""

    def __init__(self, engine: Engine, media: Media) -> None:
        self.where = shown(engine.url)
        self._engine = engine
        self._media = media
        self._writer = Writer(engine, self.where)

    def _read(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` on one moment of the database, in the calling thread."""
        with explained(self.where), Session(self._engine) as session:
            return work(session)

    def _write(self, work: Callable[[Session], T], *, durable: bool = True) -> T:
        """Run ``work`` in one transaction of the writer thread; see `Writer.submit`."""
        return self._writer.submit(work, durable=durable)


def insert_new(
    session: Session, row: type[Base], key: Sequence[str], values: Sequence[Mapping[str, Any]]
) -> int:
    """Insert those rows whose ``key`` columns are not there yet; returns how many that were."""
    if not values:
        return 0
    statement = _insert(session, row).on_conflict_do_nothing(index_elements=key)
    return _changed_rows(session, statement, values)


def upsert(
    session: Session,
    row: type[Base],
    key: Sequence[str],
    values: Sequence[Mapping[str, Any]],
    *,
    keep: Iterable[str] = (),
    unless: Callable[[ReadOnlyColumnCollection[str, Any]], ColumnElement[bool]] | None = None,
) -> int:
    """Insert rows or, where ``key`` is there, change them; returns how many rows changed.

    ``keep`` names columns that an existing row keeps. ``unless`` is given the new values as columns and
    says when the existing row is left alone.
    """
    if not values:
        return 0
    insert = _insert(session, row)
    fixed = {*key, *keep}
    changes = {name: insert.excluded[name] for name in values[0] if name not in fixed}
    where = None if unless is None else ~unless(insert.excluded)
    statement = insert.on_conflict_do_update(index_elements=key, set_=changes, where=where)
    return _changed_rows(session, statement, values)


def _changed_rows(
    session: Session, statement: sqlite.Insert | postgresql.Insert, values: Sequence[Mapping[str, Any]]
) -> int:
    # One by one: drivers count the rows of many inserts at once in different ways, or not at all.
    counted = statement.execution_options(preserve_rowcount=True)
    connection = session.connection()
    return sum(connection.execute(counted, dict(value)).rowcount for value in values)


def _insert(session: Session, row: type[Base]) -> sqlite.Insert | postgresql.Insert:
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(row.__table__)  # type: ignore[arg-type]
    return postgresql.insert(row.__table__)  # type: ignore[arg-type]
