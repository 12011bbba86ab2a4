"""A month of the simulated coop through the daemon's own parts, on simulated time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bench.coop.school import source_of

from coop.assembly import camera_judge, camera_nests, camera_pipeline
from coop.first_visits import FirstVisits
from coop.frame.sim.source import SimSource
from coop.models import Models
from coop.notify.compose import Composer
from coop.places import open_store
from coop.recorder import Recorder
from coop.settings import CameraSettings, Settings
from coop.settings_values import SecretUrl
from coop.store.store import Store

CHAT = "keeper"


@dataclass(frozen=True, kw_only=True)
class Month:
    """What is watched: a flock's days by a seed that no model has seen."""

    flock: int
    seed: int
    days: int
    start: date


def watch(month: Month, models: Path, folder: Path, say: Callable[[str], None]) -> tuple[SimSource, Settings]:
    """Run the whole month; the record lies in ``folder`` afterwards."""
    settings = Settings(data_dir=folder, timezone="UTC")
    source = source_of(month.flock, month.seed, month.days, month.start, hard=True)
    with open_store(settings) as store:
        _run(source, store, settings, models, say)
    return source, settings


def _run(
    source: SimSource, store: Store, settings: Settings, models: Path, say: Callable[[str], None]
) -> None:
    loaded = Models(settings, lambda task: models / task)
    loaded.refresh()
    composer = Composer(zone=UTC)
    pipeline = camera_pipeline(
        source.camera,
        CameraSettings(url=SecretUrl("sim://")),
        settings,
        zones=source.zones,
        judge=camera_judge(loaded.current, settings),
        record=Recorder(store, lambda event: composer.compose(event, [CHAT])),
        is_first_today=FirstVisits(store, UTC),
        nests=camera_nests(source.camera, source.zones, loaded.current, settings),
    )
    day: date | None = None
    last = datetime.min.replace(tzinfo=UTC)
    for frame in source.frames(threading.Event()):
        pipeline.step(frame)
        if frame.time.date() != day:
            day = frame.time.date()
            say(f"{day}")
        last = frame.time
    pipeline.finish(last + timedelta(minutes=1))
