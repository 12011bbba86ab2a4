"""The daemon's parts around one data folder, real but for the clock: what `coop.app` joins for good."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from fakes.post import Clock

from coop.addressees import Addressees
from coop.assembly import camera_judge, camera_pipeline, camera_source
from coop.box_watch import BoxWatch
from coop.camera_loop import CameraLoop
from coop.crew import CameraAtWork, Crew
from coop.desk.front import FrontDesk
from coop.desk.open import make_parts
from coop.domain.health import CameraState
from coop.event.cameras import CameraRule
from coop.flock_watch import FlockWatch
from coop.frame.latest import LatestFrame
from coop.frame.masked import own_zones
from coop.frame.watch import CameraWatch
from coop.models import Models, active_package
from coop.night_start import NightStart
from coop.notify.compose import Composer
from coop.notify.console import FolderMessenger
from coop.notify.outbox import OutboxWorker
from coop.places import open_store
from coop.recorder import Recorder
from coop.routine import Routine
from coop.settings import Settings
from coop.store.store import Store
from coop.tell import Teller
from coop.turns import Turns

CHAT = "console"


@dataclass
class Monotonic:
    """A clock of seconds that is moved by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(kw_only=True)
class House:
    """One daemon's parts. ``messages`` is the folder of the sent ones; ``systemd`` is what it was told."""

    settings: Settings
    store: Store
    crew: Crew
    clock: Clock
    monotonic: Monotonic
    messages: Path
    routine: Routine
    systemd: list[str]
    desk: FrontDesk
    teller: Teller

    def pass_time(self, seconds: float) -> None:
        """Move both clocks on."""
        self.clock.advance(seconds)
        self.monotonic.now += seconds


@contextmanager
def a_house(folder: Path, clock: Clock, **settings: Any) -> Iterator[House]:
    """Open the house on ``folder`` as a start of the daemon does; its cameras are not started yet."""
    values = {"data_dir": folder / "data", "timezone": "Europe/Berlin", "classify": {"starter": False}}
    tree = Settings.model_validate(values | settings)
    with open_store(tree) as store:
        models = Models(tree, active_package(store, tree))
        crew = Crew([_camera(name, tree, store) for name in tree.active_cameras])
        composer = Composer(zone=tree.zone)
        monotonic, messages = Monotonic(), folder / "messages"
        systemd: list[str] = []
        parts: dict[str, Any] = {
            "settings": tree,
            "store": store,
            "crew": crew,
            "models": models,
            "composer": composer,
            "clock": clock,
            "started": clock(),
        }
        addressees = Addressees(settings=tree, store=store, clock=clock)
        desk_parts = make_parts(tree, store, crew, models, composer, addressees, clock, clock())
        desk = FrontDesk(desk_parts)
        recorder = Recorder(store, desk_parts.teller)
        routine = Routine(
            settings_file=None,
            recipients=addressees.recipients,
            stills=desk_parts.stills,
            teller=desk_parts.teller,
            label_late_crops=desk.label_late_crops,
            outbox=OutboxWorker(store, FolderMessenger(messages, lambda line: None), clock),
            monotonic=monotonic,
            tell_systemd=systemd.append,
            recorder=recorder,
            night=NightStart((), wanted=False),
            box=BoxWatch(tree, store, recorder, hottest=lambda: None),
            flock=FlockWatch(
                settings=tree,
                store=store,
                record=recorder,
                hens=lambda: tree.hens.names,
                doors=("pop door",),
            ),
            **parts,
        )
        try:
            yield House(
                settings=tree,
                store=store,
                crew=crew,
                clock=clock,
                monotonic=monotonic,
                messages=messages,
                routine=routine,
                systemd=systemd,
                desk=desk,
                teller=desk_parts.teller,
            )
        finally:
            crew.stop(30)


def _camera(name: str, settings: Settings, store: Store) -> CameraAtWork:
    camera, slot = settings.cameras[name], LatestFrame()
    source = camera_source(name, camera, settings, fps=camera.fps)
    judge, recorder = camera_judge({}, settings), Recorder(store, lambda findings: ())
    watch = CameraWatch(name, lambda: camera_source(name, camera, settings, fps=camera.fps), slot)
    pipeline = camera_pipeline(
        name,
        camera,
        settings,
        zones=own_zones(source),
        judge=judge,
        record=recorder,
        is_first_today=lambda subject, moment: True,
    )
    loop = CameraLoop(
        pipeline,
        slot,
        live=source.live,
        has_ended=lambda: watch.status().state is CameraState.ENDED,
        clock=lambda: _never(),
        monotonic=time.monotonic,
        turns=Turns(1),
    )
    rule = CameraRule(name, lost_after=timedelta(seconds=30))
    return CameraAtWork(watch=watch, loop=loop, judge=judge, rule=rule, recorder=recorder)


def _never() -> Any:
    raise AssertionError("a recording asks for no clock")
