"""Putting a backup back: everything is checked first, and the database's commit makes it true."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, select, text, update
from sqlalchemy.orm import Session

from coop.domain.times import as_utc
from coop.errors import BackupError, StoreCorrupt
from coop.store.archive import DATABASE, MEDIA, MODELS, SETTINGS, Manifest, clear, unpack
from coop.store.engine import Begin, beginning, open_engine, shown
from coop.store.faults import explained, file_errors_explained
from coop.store.labels import count_open_again
from coop.store.media import Media, write_durably
from coop.store.models import Base, DaemonStatusRow, PictureRow
from coop.store.portable import load_table, reflected_tables
from coop.store.schema import VERSION_TABLE, migrate, revisions, upgrade_engine
from coop.store.status import decoded_status

_DAEMON_FRESH = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put back. ``without_file``: pictures whose file is not there, now recorded as deleted.

    ``settings``: where the settings file was put, None if the backup has none. ``aside``: files of the
    damaged database that were moved out of the way.
    """

    made: datetime
    rows: int
    pictures: int
    without_file: int
    settings: Path | None
    aside: tuple[Path, ...]


def restore(
    file: Path,
    *,
    url: str,
    media_dir: Path,
    models_dir: Path,
    settings_file: Path,
    now: datetime,
    replace: bool = False,
) -> Restored:
    """Put a backup back into the database at ``url`` (any kind) and the folders beside it.

    Nothing is touched before the whole backup is checked. Database, media and models must be empty, else
    BackupError, unless ``replace``: then the tables and models are replaced, media files are added, a damaged
    SQLite file is moved aside. An existing settings file is kept, and the backup's is put beside it with
    ".restored" at the end of its name. Raises BackupError, StoreUnavailable; then the database and the models
    are as they were.
    """
    media = Media(media_dir)
    where = shown(url)
    with file_errors_explained(f"Folder {media.folder.parent}"):
        media.folder.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=media.folder.parent, prefix=".restore-"))
        try:
            manifest = unpack(file, staging)
            _check_contents(file, manifest, staging)
            if not replace:
                _require_empty_folders(file, media_dir, models_dir)
            engine, aside = _prepared_engine(url, replace=replace)
            try:
                with explained(where):
                    _require_free(file, engine, now, replace=replace)
                    pictures = _put_media(media, staging / MEDIA)
                    without_file = _replace_all(engine, manifest, staging, media, models_dir, now)
            finally:
                engine.dispose()
            settings = _put_settings(staging / SETTINGS, settings_file)
        finally:
            clear(staging)
    return Restored(
        made=datetime.fromisoformat(manifest.made),
        rows=sum(manifest.tables.values()),
        pictures=pictures,
        without_file=without_file,
        settings=settings,
        aside=aside,
    )


def _check_contents(file: Path, manifest: Manifest, staging: Path) -> None:
    if manifest.revision not in revisions():
        raise BackupError(
            file,
            f"its tables are {manifest.revision!r}, known are up to {revisions()[-1]!r}",
            "Restore it with the newer program that made it",
        )
    for name, count in manifest.tables.items():
        path = staging / DATABASE / f"{name}.jsonl"
        lines = path.read_bytes().count(b"\n") if path.exists() else 0
        if lines != count:
            raise BackupError(file, f"table {name} has {lines} rows instead of {count}", "Use another backup")


def _require_empty_folders(file: Path, *folders: Path) -> None:
    for folder in folders:
        if folder.is_dir() and any(folder.iterdir()):
            raise BackupError(file, f"the folder {folder} is not empty", _SAY_REPLACE)


_SAY_REPLACE = "Say that it shall be replaced (--replace), or restore to another place"


def _prepared_engine(url: str, *, replace: bool) -> tuple[Engine, tuple[Path, ...]]:
    """An engine for a database with our tables; one that is damaged is moved aside when ``replace``."""
    engine = open_engine(url)
    try:
        upgrade_engine(engine)
    except StoreCorrupt:
        engine.dispose()
        if not replace or engine.dialect.name != "sqlite":
            raise
        aside = _moved_aside(Path(str(engine.url.database)))
        upgrade_engine(engine)
        return engine, aside
    except BaseException:
        engine.dispose()
        raise
    return engine, ()


def _moved_aside(database: Path) -> tuple[Path, ...]:
    number = 1
    while database.with_name(f"{database.name}.damaged-{number}").exists():
        number += 1
    moved = []
    for ending in ("-wal", "-shm", ""):  # the log first: it must never meet a new database
        place = database.with_name(database.name + ending)
        if place.exists():
            moved.append(place.rename(database.with_name(f"{database.name}.damaged-{number}{ending}")))
    return tuple(moved)


def _require_free(file: Path, engine: Engine, now: datetime, *, replace: bool) -> None:
    with Session(engine) as session:
        row = session.get(DaemonStatusRow, 1)
        if row is not None and abs(as_utc(now) - decoded_status(row.status).refreshed) < _DAEMON_FRESH:
            raise BackupError(file, "the daemon is running", "Stop it first: systemctl stop coop")
        if replace:
            return
        for table in Base.metadata.sorted_tables:
            if session.execute(select(table).limit(1)).first() is not None:
                raise BackupError(file, f"{shown(engine.url)} is not empty", _SAY_REPLACE)


def _put_media(media: Media, staged: Path) -> int:
    places = [place for place in staged.rglob("*") if place.is_file()]
    for place in places:
        write_durably(media.locate(place.relative_to(staged).as_posix()), place.read_bytes())
    return len(places)


def _replace_all(
    engine: Engine, manifest: Manifest, staging: Path, media: Media, models_dir: Path, now: datetime
) -> int:
    """Tables and models, all or nothing; returns how many pictures have no file."""
    with ExitStack() as undo:
        with beginning(engine, Begin.SCHEMA).begin() as connection:
            _drop_everything(connection)
            migrate(connection, manifest.revision)
            _load_tables(connection, manifest.tables, staging / DATABASE)
            migrate(connection)
            without_file = _mark_deleted(connection, media, now)
            replaced = _put_models(staging / MODELS, models_dir, undo)
        undo.pop_all()  # committed: there is no way back
    if replaced is not None:
        clear(replaced)
    return without_file


def _drop_everything(connection: Connection) -> None:
    Base.metadata.drop_all(connection)
    connection.execute(text(f"DROP TABLE IF EXISTS {VERSION_TABLE}"))


def _load_tables(connection: Connection, counts: Mapping[str, int], folder: Path) -> None:
    for name, table in reflected_tables(connection).items():
        if name in counts:
            with (folder / f"{name}.jsonl").open("rb") as lines:
                load_table(connection, table, lines)


def _mark_deleted(connection: Connection, media: Media, now: datetime) -> int:
    rows = connection.execute(
        select(PictureRow.key, PictureRow.path).where(PictureRow.deleted.is_(None))
    ).all()
    gone = [key for key, path in rows if not media.locate(path).exists()]
    for key in gone:
        connection.execute(update(PictureRow).where(PictureRow.key == key).values(deleted=as_utc(now)))
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        count_open_again(session, gone)
        session.commit()
    return len(gone)


def _put_models(staged: Path, models_dir: Path, undo: ExitStack) -> Path | None:
    """Swap the models folder for the backup's; returns where the old one is, for removal after the commit."""
    if not staged.is_dir():
        return None
    old = models_dir.with_name(f"{models_dir.name}.replaced")
    clear(old)
    had_models = models_dir.exists()
    if had_models:
        models_dir.rename(old)
        undo.callback(old.rename, models_dir)
    models_dir.parent.mkdir(parents=True, exist_ok=True)
    staged.rename(models_dir)
    undo.callback(models_dir.rename, staged)
    return old if had_models else None


def _put_settings(staged: Path, settings_file: Path) -> Path | None:
    found = next(iter(sorted(staged.glob("*"))), None) if staged.is_dir() else None
    if found is None:
        return None
    content = found.read_bytes()
    if settings_file.exists() and settings_file.read_bytes() != content:
        settings_file = settings_file.with_name(f"{settings_file.name}.restored")
    write_durably(settings_file, content)
    return settings_file
