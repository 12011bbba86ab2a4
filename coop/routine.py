"""What the daemon does again and again: the duties that the schedule calls."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from importlib.metadata import version
from pathlib import Path

from coop.backups import make_daily_backup
from coop.box_watch import BoxWatch
from coop.crew import Crew
from coop.digests import WEEK, day_digest, weekly_digest
from coop.domain.health import DaemonStatus
from coop.domain.times import local_day
from coop.errors import CoopError
from coop.flock_watch import FlockWatch
from coop.ledger import reattribute
from coop.load import Load
from coop.models import Models
from coop.night_start import NightStart
from coop.nightly import JOB
from coop.notify.compose import Composer
from coop.notify.outbox import OutboxWorker
from coop.recorder import Recorder
from coop.settings import Settings
from coop.store.store import Store
from coop.tell import Recipient, Teller
from coop.timelapse import Stills
from coop.trouble import FullDisk, Trouble

log = logging.getLogger(__name__)

GIB = 2**30
MISSED = timedelta(hours=25)
"""A daily backup or training that is longer ago than this was missed."""
SWEEP_GRACE = timedelta(hours=1)
"""A file younger than this may still get its row."""
FRESH_S = 30.0
STEADY = timedelta(days=1)
"""For so long after a jump of the clock no picture is deleted for its age: the clock may be wrong."""
JUMP = timedelta(hours=1)
REATTRIBUTED = timedelta(days=3)
"""So far back each look at the flock attributes eggs anew; what is corrected later is by whoever corrects."""
ALARM_WAITS = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 10, 20))
"""An alarm that nobody has seen is told again after so long, each after the one before; then no more."""


@dataclass(kw_only=True)
class Routine:
    """The duties of one daemon over its parts. Plain methods run in worker threads."""

    settings: Settings
    settings_file: Path | None
    store: Store
    crew: Crew
    models: Models
    composer: Composer
    recipients: Callable[[], Sequence[Recipient]]
    outbox: OutboxWorker
    stills: Stills
    teller: Teller
    label_late_crops: Callable[[], int]
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    started: datetime
    tell_systemd: Callable[[str], object]
    recorder: Recorder
    flock: FlockWatch
    box: BoxWatch
    night: NightStart
    full: FullDisk = field(default_factory=FullDisk)
    _missing: int = field(default=0, init=False)
    _written: float = field(default=0.0, init=False)
    _watched: float = field(default=0.0, init=False)
    _trouble: Trouble = field(init=False)
    _flock_trouble: Trouble = field(init=False)
    _load: Load = field(init=False)
    _clock_zero: datetime | None = field(default=None, init=False)
    _jumped: timedelta | None = field(default=None, init=False)
    _models_busy: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._trouble = Trouble(log, self.monotonic)
        self._flock_trouble = Trouble(log, self.monotonic)
        self._load = Load(self.monotonic)

    def _complain(self, trouble: Trouble, what: str, error: CoopError) -> None:
        """Tell what does not work, unless it is for a full disk that was told already."""
        if self.full.is_news(error):
            trouble.tell(f"{what}: {error}")

    def watch_cameras(self) -> None:
        """Judge every camera by the age of its newest frame, and tell its loss and return."""
        self.crew.check(self.clock())
        self._watched = self.monotonic()

    def refresh_status(self) -> None:
        """Write the status row; it proves to the watchdog that the store's writer turns.

        A full disk or a locked database is no reason to feed it less: a restart would mend nothing, and would
        cost the findings that wait to be recorded.
        """
        now = self.clock()
        status = DaemonStatus(
            pid=os.getpid(),
            started=self.started,
            refreshed=now,
            version=version("neurocoop"),
            cameras=self.crew.statuses(now),
            model=self.models.names,
            cpu=self._load.share(),
        )
        try:
            self.store.put_status(status)
        except CoopError as error:
            self._complain(self._trouble, "The status cannot be written", error)
        else:
            self._trouble.over("The status is written again")
        self._written = self.monotonic()

    def poll_models(self) -> None:
        """Use another model as soon as its row says so."""
        with self._models_busy:
            models = self.models.refresh()
        if models is not None:
            self.crew.use(models)

    def watch_flock(self) -> None:
        """Missing hens, the roll call, who is under suspicion; the ledger, where a correction changed it, and
        labels for the crops that came after one.
        """
        now = self.clock()
        self.recorder.retry()
        try:
            self.flock.check(now)
            changed = reattribute(self.store, now - REATTRIBUTED, now)
            self.store.queue(self.teller.retell_eggs(changed), now)
            self.label_late_crops()
        except CoopError as error:
            self._complain(self._flock_trouble, "The flock cannot be looked after", error)
        else:
            self._flock_trouble.over("The flock is looked after again")

    def watch_box(self) -> None:
        """Room on the disk, heat, and whether the clock can be right."""
        try:
            self.box.check(self.clock())
        except CoopError as error:
            self._complain(self._flock_trouble, "The box cannot be looked after", error)

    def keep_within_limits(self) -> None:
        """Delete the oldest unlabelled pictures beyond age, size and room, and sweep what no row names."""
        limits, steady = self.settings.retention, self._is_clock_steady()
        try:
            swept = self.store.sweep(SWEEP_GRACE)
            kept = self.store.retain(
                self.clock(),
                max_age_days=limits.max_age_days if steady else None,
                max_bytes=int(limits.max_gib * GIB),
                min_free_bytes=int(limits.min_free_gib * GIB),
                free_bytes=lambda: shutil.disk_usage(self.settings.data_dir).free,
            )
        except CoopError as error:
            log.error("Old pictures cannot be deleted: %s", error)
            return
        if len(swept.missing) > self._missing:
            log.error("%d pictures of the record are gone from the disk", len(swept.missing))
        self._missing = len(swept.missing)
        if kept.deleted:
            log.info("Deleted %d old pictures, %d bytes", kept.deleted, kept.deleted_bytes)
        if steady:
            self._thin()
        if kept.short:
            log.error("Too little room, and no picture may go: all are labelled or wait to be sent")

    def _thin(self) -> None:
        """Let go of details that are very old; the record of what happened stays."""
        try:
            gone = self.store.thin(self.clock() - timedelta(days=self.settings.retention.details_days))
        except CoopError as error:
            log.error("Old details cannot be deleted: %s", error)
            return
        if gone:
            log.info(
                "Deleted old details: %d sightings, %d messages, %d readings of nests, %d rows of pictures",
                gone.sightings, gone.messages, gone.readings, gone.pictures,
            )  # fmt: skip

    def _is_clock_steady(self) -> bool:
        """Whether the clock has gone on as it should since the look before, and for a day."""
        now, passed = self.clock(), timedelta(seconds=self.monotonic())
        if self._clock_zero is not None and abs(now - passed - self._clock_zero) > JUMP:
            log.warning("The clock jumped to %s: for a day no picture is deleted for its age", now)
            self._jumped = passed
        self._clock_zero = now - passed
        return self._jumped is None or passed - self._jumped > STEADY

    def back_up(self) -> None:
        """Write the daily backup and delete the oldest beyond the number to keep."""
        try:
            file = make_daily_backup(self.store, self.settings, self.settings_file, self.clock())
        except CoopError as error:
            log.error("No backup today: %s", error)
            return
        log.info("Wrote the daily backup %s", file)
        self._note_run("backup")

    def catch_up_backup(self) -> None:
        """Back up where the daily hour was missed: a box that is off at night has its backup too."""
        try:
            last = self.store.last_run("backup")
        except CoopError as error:
            log.error("Whether a backup was missed is not known: %s", error)
            return
        if last is None or self.clock() - last > MISSED:
            self.back_up()

    def start_training(self) -> None:
        """Begin the night's learning in a process of its own, where systemd's timer does not."""
        self.night.start()

    def catch_up_training(self) -> None:
        """Begin it where its hour was missed, or where it was killed: it goes on."""
        if not self.night.wanted:
            return
        try:
            last = self.store.last_run(JOB)
            broken = any(self.store.open_training(task) for task in self.settings.training.tasks)
        except CoopError as error:
            log.error("Whether a training was missed is not known: %s", error)
            return
        if broken or last is None or self.clock() - last > MISSED:
            self.night.start()

    def _note_run(self, job: str) -> None:
        try:
            self.store.set_last_run(job, self.clock())
        except CoopError as error:
            log.warning("That the job %s ran could not be noted: %s", job, error)

    def queue_digest(self) -> None:
        """Put the day's digest into the outbox, once for each day."""
        now = self.clock()
        try:
            findings = day_digest(
                self.store, local_day(now, self.settings.zone), now, self.composer, self.recipients()
            )
            self.store.record(findings, now)
            self.store.set_last_run("digest", now)
        except CoopError as error:
            log.error("No digest yet: %s", error)

    def queue_weekly(self) -> None:
        """Put the digest of the week that ended last into the outbox, once for each week."""
        now = self.clock()
        try:
            sunday = last_sunday(now.astimezone(self.settings.zone), self.settings.schedule.weekly)
            findings = weekly_digest(self.store, sunday, now, self.composer, self.recipients())
            self.store.record(findings, now)
            self.store.set_last_run("weekly", now)
        except CoopError as error:
            log.error("No digest of the week yet: %s", error)

    def repeat_alarms(self) -> None:
        """Tell alarms again that nobody has seen."""
        try:
            repeated = self.store.repeat_alarms(self.clock(), ALARM_WAITS)
        except CoopError as error:
            self._complain(self._trouble, "Alarms cannot be repeated", error)
            return
        if repeated:
            log.warning("Nobody has seen %d alarms yet: they are told again", repeated)

    def take_stills(self) -> None:
        """Keep a small picture of each camera now and then, for the day's film."""
        try:
            self.stills.take(self.crew.latest(), self.clock())
        except CoopError as error:
            self._complain(self._trouble, "No picture for the day's film", error)

    def catch_up(self) -> None:
        """At the start: send the digests that were missed while the program was not running, of today and of
        the week that ended last.
        """
        now = self.clock().astimezone(self.settings.zone)
        schedule = self.settings.schedule
        try:
            day, week = self.store.last_run("digest"), self.store.last_run("weekly")
        except CoopError as error:
            log.error("Whether a digest was missed is not known: %s", error)
            return
        missed = day is not None and local_day(day, self.settings.zone) < now.date()
        if missed and now.time() > schedule.digest:
            self.queue_digest()
        last = week or day  # before the first digest of a week those of the days say that somebody watched
        if last is not None and local_day(last, self.settings.zone) < last_sunday(now, schedule.weekly):
            self.queue_weekly()

    async def flush_outbox(self) -> None:
        """Send what is due."""
        await self.outbox.flush()

    async def feed_watchdog(self) -> None:
        """Tell systemd that all is well, but only while capture, writer and this loop are fresh."""
        now = self.monotonic()
        stale = [
            name
            for name, fresh in (
                ("capture", self.crew.is_fresh(now) and now - self._watched < FRESH_S),
                ("writer", now - self._written < FRESH_S),
            )
            if not fresh
        ]
        if stale:
            log.error("Not feeding the watchdog: %s stale", " and ".join(stale))
            return
        self.tell_systemd("WATCHDOG=1")


def last_sunday(now: datetime, at: time) -> date:
    """The Sunday whose digest was due last, by the local time ``now``."""
    back = timedelta(days=now.isoweekday() % WEEK)
    sunday = now.date() - back
    return sunday if back or now.time() >= at else sunday - timedelta(days=WEEK)
