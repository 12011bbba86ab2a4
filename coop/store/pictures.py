"""Pictures: rows that name media files, and the sweep that keeps the two in step."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from coop.domain.box import Box
from coop.domain.clip import NewClip
from coop.domain.picture import NewPicture, PictureKind, StoredPicture
from coop.store.core import StoreCore
from coop.store.models import PictureRow

log = logging.getLogger(__name__)

_FEW = 100
"""A crash leaves a handful of files without a row. Many more than this is not the work of a crash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What a sweep found.

    ``removed``: files that no row named. ``spared``: the same, but so many that they were left alone.
    ``missing``: keys of pictures whose file is gone.
    """

    removed: tuple[str, ...]
    spared: tuple[str, ...]
    missing: tuple[str, ...]


class Pictures(StoreCore):
    def pictures(
        self,
        since: datetime,
        until: datetime,
        *,
        kind: PictureKind | None = None,
        camera: str | None = None,
        track_id: str | None = None,
    ) -> tuple[StoredPicture, ...]:
        """The pictures taken in [since, until) whose files are kept, oldest first."""
        query = select(PictureRow).where(
            PictureRow.deleted.is_(None), PictureRow.time >= since, PictureRow.time < until
        )
        if kind is not None:
            query = query.where(PictureRow.kind == kind.value)
        if camera is not None:
            query = query.where(PictureRow.camera == camera)
        if track_id is not None:
            query = query.where(PictureRow.track_id == track_id)
        query = query.order_by(PictureRow.time, PictureRow.key)
        return self._read(lambda session: tuple(stored_picture(row) for row in session.scalars(query)))

    def picture(self, key: str) -> tuple[StoredPicture, Path] | None:
        """A picture and the absolute path of its file; None where it is unknown or no longer kept."""
        row = self._read(lambda session: session.get(PictureRow, key))
        if row is None or row.deleted is not None:
            return None
        return stored_picture(row), self._media.locate(row.path)

    def locate_picture(self, picture: StoredPicture) -> Path:
        """The absolute path of a kept picture's file, without asking the database."""
        return self._media.locate(picture.path)

    def sweep(self, grace: timedelta, *, bulk: bool = False) -> Sweep:
        """Remove files that no row names, and report rows whose file is gone.

        Files younger than ``grace`` are left: their rows may be on their way. So are unnamed files in large
        number (more than 100 and a tenth), which point to a wrong or a new database, unless ``bulk``.
        """
        ages = self._media.files()
        named = self._read(_named_files)
        orphans = tuple(sorted(path for path, age in ages.items() if path not in named and age > grace))
        suspicious = len(orphans) > max(_FEW, len(ages) // 10)
        removed, spared = ((), orphans) if suspicious and not bulk else (orphans, ())
        for path in removed:
            self._media.remove(path)
        if spared:
            log.warning(
                "%d of %d media files in %s are in no row of %s: left alone, it may be the wrong one",
                len(spared), len(ages), self._media.folder, self.where,
            )  # fmt: skip
        gone = (path for path in named if path not in ages and not self._media.locate(path).exists())
        return Sweep(removed=removed, spared=spared, missing=tuple(sorted(named[path] for path in gone)))

    def _keep_file(self, picture: NewPicture, known: Mapping[str, PictureRow]) -> StoredPicture | None:
        """Write a new picture's file; None for a picture that is known already."""
        row = known.get(picture.key)
        if row is not None and (row.deleted is not None or self._media.locate(row.path).exists()):
            return None
        return self._media.keep(picture)

    def _keep_clip(self, clip: NewClip, known: Mapping[str, PictureRow]) -> StoredPicture | None:
        """Put a new clip's file where it belongs; None for a clip that is known, or whose file is gone."""
        if clip.key in known:
            self._media.forget(clip)
            return None
        kept = self._media.adopt(clip)
        if kept is None:
            log.error("The clip %s is lost: its file %s is gone", clip.key, clip.file)
        return kept

    @property
    def clips_under_way(self) -> Path:
        """The folder for clips that are not recorded yet, on the same disk as those that are."""
        return self._media.under_way

    def tidy_clips(self) -> int:
        """Remove what a crash left of clips under way; returns how many. For the one program that films."""
        return self._media.tidy()

    def _known_pictures(self, keys: Sequence[str]) -> dict[str, PictureRow]:
        if not keys:
            return {}
        query = select(PictureRow).where(PictureRow.key.in_(keys))
        return self._read(lambda session: {row.key: row for row in session.scalars(query)})


def picture_values(picture: StoredPicture) -> dict[str, Any]:
    return {
        "key": picture.key,
        "kind": picture.kind.value,
        "path": picture.path,
        "sha256": picture.sha256,
        "bytes": picture.bytes,
        "camera": picture.camera,
        "time": picture.time,
        "width": picture.width,
        "height": picture.height,
        "track_id": picture.track_id,
        "box": None if picture.box is None else list(picture.box.xywh),
        "seconds": picture.seconds,
        "deleted": None,
    }


def stored_picture(row: PictureRow) -> StoredPicture:
    return StoredPicture(
        key=row.key,
        kind=PictureKind(row.kind),
        path=row.path,
        sha256=row.sha256,
        bytes=row.bytes,
        camera=row.camera,
        time=row.time,
        width=row.width,
        height=row.height,
        track_id=row.track_id,
        box=None if row.box is None else Box(*row.box),
        seconds=row.seconds,
    )


def _named_files(session: Session) -> dict[str, str]:
    """Path to key of every picture whose file is kept."""
    rows = session.execute(select(PictureRow.path, PictureRow.key).where(PictureRow.deleted.is_(None)))
    return {row[0]: row[1] for row in rows}
