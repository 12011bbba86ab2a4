"""A video, cut by the daemon's own motion and tracks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fakes.importing import silent
from fakes.labelling import KINDS
from fakes.records import NOON

from coop.commands.cuttings import cuttings
from coop.domain.picture import PictureKind
from coop.errors import CoopError
from coop.settings import CameraSettings, Settings
from coop.store.store import Store
from labeling.importing.run import Report, Wanted
from labeling.importing.videos import import_cuttings

LONDON = ZoneInfo("Europe/London")
BEGAN = datetime(2026, 5, 1, 12, tzinfo=UTC)


def cut(store: Store, video: Path, start: datetime | None = BEGAN, **wanted: Any) -> Report:
    settings = Settings(data_dir=video.parent, timezone="Europe/London")
    values: dict[str, Any] = {"task": "kinds", "source": "film", "zone": LONDON, "batch": "b"}
    return import_cuttings(
        store,
        cuttings(video, settings, start=start),
        Wanted(**values | wanted),
        dated=start is not None,
        progress=silent,
    )


def test_tracks_are_visits_and_the_video_is_a_group(store: Store, test_data: Path) -> None:
    store.add_task(KINDS, "Anna", NOON)
    video = test_data / "videos" / "one-by-one-person-detection.mp4"
    report = cut(store, video)
    entries = store.entries()
    assert report.new == report.found == len(entries) >= 5
    assert report.visits == len({entry.visit for entry in entries}) >= 3
    assert {entry.group for entry in entries} == {"film"}
    assert {entry.day for entry in entries} == {date(2026, 5, 1)}
    assert store.progress("kinds").open_visits == report.visits
    again = cut(store, video)
    assert (again.new, again.known, again.visits) == (0, report.new, report.visits)


def test_without_a_time_there_is_no_day(store: Store, test_data: Path) -> None:
    cut(store, test_data / "videos" / "car-detection.mp4", start=None, task=None)
    assert {entry.day for entry in store.entries()} == {None}


def test_a_task_must_be_there(store: Store, test_data: Path) -> None:
    with pytest.raises(CoopError, match="no task 'kinds'"):
        cut(store, test_data / "videos" / "car-detection.mp4")


def test_seen_as_a_camera_of_the_settings(tmp_path: Path, test_data: Path) -> None:
    whole = [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]]
    blind = CameraSettings(url="rtsp://x/1", ignore_masks=whole)  # type: ignore[arg-type]
    settings = Settings(data_dir=tmp_path, cameras={"run": blind})
    video = test_data / "videos" / "car-detection.mp4"
    assert not [p for p in cuttings(video, settings, camera="run") if p.kind is PictureKind.CROP]
    with pytest.raises(CoopError, match="no such camera"):
        list(cuttings(video, settings, camera="yard"))
