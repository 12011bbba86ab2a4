"""`coop demo`: the whole loop on a simulated coop, from learning the hens to the messages on the phone."""

from __future__ import annotations

import asyncio
import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from coop.assembly import camera_judge, camera_nests, camera_pipeline, camera_sight
from coop.classify.judge import HENS, KINDS, is_coloured
from coop.classify.nest import NEST
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.classify.starter import ensure_starter
from coop.commands.lesson import look, look_at_nests
from coop.commands.tables import egg_row, events_rows, print_rows, visits_rows
from coop.digests import day_digest
from coop.domain.chat import Preferences
from coop.domain.event import Event, HenArrived, VisitEnded
from coop.domain.frame import Picture
from coop.domain.times import day_bounds
from coop.domain.zone import ZoneKind
from coop.errors import SettingsError
from coop.first_visits import FirstVisits
from coop.flock_watch import FlockWatch, hens_of
from coop.frame.sim.source import SimSource, open_sim
from coop.frame.sim.truth import FactKind
from coop.models import Models
from coop.notify.compose import Composer
from coop.notify.console import FolderMessenger
from coop.notify.outbox import OutboxWorker
from coop.places import models_dir, open_store
from coop.recorder import Recorder
from coop.settings import CameraSettings, CoopSettings, Settings
from coop.settings_values import SecretUrl
from coop.store.store import Store
from coop.tell import Recipient, Teller

CAMERA = "coop"
READER = Recipient(address="you", language="en", wants=Preferences(chat="you"))
FLOCK = 1
START = date(2026, 5, 4)
LESSON_SEED_OFFSET = 1000
"""The demo learns from other days than those it watches: the same flock, another seed."""
LESSON_DAYS = 4
LATITUDE = 50.0
"""Where the simulated sun rises and sets."""
HEN = "hen"
FLOCK_EVERY = timedelta(minutes=1)
MARK = ".neurocoop-demo"
ROWS = 30
LONGEST = 12


Teach = Callable[[Path, str, npt.NDArray[np.float32], list[str], list[str], list[bool] | None], str]
"""Learn a task from features (n, d), labels, groups, and which of them have colours; write its package; say
how good it is."""
TeachNumbers = Callable[[Path, str, Sequence[Picture], list[str], list[str]], str]
"""The same for what is counted, from pictures. With features of one depth, 10 of the 12 eggs were found."""


def run_demo(
    out: Path, days: int, seed: int, teach: Teach, teach_numbers: TeachNumbers, console: Console
) -> None:
    """Learn the simulated hens, watch them for ``days``, and leave record, digest and messages in ``out``."""
    if out.exists() and not (out / MARK).exists():
        raise SettingsError("--out", [f"{out} exists and is not of an earlier demo; choose another folder"])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / MARK).touch()
    coop = CoopSettings(latitude=LATITUDE, longitude=0.0)
    settings = Settings(data_dir=out / "data", timezone="UTC", coop=coop)
    console.rule("[bold]1. Learning the hens[/bold]")
    names = _learn(settings, seed, teach, teach_numbers, console)
    console.rule(f"[bold]2. Watching {len(names)} hens for {days} days[/bold]")
    with open_store(settings) as store:
        watch = _Watch(settings, store, out / "messages")
        source = _source(seed, days)
        watch.run(source, console)
        console.rule("[bold]3. Which hen laid the eggs?[/bold]")
        _show_eggs(store, source, console)
        console.rule("[bold]4. The record[/bold]")
        _show(store, settings, days, out, console)


def _source(seed: int, days: int) -> SimSource:
    return open_sim(f"sim://?flock={FLOCK}&seed={seed}&days={days}&start={START.isoformat()}", CAMERA)


def _learn(
    settings: Settings, seed: int, teach: Teach, teach_numbers: TeachNumbers, console: Console
) -> tuple[str, ...]:
    """Teach all tasks from another seed's days, and return the hens' names."""
    source = _source(seed + LESSON_SEED_OFFSET, LESSON_DAYS)
    with console.status("The starter model is written (once)"):
        features = Classifier(ModelPackage.load(ensure_starter(models_dir(settings))), threads=2).embed
    with console.status("Looking at the flock on other days"):
        lesson = look(source, settings.zone)
    with console.status(f"Learning from {len(lesson.pictures)} pictures"):
        embedded = features(lesson.pictures)
        coloured = [is_coloured(picture) for picture in lesson.pictures]
        hens = [i for i, kind in enumerate(lesson.kinds) if kind == HEN]
        for task, rows, labels in (
            (KINDS, list(range(len(lesson.kinds))), lesson.kinds),
            (HENS, hens, lesson.subjects),
        ):
            folder = models_dir(settings) / f"demo-{task}"
            measured = teach(
                folder,
                task,
                embedded[rows],
                [labels[i] for i in rows],
                [lesson.groups[i] for i in rows],
                [coloured[i] for i in rows],
            )
            console.print(f"  {task}: {measured}", highlight=False)
    with console.status("Learning to count eggs"):
        nests = look_at_nests(source, settings.zone)
        folder = models_dir(settings) / f"demo-{NEST}"
        measured = teach_numbers(folder, NEST, nests.pictures, nests.kinds, nests.groups)
    console.print(f"  {NEST}: {measured}", highlight=False)
    names = source.flock.names
    console.print(f"  The flock: {', '.join(names)}", highlight=False)
    return names


class _Watch:
    """The daemon's parts on simulated time: every frame watched, every message sent at its moment."""

    def __init__(self, settings: Settings, store: Store, messages: Path) -> None:
        self._settings = settings
        self._store = store
        self._now = datetime.combine(START, time(), UTC)
        self._composer = Composer(zone=settings.zone)
        self._teller = Teller(
            record=store,
            composer=self._composer,
            recipients=lambda: [READER],
            clock=lambda: self._now,
        )
        self._outbox = OutboxWorker(store, FolderMessenger(messages, lambda line: None), lambda: self._now)
        self._digest_day = START
        self._looked = self._now

    def run(self, source: SimSource, console: Console) -> None:
        """Watch the whole source."""
        models = Models(self._settings, lambda task: models_dir(self._settings) / f"demo-{task}")
        models.refresh()
        recorder = Recorder(self._store, self._teller)
        self._flock = FlockWatch(
            settings=self._settings,
            store=self._store,
            record=recorder,
            hens=lambda: hens_of(self._settings, models.current),
            doors=[zone.name for zone in source.zones if zone.kind is ZoneKind.POP_DOOR],
        )
        camera = CameraSettings(url=SecretUrl("sim://"))
        pipeline = camera_pipeline(
            CAMERA,
            camera,
            self._settings,
            zones=source.zones,
            judge=camera_judge(models.current, self._settings),
            record=recorder,
            is_first_today=FirstVisits(self._store, self._settings.zone),
            nests=camera_nests(CAMERA, source.zones, models.current, self._settings),
            sight=camera_sight(CAMERA, camera, self._settings, live=False),
        )
        with _progress(console) as progress:
            task = progress.add_task("", total=source.truth.frame_count, when="")
            for frame in source.frames(threading.Event()):
                self._pass_time(frame.time)
                step = pipeline.step(frame)
                if step.events:
                    asyncio.run(self._outbox.flush())
                progress.update(task, advance=1, when=f"{frame.time:%A %H:%M}")
        pipeline.finish(self._now)
        asyncio.run(self._outbox.flush())

    def _pass_time(self, now: datetime) -> None:
        """Let the digest hour of each simulated day come, and look at the flock."""
        while (due := datetime.combine(self._digest_day, self._settings.schedule.digest, UTC)) <= now:
            self._now = due
            findings = day_digest(self._store, self._digest_day, due, self._composer, [READER])
            self._store.record(findings, due)
            asyncio.run(self._outbox.flush())
            self._digest_day += timedelta(days=1)
        self._now = now
        if now - self._looked >= FLOCK_EVERY:
            self._looked = now
            self._flock.check(now)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.fields[when]:<16}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} frames"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _show(store: Store, settings: Settings, days: int, out: Path, console: Console) -> None:
    since, _ = day_bounds(START, settings.zone)
    until = since + timedelta(days=days + 1)
    events = store.events(since, until)
    news = [recorded for recorded in events if _is_news(recorded.event)]
    shown = f"{min(len(news), ROWS)} of {len(events)}"
    print_rows(f"Who came, each day anew ({shown} events)", events_rows(news[:ROWS], settings.zone), console)
    visits = [visit for visit in store.visits(since, until) if visit.kind == HEN]
    longest = sorted(visits, key=lambda visit: visit.duration, reverse=True)[:LONGEST]
    title = f"The {len(longest)} longest of {len(visits)} visits of hens"
    console.print()
    print_rows(title, visits_rows(longest, settings.zone), console)
    picture = store.picture(f"digest-{START.isoformat()}-en")
    lines = [
        "",
        f"What you would have received:  {out / 'messages' / 'index.html'}",
        f"The digest's picture:          {picture[1] if picture else 'none'}",
        f"The record (SQLite):           {settings.data_dir / 'coop.db'}",
        "",
        "Now with your own camera and your own bot:",
        "  coop init         writes coop.toml: put your camera's address into it",
        "  coop check        tries camera, disk, database and token, and says what to do",
        "  coop run          watches; without a token it writes its messages to the console",
        "  coop pair         gives a code that lets your phone hear from the bot",
        "",
        f"(Run them as {Path(sys.argv[0]).parent}/coop, or activate the virtual environment first.)",
    ]
    console.print("\n".join(lines), highlight=False, soft_wrap=True)


def _show_eggs(store: Store, source: SimSource, console: Console) -> None:
    """Every egg with the hens it may be of, next to the truth, which only a simulated coop knows."""
    facts = source.truth.of(FactKind.EGG_LAID)
    since, until = facts[0].time - timedelta(days=1), facts[-1].time + timedelta(days=2)
    eggs, open_facts, right = store.eggs(since, until), list(facts), 0
    rows = []
    for egg in eggs:
        fact = next((f for f in open_facts if f.place == egg.nest and egg.since <= f.time <= egg.time), None)
        if fact is not None:
            open_facts.remove(fact)
            right += fact.subject == egg.likeliest.hen
        rows.append(egg_row(egg, UTC) | {"truth": fact.subject if fact is not None else "no egg"})
    print_rows("Eggs", rows, console)
    console.print(
        f"{len(eggs)} eggs found of {len(facts)} laid; the most probable hen is the right one for {right}.",
        highlight=False,
    )


def _is_news(event: Event) -> bool:
    """What a keeper wants to read first: not every visit, and no visit's end."""
    match event:
        case HenArrived():
            return event.first_of_day
        case VisitEnded():
            return False
        case _:
            return True
