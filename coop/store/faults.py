"""What a driver's or the system's error means to a keeper: the only place that knows error codes."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from coop.errors import NO_ROOM, DiskFull, StoreCorrupt, StoreError, StoreUnavailable

_READ_ONLY = (
    "it is read-only",
    "Give the program's user the right to write there, and mount the file system writable",
)
_LOCKED = ("another program holds it locked", "Close the other program; this one tries again")
_DAMAGED = (
    "it is damaged",
    "Stop the daemon and put back the latest backup with `coop restore`; keep the damaged file for a look",
)


class Locked(StoreUnavailable):
    """Another process kept the database locked for longer than we wait in one go."""

    def __init__(self, where: str) -> None:
        super().__init__(where, *_LOCKED)


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn errors of database drivers into ours. ``where`` names the database without secrets."""
    try:
        yield
    except DBAPIError as error:
        raise _explain_driver(where, error) from error
    except StatementError as error:
        if isinstance(error.orig, ValueError):  # a value that a column refused, such as a naive time
            raise error.orig from None
        raise
    except PoolTimeout as error:
        raise StoreUnavailable(where, "all its connections are busy", "Try again later") from error


@contextmanager
def file_errors_explained(where: str) -> Iterator[None]:
    """Turn an OSError about a file into StoreUnavailable. ``where`` names the file or folder."""
    try:
        yield
    except StoreUnavailable:
        raise
    except OSError as error:
        raise explain_file_error(where, error) from error


def explain_file_error(where: str, error: OSError) -> StoreUnavailable:
    if error.errno in NO_ROOM:
        return DiskFull(where)
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return StoreUnavailable(where, *_READ_ONLY)
    reason = error.strerror or type(error).__name__
    return StoreUnavailable(where, reason, "Check the disk and the folder's permissions")


def _explain_driver(where: str, error: DBAPIError) -> StoreError:
    if isinstance(error.orig, sqlite3.Error):
        return _explain_sqlite(where, error.orig)
    return _explain_postgres(where, error)


def _explain_sqlite(where: str, error: sqlite3.Error) -> StoreError:
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    primary = code & 0xFF  # extended codes keep the primary one in the low byte
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Locked(where)
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:  # the log's index has no room
        return DiskFull(where)
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return StoreUnavailable(where, *_READ_ONLY)
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreCorrupt(where, f"{_DAMAGED[0]} ({error})", _DAMAGED[1])
    if primary in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return StoreUnavailable(
            where, str(error), "Check the disk, its free space and the folder's permissions"
        )
    return StoreError(f"{where}: the database refused: {error}")


_POSTGRES_STATES = {
    "53300": ("the server has no free connection", "Raise `max_connections` or stop other clients"),
    "25006": _READ_ONLY,
    "42501": _READ_ONLY,
}
_POSTGRES_LOCKS = ("55P03", "40001", "40P01")  # lock not available, serialisation failure, deadlock


def _explain_postgres(where: str, error: DBAPIError) -> StoreError:
    state: str | None = getattr(error.orig, "sqlstate", None)
    if state in _POSTGRES_LOCKS:
        return Locked(where)
    if state == "53100":
        return DiskFull(where)
    if state in _POSTGRES_STATES:
        return StoreUnavailable(where, *_POSTGRES_STATES[state])
    if state is not None and state.startswith("XX00"):
        return StoreCorrupt(where, f"{_DAMAGED[0]} ({error.orig})", _DAMAGED[1])
    if error.connection_invalidated or isinstance(error, OperationalError):
        words = " ".join(str(error.orig).split())
        return StoreUnavailable(
            where,
            f"the server cannot be used ({words})",
            "Check that it runs, and the address, user, password and database name in the URL",
        )
    return StoreError(f"{where}: the database refused: {error.orig}")
