"""Tables as lines of JSON: the same for every database, so that a backup of one restores into another."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Connection, DateTime, MetaData, Table, func, insert, select, text

from coop.store.models import Base
from coop.store.schema import VERSION_TABLE

_BATCH = 500


def dump_tables(connection: Connection) -> Iterator[tuple[str, Generator[bytes, None, None]]]:
    """Each table's name with its rows as lines of JSON, tables that others point at first.

    Whoever stops amid the lines closes them, since the database keeps a cursor open.
    """
    for table in Base.metadata.sorted_tables:
        yield table.name, _dump(connection, table)


def reflected_tables(connection: Connection) -> dict[str, Table]:
    """The tables as they are in the database (perhaps of an older revision), in an order fit for loading."""
    metadata = MetaData()
    metadata.reflect(connection)
    tables = {table.name: table for table in metadata.sorted_tables if table.name != VERSION_TABLE}
    for table in tables.values():
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type.none_as_null = True  # which a database does not tell
    return tables


def load_table(connection: Connection, table: Table, lines: Iterable[bytes]) -> None:
    """Insert rows made by `dump_tables`."""
    rows = ({name: _value(table, name, value) for name, value in json.loads(line).items()} for line in lines)
    for batch in iter(lambda: list(islice(rows, _BATCH)), []):
        connection.execute(insert(table), batch)
    if connection.dialect.name == "postgresql":
        _move_sequence(connection, table)


def _dump(connection: Connection, table: Table) -> Generator[bytes, None, None]:
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_BATCH)
    with connection.execute(query) as result:
        for row in result.mappings():
            yield json.dumps(dict(row), default=datetime.isoformat, ensure_ascii=False).encode() + b"\n"


def _value(table: Table, name: str, value: Any) -> Any:
    kind = table.c[name].type
    if value is None or not isinstance(kind, DateTime):
        return value
    moment = datetime.fromisoformat(value).astimezone(UTC)
    return moment if kind.timezone else moment.replace(tzinfo=None)


def _move_sequence(connection: Connection, table: Table) -> None:
    """Rows came with their ids, of which PostgreSQL's counter knows nothing."""
    column = table.autoincrement_column
    if column is None:
        return
    sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
    largest = connection.scalar(select(func.max(column)))
    if sequence is not None and largest is not None:
        connection.execute(
            text("SELECT setval(:sequence, :largest)"), {"sequence": sequence, "largest": largest}
        )
