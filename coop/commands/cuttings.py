"""What the daemon would have kept of a recording: crops by track and zone pictures, without a model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from coop.assembly import camera_judge, camera_pipeline, camera_source
from coop.commands.replay import recording_camera
from coop.domain.findings import Findings
from coop.domain.picture import NewPicture
from coop.frame.masked import own_zones
from coop.replay import Memory
from coop.settings import Settings


def cuttings(
    recording: Path, settings: Settings, *, camera: str | None = None, start: datetime | None = None
) -> Iterator[NewPicture]:
    """Cut a recording as ``camera`` of the settings would see it, and yield pictures as they are found.

    ``start``, aware, is when it began, where its own word shall not count. Raises `CoopError`.
    """
    seen_as = recording_camera(str(recording), camera, settings)
    name = camera or recording.stem
    source = camera_source(name, seen_as, settings, start=start, fps=seen_as.fps)
    found: list[NewPicture] = []

    def record(findings: Findings, now: datetime) -> None:
        found.extend(findings.pictures)

    pipeline = camera_pipeline(
        name,
        seen_as,
        settings,
        zones=seen_as.domain_zones or own_zones(source),
        judge=camera_judge({}, settings),
        record=record,
        is_first_today=Memory(zone=settings.zone).is_first_today,
    )
    last: datetime | None = None
    for frame in source.frames(threading.Event()):
        pipeline.step(frame)
        last = frame.time
        yield from found
        found.clear()
    if last is not None:
        pipeline.finish(last)
        yield from found
