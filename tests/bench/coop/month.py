"""A month of the simulated coop through the daemon's own parts, on simulated time."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from itertools import groupby
from pathlib import Path

from bench.coop.progress import Progress, Told, going_on, keep
from bench.coop.school import source_of
from fakes.sketch import Sketch

from coop.app import LONGEST_STAY
from coop.assembly import camera_judge, camera_nests, camera_pipeline, camera_sight
from coop.domain.chat import Preferences
from coop.domain.egg import REST
from coop.domain.findings import Findings
from coop.domain.frame import Frame
from coop.domain.notification import Notification
from coop.domain.zone import ZoneKind
from coop.first_visits import FirstVisits
from coop.flock_watch import FlockWatch, hens_of
from coop.frame.sim.source import SimSource
from coop.ledger import reattribute
from coop.models import Models
from coop.notify.compose import Composer
from coop.places import open_store
from coop.recorder import Recorder
from coop.routine import REATTRIBUTED
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
    """The days of a month that were watched: their truth, and the messages of their record."""

    source: SimSource
    settings: Settings
    days: int
    messages: tuple[Told, ...] = ()
    cpu_s: float = 0.0


def sketch(month: Month, folder: Path) -> Watched:
    """The month without pictures: see `fakes.sketch`."""
    shutil.rmtree(folder, ignore_errors=True)
    source, settings = _source(month, 0, month.days), _settings(folder)
    with open_store(settings) as store:
        Sketch(source=source, settings=settings, store=store, seed=month.seed).run()
    return Watched(source=source, settings=settings, days=month.days)


def watch(
    month: Month, models: Path, folder: Path, at_once: int | None, say: Callable[[str], None]
) -> Watched:
    """Watch the month from where it was left, ``at_once`` days at most; its record lies in ``folder``."""
    settings, progress = _settings(folder), going_on(folder)
    left = month.days - progress.days
    days = left if at_once is None else min(at_once, left)
    if days > 0:
        source = _source(month, progress.days, days)
        with open_store(settings) as store:
            for so_far in _Watch(source, store, settings, models).days(progress):
                keep(folder, so_far)
                each = so_far.cpu_s / so_far.days
                say(f"{so_far.days} of {month.days} days, {each:.0f} s of CPU each")
                progress = so_far
    return Watched(
        source=_source(month, 0, max(1, min(progress.days, month.days))),
        settings=settings,
        days=progress.days,
        messages=progress.messages,
        cpu_s=progress.cpu_s,
    )


def _settings(folder: Path) -> Settings:
    coop = CoopSettings(latitude=50.0, longitude=0.0)
    return Settings(data_dir=folder, timezone="UTC", coop=coop)


def _source(month: Month, done: int, days: int) -> SimSource:
    return source_of(month.flock, month.seed, days, month.start + timedelta(days=done), hard=True)


class _Watch:
    """The daemon's parts over some days, going on with what is on record."""

    def __init__(self, source: SimSource, store: Store, settings: Settings, models: Path) -> None:
        self._source, self._store, self._settings = source, store, settings
        self._now = began = next(source.truth.frame_times())
        self._messages: list[Told] = []
        self._reader = Recipient(address=CHAT, language="en", wants=Preferences(chat=CHAT))
        self._composer = Composer(zone=UTC)
        self._teller = Teller(
            record=store,
            composer=self._composer,
            recipients=lambda: [self._reader],
            clock=lambda: self._now,
        )
        recorder = Recorder(store, self._compose)
        loaded = Models(settings, lambda task: models / task)
        loaded.refresh()
        self._flock = FlockWatch(
            settings=settings,
            store=store,
            record=recorder,
            hens=lambda: hens_of(settings, loaded.current),
            doors=[zone.name for zone in source.zones if zone.kind is ZoneKind.POP_DOOR],
        )
        camera = CameraSettings(url=SecretUrl("sim://"))
        counts = store.nest_counts()
        oldest = min((count.time for count in counts), default=began) - LONGEST_STAY
        self._pipeline = camera_pipeline(
            source.camera,
            camera,
            settings,
            zones=source.zones,
            judge=camera_judge(loaded.current, settings),
            record=recorder,
            is_first_today=FirstVisits(store, UTC),
            open_visits=store.open_visits(),
            nests=camera_nests(
                source.camera,
                source.zones,
                loaded.current,
                settings,
                counts=counts,
                visits=store.visits(oldest, began),
                eggs=store.eggs(began - REST, began),
            ),
            sight=camera_sight(source.camera, camera, settings, live=False),
        )

    def _compose(self, found: Findings) -> Sequence[Notification]:
        notes = self._teller(found)
        self._messages += [self._told(note.text) for note in notes if note.edits is None]
        return notes

    def _told(self, text: str) -> Told:
        first, _, _ = text.strip().partition("\n")
        return Told(time=self._now.isoformat(), said=first)

    def days(self, progress: Progress) -> Iterator[Progress]:
        """Watch the days one after the other; what is done by each midnight."""
        for _, frames in groupby(self._source.frames(threading.Event()), lambda frame: frame.time.date()):
            began = time.process_time()
            self._day(frames)
            progress = progress.day_watched(time.process_time() - began, tuple(self._messages))
            self._messages.clear()
            yield progress
        self._pipeline.pause(self._now)

    def _day(self, frames: Iterable[Frame]) -> None:
        looked, digest = None, False
        for frame in frames:
            self._now = frame.time
            self._pipeline.step(frame)
            if looked is None or frame.time - looked >= EVERY:
                looked = frame.time
                self._flock.check(looked)
                changed = reattribute(self._store, looked - REATTRIBUTED, looked)
                self._store.queue(self._teller.retell_eggs(changed), looked)
            if not digest and frame.time.time() >= self._settings.schedule.digest:
                digest = True
                self._messages.append(self._told("digest"))
