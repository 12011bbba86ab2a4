"""Where things are in the data folder, and the record opened from there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coop.errors import StoreUnavailable
from coop.settings import Settings

if TYPE_CHECKING:
    from coop.store.store import Store


def models_dir(settings: Settings) -> Path:
    """Where model packages are kept."""
    return settings.data_dir / "models"


def media_dir(settings: Settings) -> Path:
    """Where pictures are kept."""
    return settings.data_dir / "media"


def database_url(settings: Settings) -> str:
    """Where the record is; it may hold a password."""
    url = settings.store.url
    return url.get_secret_value() if url is not None else f"sqlite:///{settings.data_dir / 'coop.db'}"


def make_data_dir(settings: Settings) -> None:
    """Create the data folder. Raises `StoreUnavailable` where that is impossible."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = "Set data_dir to a folder that this user may write"
        raise StoreUnavailable(str(settings.data_dir), str(error.strerror), remedy) from None


def open_store(settings: Settings) -> Store:
    """The record, migrated to this version's tables. Raises `StoreError`."""
    from coop.store.store import Store  # a replay needs no database

    make_data_dir(settings)
    return Store.open(database_url(settings), media_dir(settings))
