"""`coop clips`: the films of the record, to look at or to take along."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from coop.commands.tables import Row, clip_name, local
from coop.domain.findings import RecordedEvent
from coop.domain.picture import PictureKind, StoredPicture
from coop.errors import OutputError
from coop.store.store import Store

CLIP_COLUMNS = ("time", "camera", "about", "seconds", "mb", "file")
_LOOK_BACK = timedelta(hours=1)
"""An event may be that much older than the clip that shows it, or younger; in truth seconds."""


def clip_rows(store: Store, since: datetime, until: datetime, zone: tzinfo, camera: str | None) -> list[Row]:
    """One row for each clip kept of [since, until), oldest first; ``file`` is where it is."""
    about = _subjects(store, since - _LOOK_BACK, until + _LOOK_BACK)
    return [
        {
            "time": local(clip.time, zone),
            "camera": clip.camera,
            "about": ", ".join(about[clip.key]),
            "seconds": round(clip.seconds or 0, 1),
            "mb": round(clip.bytes / 1e6, 2),
            "file": str(place),
        }
        for clip, place in _clips(store, since, until, camera)
    ]


def copy_clips(
    store: Store, since: datetime, until: datetime, zone: tzinfo, camera: str | None, folder: Path
) -> list[Path]:
    """Copy the clips into a folder, named by their times; returns the new files."""
    copies = []
    for clip, place in _clips(store, since, until, camera):
        target = folder / clip_name(clip.time, clip.camera, zone)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place, target)
        except OSError as error:
            problem = f"the clip cannot be copied ({error.strerror or error})"
            raise OutputError(target, problem, "Choose a folder that may be written") from None
        copies.append(target)
    return copies


def clip_files(store: Store, events: Sequence[RecordedEvent]) -> dict[str, Path]:
    """Where the clips of events are, by their keys; those that are kept no more are not there."""
    keys = {recorded.clip for recorded in events if recorded.clip is not None}
    return {key: found[1] for key in keys if (found := store.picture(key))}


def _clips(
    store: Store, since: datetime, until: datetime, camera: str | None
) -> Sequence[tuple[StoredPicture, Path]]:
    clips = store.pictures(since, until, kind=PictureKind.CLIP, camera=camera)
    return [found for clip in clips if (found := store.picture(clip.key))]


def _subjects(store: Store, since: datetime, until: datetime) -> dict[str, list[str]]:
    """Whom each clip shows, by its key, in the order of their coming."""
    subjects: dict[str, list[str]] = defaultdict(list)
    for recorded in store.events(since, until):
        if recorded.clip is not None and recorded.event.subject not in subjects[recorded.clip]:
            subjects[recorded.clip].append(recorded.event.subject)
    return subjects
