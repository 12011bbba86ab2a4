"""The project's exceptions: one small class per situation, each writing its own message.

Every message says what is wrong, with which value, and what to do about it, since a keeper reads it.
"""

import errno
from collections.abc import Sequence
from pathlib import Path

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says of a disk that is full, or full for this user."""


class CoopError(Exception):
    """Anything that the user of the program can be told in one sentence."""


class SettingsError(CoopError, ValueError):
    """A settings file or environment variable that cannot be used; ``problems`` has one line each."""

    def __init__(self, where: str, problems: Sequence[str]) -> None:
        self.where = where
        self.problems = tuple(problems)
        super().__init__(f"{where}: " + "; ".join(problems))


class SourceError(CoopError, OSError):
    """A camera, recording or folder that cannot be opened or read."""

    def __init__(self, source: str, problem: str, remedy: str) -> None:
        self.source = source
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{source}: {problem}. {remedy}")


class OutputError(CoopError, OSError):
    """A file that was asked for cannot be written."""

    def __init__(self, file: Path, problem: str, remedy: str) -> None:
        self.file = file
        super().__init__(f"{file}: {problem}. {remedy}")


class ModelPackageError(CoopError, ValueError):
    """A model package that must not be used."""

    def __init__(self, folder: Path, problem: str, remedy: str) -> None:
        self.folder = folder
        self.problem = problem
        super().__init__(f"Model package {folder}: {problem}. {remedy}")


class LabelError(CoopError, ValueError):
    """A label, class or task that cannot be what was asked."""


class StoreError(CoopError):
    """The store could not do what was asked."""


class StoreUnavailable(StoreError, OSError):
    """Writing is impossible at the moment (disk full, read-only, locked); trying again later may work."""

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        self.where = where
        self.problem = problem
        super().__init__(f"{where}: {problem}. {remedy}")


class DiskFull(StoreUnavailable):
    """No space is left for what was to be written."""

    def __init__(self, where: str) -> None:
        super().__init__(
            where, "the disk is full", "Free some space; what was not yet recorded is tried again"
        )


class StoreCorrupt(StoreError):
    """The database is damaged or is not ours; only a person can decide what to do."""

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        self.where = where
        super().__init__(f"{where}: {problem}. {remedy}")


class BackupError(StoreError, ValueError):
    """A backup that cannot be written or restored."""

    def __init__(self, file: Path, problem: str, remedy: str) -> None:
        self.file = file
        super().__init__(f"Backup {file}: {problem}. {remedy}")


def is_disk_full(error: BaseException | None) -> bool:
    """Whether a full disk is behind an error, in whatever words it was told on its way."""
    while error is not None:
        if isinstance(error, DiskFull) or (isinstance(error, OSError) and error.errno in NO_ROOM):
            return True
        error = error.__cause__ or error.__context__
    return False
