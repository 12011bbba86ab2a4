"""One daemon, and one training, to a data folder: two would write over each other's files."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Self

from coop.errors import CoopError, StoreUnavailable

LOCK_FILE = "coop.lock"


class DataFolderInUse(CoopError):
    """Another daemon works on the data folder."""

    def __init__(self, folder: Path, pid: str) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"Data folder {folder}: `coop run` works on it already ({who}). "
            "Stop that one first, or give this one a data_dir of its own"
        )


class TrainingUnderWay(CoopError):
    """Another process learns from the same labels."""

    def __init__(self, folder: Path, pid: str) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"Data folder {folder}: a training is under way ({who}). Wait for its end, or stop it"
        )


class DataLock:
    """Holds a data folder for this process. The system lets go of it even when the process is killed."""

    file: ClassVar[str] = LOCK_FILE
    refusal: ClassVar[type[DataFolderInUse | TrainingUnderWay]] = DataFolderInUse

    def __init__(self, folder: Path) -> None:
        """Take hold. Raises `refusal`, or StoreUnavailable where the folder cannot be written."""
        try:
            self._handle = os.open(folder / self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            remedy = "Set data_dir to a folder that this user may write, on a disk that is mounted writable"
            raise StoreUnavailable(f"Data folder {folder}", str(error.strerror).lower(), remedy) from None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(self._handle, 20).decode(errors="replace").strip()
            os.close(self._handle)
            raise self.refusal(folder, pid) from None
        with suppress(OSError):  # on a full disk the lock holds all the same, only without a name
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go. Doing so twice is harmless."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class TrainingLock(DataLock):
    """One training to a data folder: two would write over each other's runs."""

    file = "training.lock"
    refusal = TrainingUnderWay
