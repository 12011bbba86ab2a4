"""Settings into parts: one camera's pipeline, its source, and the models all cameras use."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import cv2

from coop.classify.judge import Predicts, TrackJudge
from coop.classify.nest import NestReader
from coop.clip.director import Director
from coop.clip.maker import ClipMaker
from coop.clip.ring import Ring
from coop.clip.wishes import worth_a_clip
from coop.domain.clip import NewClip
from coop.domain.egg import Egg
from coop.domain.event import Event
from coop.domain.frame import Frame, Picture
from coop.domain.nest import NestCount
from coop.domain.sighting import Visit
from coop.domain.spending import Spends
from coop.domain.zone import Zone, ZoneKind
from coop.errors import SourceError
from coop.event.diary import Diary
from coop.event.nests import NestBook
from coop.event.rules import EventRules, IsFirstToday, Policy
from coop.event.sight import SightRule
from coop.event.visits import VisitBook
from coop.eyesight import Eyesight
from coop.frame.main_stream import MainSource
from coop.frame.masked import masked
from coop.frame.network import Finer, Turn, Wanted
from coop.frame.sight import Sight
from coop.frame.source import Source, open_source
from coop.motion.detector import MotionDetector
from coop.motion.zones import ZoneWatch
from coop.nests import Nests
from coop.notify.picture import event_picture
from coop.pipeline import Pipeline, Record
from coop.settings import NEST_EVERY_S, CameraSettings, Settings
from coop.sun import is_light
from coop.track.tracker import Tracker

log = logging.getLogger(__name__)

JPEG_QUALITY = 90
IGNORED_KINDS = ("unknown", "other", "vehicle")
"""Kinds that make no visit: nothing that lives."""
TRY_AGAIN_S = 60.0
"""A model package that could not be used is tried again after so many seconds."""


def utc_now() -> datetime:
    """The wall clock: the only place where the program asks for the time of day."""
    return datetime.now(UTC)


def jpeg(picture: Picture) -> bytes:
    """A picture (uint8 BGR) as JPEG."""
    ok, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not ok:
        raise ValueError(f"A picture of shape {picture.shape} could not be encoded as JPEG")
    return data.tobytes()


def camera_source(
    name: str,
    camera: CameraSettings,
    settings: Settings,
    *,
    fps: float | None,
    start: datetime | None = None,
    finer: Finer | None = None,
    wanted: Wanted | None = None,
    turn: Turn | None = None,
) -> Source:
    """The source of one camera, its privacy masks applied, at most ``fps`` frames a second. `SourceError`.

    ``finer`` asks its main stream for a moment; ``wanted`` says whether there is time for a picture, which is
    decoded in its ``turn``.
    """
    source = open_source(
        camera.url.get_secret_value(),
        name,
        clock=utc_now,
        timezone=settings.zone,
        paced=camera.paced,
        start=start,
        timeout_s=camera.timeout_s,
        fps=fps,
        finer=finer,
        wanted=wanted,
        turn=turn,
    )
    return masked(source, camera.privacy_masks)


def main_source(camera: CameraSettings) -> MainSource:
    """The main stream of a camera that has one."""
    if camera.main_url is None:
        raise ValueError("This camera has no main stream")
    return MainSource(camera.main_url.get_secret_value(), clock=utc_now, timeout_s=camera.timeout_s)


def first_frame(source: Source, name: str) -> Frame:
    """The first picture that a camera gives now. Raises `SourceError` where it gives none."""
    for frame in source.frames(threading.Event()):
        return frame
    raise SourceError(name, "it gave no picture", "Try the address in another program, such as ffplay")


def contrast_of(sensitivity: float) -> float:
    """Grey levels by which a thing must differ from what is behind it, for a sensitivity of 0 to 1.

    0.5 is the detector's own default of 8; each step of 0.25 halves or doubles it.
    """
    return float(8.0 * 2.0 ** (2.0 - 4.0 * sensitivity))


def picture_intervals(zones: Iterable[Zone], camera: CameraSettings) -> dict[str, timedelta]:
    """The time between two pictures of each zone that has a schedule: as set, else by what is there."""
    intervals = {}
    for zone in zones:
        own = camera.zones.get(zone.name)
        usual = NEST_EVERY_S if zone.kind is ZoneKind.NEST_BOX else 0
        seconds = usual if own is None or own.every_s is None else own.every_s
        if seconds:
            intervals[zone.name] = timedelta(seconds=seconds)
    return intervals


def camera_judge(
    models: Mapping[str, Predicts], settings: Settings, time: Spends | None = None
) -> TrackJudge:
    """What decides what the tracks of one camera are, in the ``time`` that there is for it."""
    classify = settings.classify
    return TrackJudge(
        models,
        max_per_second=classify.max_per_second,
        stranger_beyond=classify.stranger_beyond,
        time=time,
    )


def camera_nests(
    name: str,
    zones: Iterable[Zone],
    models: Mapping[str, Predicts],
    settings: Settings,
    *,
    counts: Iterable[NestCount] = (),
    visits: Iterable[Visit] = (),
    eggs: Iterable[Egg] = (),
) -> Nests | None:
    """What watches the nests of one camera, going on with what was there; None where it sees none."""
    nests = [zone.name for zone in zones if zone.kind is ZoneKind.NEST_BOX]
    if not nests:
        return None
    book = NestBook(
        name,
        nests,
        repeats=settings.nests.repeats,
        again=timedelta(seconds=settings.nests.again_s),
        predators=settings.events.predators,
    )
    book.restore(counts, visits, eggs)
    return Nests(reader=NestReader(name, models), book=book)


def camera_sight(
    name: str,
    camera: CameraSettings,
    settings: Settings,
    *,
    live: bool,
    before: Iterable[Event] = (),
) -> Eyesight | None:
    """What judges the picture of one camera; ``before``: what was told of it before a restart."""
    if not settings.health.pictures:
        return None
    # The watch of a live camera looks after a frozen picture itself.
    frozen = timedelta(seconds=camera.frozen_s) if camera.frozen_s and not live else None
    sight = Sight(lambda moment: is_light(moment, settings), frozen_after=frozen)
    rule = SightRule(name)
    rule.restore(before)
    return Eyesight(sight=sight, rule=rule)


def camera_clips(
    name: str,
    settings: Settings,
    *,
    folder: Path,
    record: Callable[[NewClip, datetime], None],
    patient: bool,
    is_news: Callable[[Exception], bool] = lambda problem: True,
) -> ClipMaker:
    """What films one camera; unfinished clips lie in ``folder``. ``patient``: no frame is ever left out."""
    clips = settings.clips
    pre_roll = timedelta(seconds=clips.pre_roll_s)
    # An event may be told only when its track is over, and then lies back that long.
    late = timedelta(seconds=settings.track.lost_after_s + 1)
    return ClipMaker(
        name,
        director=Director(
            worth_a_clip(clips.of),
            pre_roll=pre_roll,
            post_roll=timedelta(seconds=clips.post_roll_s),
            longest=timedelta(seconds=clips.longest_s),
        ),
        ring=Ring(pre_roll + late, int(clips.memory_mib * 2**20)),
        folder=folder,
        record=record,
        width=clips.width,
        fps=clips.fps,
        patient=patient,
        is_news=is_news,
    )


def camera_pipeline(
    name: str,
    camera: CameraSettings,
    settings: Settings,
    *,
    zones: Iterable[Zone],
    judge: TrackJudge,
    record: Record,
    is_first_today: IsFirstToday,
    open_visits: Iterable[Visit] = (),
    motion_told: datetime | None = None,
    clips: ClipMaker | None = None,
    nests: Nests | None = None,
    sight: Eyesight | None = None,
) -> Pipeline:
    """The whole flow of one camera, going on with the visits that were open."""
    events, zones = settings.events, tuple(zones)
    policy = Policy(
        predators=frozenset(events.predators),
        warnings=events.warnings,
        nests=[zone.name for zone in zones if zone.kind is ZoneKind.NEST_BOX],
        motion_cooldown=timedelta(seconds=events.motion_cooldown_s),
    )
    diary = Diary(
        VisitBook(timedelta(seconds=events.visit_gap_s)),
        EventRules(policy, is_first_today),
        ignored=IGNORED_KINDS,
    )
    diary.restore(open_visits, motion_told)
    return Pipeline(
        camera=name,
        motion=MotionDetector(
            contrast=contrast_of(settings.motion.sensitivity),
            min_share=settings.motion.smallest,
            settle_s=settings.motion.absorb_s,
            ignore=camera.ignore_masks,
        ),
        tracker=Tracker(
            name, confirm_hits=settings.track.confirm_hits, lost_after_s=settings.track.lost_after_s
        ),
        zone_watch=ZoneWatch(
            zones,
            every=picture_intervals(zones, camera),
            settle=timedelta(seconds=settings.motion.settle_s),
        ),
        judge=judge,
        visits=diary,
        record=record,
        illustrate=partial(event_picture, zone=settings.zone, language=settings.telegram.language),
        encode=jpeg,
        zones=zones,
        clips=clips,
        nests=nests,
        sight=sight,
    )
