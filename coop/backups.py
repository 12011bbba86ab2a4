"""Backups as the command and the daily job make them, and their way back."""

from __future__ import annotations

import logging
import re
from datetime import date, datetime
from pathlib import Path

from coop.data_lock import DataLock
from coop.errors import BackupError
from coop.places import database_url, make_data_dir, media_dir, models_dir
from coop.settings import Settings
from coop.store.backup import BackedUp
from coop.store.restore import Restored, restore
from coop.store.store import Store

log = logging.getLogger(__name__)

DAILY = "neurocoop-{:%Y-%m-%d}.tar.gz"
_DAILY = re.compile(r"neurocoop-(\d{4}-\d\d-\d\d)\.tar\.gz")
_REMEDY = "Look at the folder's permissions and its disk"


def make_backup(
    file: Path, store: Store, settings: Settings, settings_file: Path | None, now: datetime
) -> BackedUp:
    """Write database, labelled pictures, models and settings into ``file``. Raises `StoreError`."""
    return store.backup(file, now=now, models_dir=models_dir(settings), settings_file=settings_file)


def make_daily_backup(store: Store, settings: Settings, settings_file: Path | None, now: datetime) -> Path:
    """Write today's backup into data_dir/backups, and delete the oldest beyond the number to keep.

    Nothing but what this job wrote is ever deleted, and only after today's is there; nor is today's, even if
    a clock that went wrong once left backups of days to come. Raises `StoreError`.
    """
    folder = settings.data_dir / "backups"
    file = folder / DAILY.format(now.astimezone(settings.zone))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BackupError(file, f"its folder cannot be made ({error.strerror})", _REMEDY) from None
    make_backup(file, store, settings, settings_file, now)
    others = sorted(path for path in folder.iterdir() if _is_daily(path) and path != file)
    surplus = len(others) + 1 - settings.schedule.backups_kept
    for old in others[: max(surplus, 0)]:
        try:
            old.unlink()
        except OSError as error:
            raise BackupError(old, f"it is old and cannot be deleted ({error.strerror})", _REMEDY) from None
        log.info("Deleted the old backup %s", old.name)
    return file


def _is_daily(path: Path) -> bool:
    """Whether a file bears a name that the daily job gives."""
    named = _DAILY.fullmatch(path.name)
    try:
        return named is not None and path.is_file() and bool(date.fromisoformat(named[1]))
    except ValueError:
        return False


def restore_backup(
    file: Path, settings: Settings, settings_file: Path, now: datetime, *, replace: bool
) -> Restored:
    """Put a backup back where ``settings`` point. Raises `StoreError`; then everything is as it was."""
    make_data_dir(settings)
    lock = DataLock(settings.data_dir)
    try:
        return restore(
            file,
            url=database_url(settings),
            media_dir=media_dir(settings),
            models_dir=models_dir(settings),
            settings_file=settings_file,
            now=now,
            replace=replace,
        )
    finally:
        lock.release()
