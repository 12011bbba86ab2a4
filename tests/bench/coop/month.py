"""A month of the simulated coop through the daemon's own parts, on simulated time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bench.coop.school import source_of
from fakes.sketch import Sketch

from coop.assembly import camera_judge, camera_nests, camera_pipeline, camera_sight
from coop.domain.chat import Preferences
from coop.domain.findings import Findings
from coop.domain.notification import Notification
from coop.domain.zone import ZoneKind
from coop.first_visits import FirstVisits
from coop.flock_watch import FlockWatch, hens_of
from coop.frame.sim.source import SimSource
from coop.models import Models
from coop.notify.compose import Composer
from coop.places import open_store
from coop.recorder import Recorder
from coop.settings import CameraSettings, CoopSettings, Settings
from coop.settings_values import SecretUrl
from coop.store.store import Store
from coop.tell import Recipient, Teller

CHAT = "keeper"
EVERY = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Month:
    """What is watched: a flock's days by a seed that no model has seen."""

    flock: int
    seed: int
    days: int
    start: date


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A month that was watched: its truth, and when each message of its record went out."""

    source: SimSource
    settings: Settings
    messages: tuple[datetime, ...]


def sketch(month: Month, folder: Path) -> Watched:
    """The month without pictures: see `fakes.sketch`."""
    source, settings = _set_up(month, folder)
    with open_store(settings) as store:
        Sketch(source=source, settings=settings, store=store, seed=month.seed).run()
    return Watched(source=source, settings=settings, messages=())


def _set_up(month: Month, folder: Path) -> tuple[SimSource, Settings]:
    coop = CoopSettings(latitude=50.0, longitude=0.0)
    settings = Settings(data_dir=folder, timezone="UTC", coop=coop)
    return source_of(month.flock, month.seed, month.days, month.start, hard=True), settings


def watch(month: Month, models: Path, folder: Path, say: Callable[[str], None]) -> Watched:
    """Run the whole month; the record lies in ``folder`` afterwards."""
    source, settings = _set_up(month, folder)
    messages: list[datetime] = []
    with open_store(settings) as store:
        _run(source, store, settings, models, messages, say)
    return Watched(source=source, settings=settings, messages=tuple(messages))


def _run(
    source: SimSource,
    store: Store,
    settings: Settings,
    models: Path,
    messages: list[datetime],
    say: Callable[[str], None],
) -> None:
    loaded = Models(settings, lambda task: models / task)
    loaded.refresh()
    composer = Composer(zone=UTC)

    now = datetime.min.replace(tzinfo=UTC)
    reader = Recipient(address=CHAT, language="en", wants=Preferences(chat=CHAT))
    teller = Teller(record=store, composer=composer, recipients=lambda: [reader], clock=lambda: now)

    def compose(found: Findings) -> Sequence[Notification]:
        notes = teller(found)
        messages.extend(now for note in notes if note.edits is None)
        return notes

    recorder = Recorder(store, compose)
    flock = FlockWatch(
        settings=settings,
        store=store,
        record=recorder,
        hens=lambda: hens_of(settings, loaded.current),
        doors=[zone.name for zone in source.zones if zone.kind is ZoneKind.POP_DOOR],
    )
    camera = CameraSettings(url=SecretUrl("sim://"))
    pipeline = camera_pipeline(
        source.camera,
        camera,
        settings,
        zones=source.zones,
        judge=camera_judge(loaded.current, settings),
        record=recorder,
        is_first_today=FirstVisits(store, UTC),
        nests=camera_nests(source.camera, source.zones, loaded.current, settings),
        sight=camera_sight(source.camera, camera, settings, live=False),
    )
    looked = datetime.min.replace(tzinfo=UTC)
    digests: set[date] = set()
    for frame in source.frames(threading.Event()):
        now = frame.time
        pipeline.step(frame)
        if frame.time - looked >= EVERY:
            looked = frame.time
            flock.check(looked)
        if frame.time.time() >= settings.schedule.digest and frame.time.date() not in digests:
            digests.add(frame.time.date())
            messages.append(frame.time)  # the digest, one message
            say(f"{frame.time:%d.%m.}")
    pipeline.finish(looked)
