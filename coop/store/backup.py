"""Backing up what cannot be made again: the database, labelled pictures, models, settings."""

from __future__ import annotations

import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, exists, select

from coop.domain.times import as_utc
from coop.errors import BackupError
from coop.store.archive import DATABASE, MEDIA, MODELS, SETTINGS, ArchiveWriter
from coop.store.core import StoreCore
from coop.store.faults import explained, file_errors_explained
from coop.store.media import flush_folder
from coop.store.models import LabelRow, PictureRow
from coop.store.portable import dump_tables
from coop.store.schema import current_revision

_IN_MEMORY = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """What went into a backup.

    ``missing`` and ``damaged`` are keys of labelled pictures whose file is gone, or has other bytes than when
    it was taken (such a file is in the backup all the same).
    """

    file: Path
    bytes: int
    rows: int
    pictures: int
    missing: tuple[str, ...]
    damaged: tuple[str, ...]


class Backup(StoreCore):
    def backup(
        self,
        file: Path,
        *,
        now: datetime,
        models_dir: Path | None = None,
        settings_file: Path | None = None,
    ) -> BackedUp:
        """Write one archive (.tar.gz, .tgz or .tar) that `restore` puts back, into any kind of database.

        The database is copied as of one moment while others go on writing. The file appears under its name
        only when it is whole, readable for its owner alone. `hurry` ends it: a backup may take minutes, and
        nobody waits for it when the program is told to stop. Raises BackupError, StoreUnavailable.
        """
        with _appearing(file) as tar, explained(self.where):
            archive = ArchiveWriter(tar=tar, made=as_utc(now), go_on=partial(self._require_time, file))
            with self._engine.connect() as connection:
                tables = _add_tables(archive, connection)
                missing, damaged = self._add_pictures(archive, connection)
                revision = str(current_revision(connection))
            _add_folder(archive, MODELS, models_dir)
            if settings_file is not None and settings_file.exists():
                _add_file(archive, f"{SETTINGS}/{settings_file.name}", settings_file)
            archive.finish(revision=revision, tables=tables)
        return BackedUp(
            file=file,
            bytes=file.stat().st_size,
            rows=sum(tables.values()),
            pictures=sum(name.startswith(f"{MEDIA}/") for name in archive.files),
            missing=tuple(missing),
            damaged=tuple(damaged),
        )

    def _require_time(self, file: Path) -> None:
        if self._writer.hurries:
            raise BackupError(file, "the program is about to end", "Make it again when it runs")

    def _add_pictures(self, archive: ArchiveWriter, connection: Connection) -> tuple[list[str], list[str]]:
        labelled = exists().where(LabelRow.picture == PictureRow.key)
        query = select(PictureRow.key, PictureRow.path, PictureRow.sha256).where(
            PictureRow.deleted.is_(None), labelled
        )
        missing, damaged = [], []
        for key, path, sha256 in connection.execute(query.order_by(PictureRow.path)).all():
            place = self._media.locate(path)
            if not place.exists():
                missing.append(key)
            elif _add_file(archive, f"{MEDIA}/{path}", place) != sha256:
                damaged.append(key)
        return missing, damaged


def _add_tables(archive: ArchiveWriter, connection: Connection) -> dict[str, int]:
    counts = {}
    for name, lines in dump_tables(connection):
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as content, closing(lines):
            count = 0
            for line in lines:
                archive.go_on()
                content.write(line)
                count += 1
            archive.add(f"{DATABASE}/{name}.jsonl", content)
        counts[name] = count
    return counts


def _add_folder(archive: ArchiveWriter, part: str, folder: Path | None) -> None:
    if folder is None or not folder.is_dir():
        return
    for place in sorted(folder.rglob("*")):
        if place.is_file():
            _add_file(archive, f"{part}/{place.relative_to(folder).as_posix()}", place)


def _add_file(archive: ArchiveWriter, name: str, place: Path) -> str:
    with place.open("rb") as content:
        return archive.add(name, content)


@contextmanager
def _appearing(file: Path) -> Iterator[tarfile.TarFile]:
    """A tar being written beside its final place, moved there when it is whole and flushed."""
    if file.name.endswith((".tar.gz", ".tgz")):
        mode = "w:gz"
    elif file.name.endswith(".tar"):
        mode = "w"
    else:
        raise BackupError(file, "its name does not say what it is", "Let it end in .tar.gz, .tgz or .tar")
    if not file.absolute().parent.is_dir():
        raise BackupError(file, "its folder does not exist", "Make the folder, or mount the disk")
    with file_errors_explained(f"Backup {file}"):
        handle, name = tempfile.mkstemp(dir=file.absolute().parent, prefix=f".{file.name}-")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as raw:
                with tarfile.open(fileobj=raw, mode=mode) as tar:  # type: ignore[call-overload]
                    yield tar
                raw.flush()
                os.fsync(raw.fileno())
            part.replace(file)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
        flush_folder(file.absolute().parent)
