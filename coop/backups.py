"""Backups as the command and the daily job make them, and their way back."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from coop.assembly import database_url, make_data_dir, media_dir, models_dir
from coop.settings import Settings
from coop.store.backup import BackedUp
from coop.store.restore import Restored, restore
from coop.store.store import Store

log = logging.getLogger(__name__)

DAILY = "neurocoop-{:%Y-%m-%d}.tar.gz"
ANY_DAILY = "neurocoop-????-??-??.tar.gz"


def make_backup(
    file: Path, store: Store, settings: Settings, settings_file: Path | None, now: datetime
) -> BackedUp:
    """Write database, labelled pictures, models and settings into ``file``. Raises `StoreError`."""
    return store.backup(file, now=now, models_dir=models_dir(settings), settings_file=settings_file)


def make_daily_backup(store: Store, settings: Settings, settings_file: Path | None, now: datetime) -> Path:
    """Write today's backup into data_dir/backups, and delete the oldest beyond the number to keep."""
    folder = settings.data_dir / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / DAILY.format(now.astimezone(settings.zone))
    make_backup(file, store, settings, settings_file, now)
    # Names sort by day. Only what this job wrote is deleted, and only after today's is there.
    for old in sorted(folder.glob(ANY_DAILY))[: -settings.schedule.backups_kept]:
        old.unlink()
        log.info("Deleted the old backup %s", old.name)
    return file


def restore_backup(
    file: Path, settings: Settings, settings_file: Path, now: datetime, *, replace: bool
) -> Restored:
    """Put a backup back where ``settings`` point. Raises `StoreError`; then everything is as it was."""
    make_data_dir(settings)
    return restore(
        file,
        url=database_url(settings),
        media_dir=media_dir(settings),
        models_dir=models_dir(settings),
        settings_file=settings_file,
        now=now,
        replace=replace,
    )
