"""The composition root: settings become parts, and the parts run until they are told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import sdnotify

from coop.addressees import Addressees
from coop.assembly import (
    camera_clips,
    camera_judge,
    camera_nests,
    camera_pipeline,
    camera_sight,
    camera_source,
    main_source,
    utc_now,
)
from coop.box_watch import BoxWatch
from coop.camera_loop import CameraLoop
from coop.crew import CameraAtWork, Crew, MainAtWork
from coop.data_lock import DataLock
from coop.desk.front import FrontDesk
from coop.desk.open import make_parts, make_teller
from coop.domain.egg import REST
from coop.domain.event import Event
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.health import CameraState
from coop.domain.zone import Zone, ZoneKind
from coop.errors import CoopError, SettingsError, SourceError, StoreError
from coop.event.cameras import CameraRule
from coop.event.rules import visit_ended
from coop.first_visits import FirstVisits
from coop.flock_watch import FlockWatch, hens_of
from coop.frame.latest import LatestFrame
from coop.frame.main_stream import MainStream
from coop.frame.masked import own_zones
from coop.frame.source import is_live
from coop.frame.watch import CameraWatch
from coop.load import processors
from coop.logs import configure_logging
from coop.models import Models, active_package
from coop.nests import Nests
from coop.night_start import NightStart, nightly_command, under_systemd
from coop.notify.compose import Composer
from coop.notify.console import FolderMessenger
from coop.notify.messenger import Messenger
from coop.notify.outbox import OutboxWorker
from coop.notify.telegram.bot import TelegramBot
from coop.places import make_data_dir, open_store
from coop.recorder import Recorder
from coop.routine import Routine
from coop.schedule import Timetable, table
from coop.settings import CameraSettings, Settings, load_settings
from coop.settings_sources import find_settings_file
from coop.spare_time import SpareTime
from coop.trouble import FullDisk
from coop.turns import Turns

log = logging.getLogger(__name__)

STOP_S = 3.0
"""How long the cameras may take to stop; the whole stop stays under 5 s."""

CLASSIFYING = 0.3
"""Of the processors' time, for all cameras: with more, frames would grow old while hens are looked at."""

MAGNIFYING = 0.2
"""The same, for decoding main streams."""

TURN_S = 0.25
"""How long a picture waits to be decoded before a newer one of its camera takes its place."""

CAMERA_EVENTS = ("CameraLost", "CameraBack")
PICTURE_EVENTS = ("PictureBad", "PictureGood")
LONGEST_STAY = timedelta(hours=12)
"""A visit that began so long before the last count of a nest may have gone on after it."""
LOOK_BACK = timedelta(days=30)
"""How far a start looks back for a camera's last loss."""


async def run_daemon(path: Path | None, say: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT. SIGHUP reads the settings anew; if they are unusable the old go on.

    ``say`` shows a line to whoever watches the console. Raises `CoopError` where it cannot even begin.
    """
    settings = load_settings(path)
    stop, reload = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    former: Settings | None = None
    while not stop.is_set():
        configure_logging(settings.log.level, settings.log.format, secrets=settings.secrets)
        try:
            daemon = await asyncio.to_thread(Daemon, settings, path, say)
        except CoopError as error:
            if former is None:
                raise
            log.error("The new settings cannot be used, the old ones go on: %s", error)
            settings, former = former, None
        else:
            former, settings = settings, await daemon.run(stop, reload)


class Daemon:
    """All parts of one running coop, built from one settings tree. Blocks while it opens the store."""

    def __init__(self, settings: Settings, path: Path | None, say: Callable[[str], None]) -> None:
        if not settings.active_cameras:
            raise SettingsError("Settings", ["cameras: none is active; run `coop init` for an example"])
        self._settings = settings
        self._path = path
        self._systemd = sdnotify.SystemdNotifier()
        started = utc_now()
        with ExitStack() as opened:
            make_data_dir(settings)
            opened.callback(DataLock(settings.data_dir).release)
            self._store = opened.enter_context(open_store(settings))
            composer = Composer(zone=settings.zone, silent_routine=settings.telegram.silent_routine)
            self._first_visits = FirstVisits(self._store, settings.zone)
            self._store.tidy_clips()
            self._end_forgotten_visits()
            self._models = Models(settings, active_package(self._store, settings))
            self._models.refresh()
            self._full = FullDisk()
            cameras = settings.active_cameras.items()
            self._turns = Turns(processors())
            self._classifying = SpareTime(CLASSIFYING * processors(), threads=settings.classify.threads)
            self._magnifying = SpareTime(MAGNIFYING * processors())
            self._addressees = Addressees(settings=settings, store=self._store, clock=utc_now)
            self._crew = Crew([self._camera(name, camera, composer) for name, camera in cameras])
            parts = make_parts(
                settings, self._store, self._crew, self._models, composer, self._addressees, utc_now, started
            )
            self._desk = FrontDesk(parts)
            self._bot, messenger = self._messenger(say)
            recorder = Recorder(self._store, parts.teller, self._full)
            self._night = NightStart(
                nightly_command(path or find_settings_file()), wanted=not under_systemd()
            )
            opened.callback(self._night.stop)
            self._routine = Routine(
                settings=settings,
                settings_file=path or find_settings_file(),
                store=self._store,
                crew=self._crew,
                models=self._models,
                composer=composer,
                recipients=self._addressees.recipients,
                stills=parts.stills,
                teller=parts.teller,
                label_late_crops=self._desk.label_late_crops,
                outbox=OutboxWorker(
                    self._store, messenger, utc_now, self._addressees.language_at, self._full.is_news
                ),
                clock=utc_now,
                monotonic=time.monotonic,
                started=started,
                tell_systemd=self._systemd.notify,
                recorder=recorder,
                box=BoxWatch(settings, self._store, recorder),
                night=self._night,
                full=self._full,
                flock=FlockWatch(
                    settings=settings,
                    store=self._store,
                    record=recorder,
                    hens=lambda: hens_of(settings, self._models.current),
                    doors=self._crew.places(ZoneKind.POP_DOOR),
                ),
            )
            self._opened = opened.pop_all()

    async def run(self, stop: asyncio.Event, reload: asyncio.Event) -> Settings:
        """Run until ``stop`` is set or ``reload`` brought usable settings; returns those to go on with."""
        settings = self._settings
        schedule = settings.schedule
        jobs = table(
            self._routine,
            digest=schedule.digest,
            weekly=schedule.weekly,
            backup=schedule.backup,
            training=schedule.training,
            zone=settings.zone,
        )
        plan = Timetable(jobs, settings.zone)
        await asyncio.to_thread(self._routine.catch_up)
        self._crew.start()
        if self._bot is not None:
            await self._bot.start()
        plan.start()
        self._systemd.notify("READY=1")
        log.info("Watching %s", ", ".join(settings.active_cameras))
        try:
            return await self._wait(stop, reload)
        finally:
            self._systemd.notify("STOPPING=1" if stop.is_set() else "RELOADING=1")
            self._store.hurry()
            self._routine.outbox.close()
            await plan.stop(within=1.0)
            await asyncio.to_thread(self._crew.stop, STOP_S)
            if self._bot is not None:
                await self._bot.stop(within=1.0)
            await asyncio.to_thread(self._close)
            log.info("Stopped")

    def _close(self) -> None:
        try:
            self._store.clear_status()
        except StoreError as error:
            log.warning("The status row is left to grow old: %s", error)
        self._opened.close()

    async def _wait(self, stop: asyncio.Event, reload: asyncio.Event) -> Settings:
        while True:
            waits = [asyncio.create_task(event.wait()) for event in (stop, reload)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in waits:
                task.cancel()
            if stop.is_set():
                return self._settings
            reload.clear()
            try:
                settings = load_settings(self._path)
                if not settings.active_cameras:
                    raise SettingsError("Settings", ["cameras: none is active"])
            except CoopError as error:
                log.error("The settings are not reloaded, the old ones go on: %s", error)
                continue
            log.info("The settings are read anew")
            return settings

    def _end_forgotten_visits(self) -> None:
        """End what was open at cameras that are there no more: nobody else would."""
        gap = timedelta(seconds=self._settings.events.visit_gap_s)
        forgotten = [v for v in self._store.open_visits() if v.camera not in self._settings.active_cameras]
        ended = tuple(replace(visit, ended=visit.last_seen + gap) for visit in forgotten)
        events = tuple(RecordedEvent(event=visit_ended(visit)) for visit in ended)
        self._store.record(Findings(visits=ended, events=events), utc_now())

    def _messenger(self, say: Callable[[str], None]) -> tuple[TelegramBot | None, Messenger]:
        telegram = self._settings.telegram
        if telegram.token is None:
            folder = self._settings.data_dir / "messages"
            log.info("No bot token: messages go to the console and to %s", folder)
            return None, FolderMessenger(folder, say)
        bot = TelegramBot(telegram.token.get_secret_value(), self._desk, base_url=telegram.base_url)
        if not self._addressees.recipients():
            log.warning("No chat is paired yet: nobody gets a message. Run `coop pair`.")
        return bot, bot

    def _camera(self, name: str, camera: CameraSettings, composer: Composer) -> CameraAtWork:
        try:
            source = camera_source(name, camera, self._settings, fps=camera.fps)
            live, zones = source.live, own_zones(source)
        except SourceError as error:
            log.error("Camera %s: %s. It is tried again and again", name, str(error).rstrip("."))
            live, zones = is_live(camera.url.get_secret_value()), ()
        if not live:
            # What a recording shows was long ago: its messages are not late, however old they are.
            composer = replace(composer, routine_life=None)
        teller = make_teller(self._settings, self._store, composer, self._addressees, utc_now)
        recorder = Recorder(self._store, teller, self._full)

        def record(findings: Findings, now: datetime) -> None:
            with self._turns.away():  # the disk is waited for, which must not hold up other cameras
                recorder(findings, now)

        judge = camera_judge(self._models.current, self._settings, self._classifying if live else None)
        clips = None
        if camera.clips and self._settings.clips.of:
            clips = camera_clips(
                name,
                self._settings,
                folder=self._store.clips_under_way,
                record=lambda clip, now: recorder(Findings(clips=(clip,)), now),
                patient=not live,
                is_news=self._full.is_news,
            )
        zones = camera.domain_zones or zones
        nests = self._nests(name, zones, live=live)
        pipeline = camera_pipeline(
            name,
            camera,
            self._settings,
            zones=zones,
            judge=judge,
            record=record,
            is_first_today=self._first_visits,
            # A recording begins anew with every start, and finds its visits again.
            open_visits=[v for v in self._store.open_visits() if live and v.camera == name],
            motion_told=self._last_time(name, ("MotionSeen",)) if live else None,
            clips=clips,
            nests=nests,
            sight=camera_sight(
                name, camera, self._settings, live=live, before=self._events_of(name, PICTURE_EVENTS)
            ),
        )
        slot = LatestFrame()
        main = self._main(name, camera)
        watch = CameraWatch(
            name,
            lambda: camera_source(
                name,
                camera,
                self._settings,
                fps=camera.fps,
                finer=main.stream.at if main else None,
                wanted=lambda: loop.has_time(),
                turn=lambda patient: self._turns.turn(within_s=None if patient else TURN_S),
            ),
            slot,
            stale_after_s=camera.timeout_s,
            frozen_after_s=camera.frozen_s,
        )
        loop = CameraLoop(
            pipeline,
            slot,
            live=live,
            has_ended=lambda: watch.status().state is CameraState.ENDED,
            clock=utc_now,
            monotonic=time.monotonic,
            turns=self._turns,
        )
        return CameraAtWork(
            watch=watch,
            loop=loop,
            judge=judge,
            rule=self._rule(name),
            recorder=recorder,
            nests=nests,
            main=main,
        )

    def _nests(self, name: str, zones: Sequence[Zone], *, live: bool) -> Nests | None:
        """The nests of a camera, going on where the program last stopped; a recording begins anew."""
        counts = [count for count in self._store.nest_counts() if live and count.camera == name]
        now = utc_now()
        oldest = min((count.time for count in counts), default=now) - LONGEST_STAY
        nests = camera_nests(
            name,
            zones,
            self._models.current,
            self._settings,
            counts=counts,
            visits=self._store.visits(oldest, now) if counts else (),
            eggs=self._store.eggs(now - REST, now) if live else (),
        )
        status = self._store.status()
        if nests is not None and live and status is not None:
            nests.could_not_see(status.refreshed, now)
        return nests

    def _main(self, name: str, camera: CameraSettings) -> MainAtWork | None:
        """The main stream of a camera that has one, under a watch of its own: it may fail by itself."""
        if camera.main_url is None:
            return None
        stream = MainStream(away=self._turns.away, time=self._magnifying)
        watch = CameraWatch(
            f"{name} (main stream)", lambda: main_source(camera), stream, stale_after_s=camera.timeout_s
        )
        return MainAtWork(stream=stream, watch=watch)

    def _rule(self, name: str) -> CameraRule:
        lost_after = timedelta(seconds=self._settings.events.camera_lost_after_s)
        rule = CameraRule(name, lost_after=lost_after)
        rule.restore(self._events_of(name, CAMERA_EVENTS))
        return rule

    def _last_time(self, camera: str, names: tuple[str, ...]) -> datetime | None:
        events = self._events_of(camera, names)
        return events[-1].time if events else None

    def _events_of(self, camera: str, names: tuple[str, ...]) -> list[Event]:
        """A camera's events of late, oldest first."""
        now = utc_now()
        found = [recorded.event for recorded in self._store.events(now - LOOK_BACK, now, names)]
        return sorted((event for event in found if event.camera == camera), key=lambda event: event.time)
