"""Opening a database: SQLite by file, PostgreSQL by URL, with the same rules for transactions on both.

Whoever writes holds the one write lock from the first moment (`BEGIN IMMEDIATE` on SQLite, an advisory
lock on PostgreSQL), so read-then-write is safe between processes. Whoever reads sees one moment of it.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from coop.errors import StoreError
from coop.store.faults import file_errors_explained

LOCK_WAIT_MS = 500
"""How long one attempt waits for the write lock, in milliseconds. The writer makes several."""

_WRITE_LOCK = 0x636F6F70  # "coop": any number that no other program of the database uses
_SECRET_OPTIONS = {"password", "passfile", "sslpassword"}
_ALLOWED = "Use sqlite:////path/to/coop.db or postgresql://user:password@host/database"


class Begin(StrEnum):
    """What a transaction is for, which decides how it begins."""

    READ = "read"
    WRITE = "write"
    RELAXED = "relaxed write"
    """A write whose loss at a power cut is no harm, such as the status row: it costs no flush to the disk."""
    SCHEMA = "schema change"
    """A write with foreign keys off, since SQLite rebuilds tables to change them."""


def open_engine(url: str) -> Engine:
    """An engine whose transactions are READ ones; see `beginning` for the others.

    Nothing is connected yet. Raises StoreError for a URL that is no database of ours.
    """
    address = _parsed(url)
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(address)
    return _open_postgres(address)


def beginning(engine: Engine, begin: Begin) -> Engine:
    """The same engine, its transactions begun for another purpose."""
    return engine.execution_options(coop_begin=begin)


def shown(url: str | URL) -> str:
    """How a database is called in messages: a file by its path, a server by its URL without secrets."""
    address = _parsed(url)
    if address.get_backend_name() == "sqlite":
        return f"Database {address.database}"
    harmless = address.set(query={k: v for k, v in address.query.items() if k not in _SECRET_OPTIONS})
    return f"Database {harmless.render_as_string(hide_password=True)}"


def _parsed(url: str | URL) -> URL:
    # The URL itself stays out of the messages: it may hold a password that could not be told apart.
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(f"The database URL cannot be read. {_ALLOWED}") from None
    backend = address.drivername.partition("+")[0]
    if backend == "sqlite":
        if address.database in (None, "", ":memory:") or str(address.database).startswith("file:"):
            raise StoreError(f"An SQLite database needs a file. {_ALLOWED}")
        return address.set(drivername="sqlite+pysqlite")
    if backend in ("postgresql", "postgres"):
        return address.set(drivername="postgresql+psycopg")
    raise StoreError(f"The database URL begins with {address.drivername!r}. {_ALLOWED}")


def _open_sqlite(address: URL) -> Engine:
    folder = Path(str(address.database)).parent
    with file_errors_explained(f"Folder {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        address,
        hide_parameters=True,
        connect_args={"timeout": LOCK_WAIT_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    cursor = connection.cursor()
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()  # a damaged file shows here, and nobody else holds the connection yet
        raise
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    match _purpose(connection):
        case Begin.READ:
            statements = ["BEGIN"]
        case Begin.WRITE:
            statements = ["PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON", "BEGIN IMMEDIATE"]
        case Begin.RELAXED:
            statements = ["PRAGMA synchronous=NORMAL", "PRAGMA foreign_keys=ON", "BEGIN IMMEDIATE"]
        case Begin.SCHEMA:
            statements = ["PRAGMA synchronous=FULL", "PRAGMA foreign_keys=OFF", "BEGIN IMMEDIATE"]
    for statement in statements:
        connection.exec_driver_sql(statement)


def _open_postgres(address: URL) -> Engine:
    try:
        engine = create_engine(
            address,
            hide_parameters=True,
            pool_pre_ping=True,  # a restarted server is noticed before the work, not by its failing
            connect_args={"connect_timeout": 5, "tcp_user_timeout": 10_000},
        )
    except ModuleNotFoundError as error:
        raise StoreError(
            "The database URL names PostgreSQL, and its driver is not installed. "
            "Install it with `pip install 'neurocoop[postgres]'`"
        ) from error
    event.listen(engine, "begin", _begin_postgres)
    return engine


def _begin_postgres(connection: Connection) -> None:
    purpose = _purpose(connection)
    if purpose is Begin.READ:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")
    if purpose is Begin.RELAXED:
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")


def _purpose(connection: Connection) -> Begin:
    return Begin(connection.get_execution_options().get("coop_begin", Begin.READ))
