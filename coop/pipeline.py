"""The whole flow for one camera.

    frame -> motion -> track -> classify -> event -> store -> notify

The steps reach the pipeline as arguments, so a test or a replay gives it others. It reads no clock:
every moment is that of the frame, or is handed to `tick`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from coop.domain.box import Box
from coop.domain.event import Event, VisitEnded
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.frame import Frame, Picture
from coop.domain.judgement import Judgement
from coop.domain.motion import Motion, MotionRegion
from coop.domain.nest import NestCount, NestReading
from coop.domain.picture import NewPicture, PictureKind
from coop.domain.prediction import UNKNOWN
from coop.domain.sighting import Sighting, Visit
from coop.domain.track import Crop, Track, TrackState
from coop.domain.zone import Zone, ZoneKind, place_of


class DetectsMotion(Protocol):
    def detect(self, frame: Frame, keep: Sequence[Box] = ()) -> Motion: ...


class Tracks(Protocol):
    def update(self, frame: Frame, regions: Sequence[MotionRegion]) -> tuple[Track, ...]: ...


class WatchesZones(Protocol):
    """``due`` returns the zones to take a picture of, each with its box in pixels of the frame."""

    def due(self, frame: Frame, motion: Motion) -> Sequence[tuple[Zone, Box]]: ...

    def boxes(self, frame: Frame, names: Iterable[str]) -> Sequence[tuple[Zone, Box]]: ...


class WatchesNests(Protocol):
    """Reads nest boxes and keeps count of their eggs. ``wanted`` names nests to look at besides those due.

    ``look`` is given a frame, the nests with their boxes and the keys of their kept pictures, and what stands
    before the camera. ``could_not_see`` tells of a time in which the camera showed nothing of what happened.
    """

    def wanted(self, now: datetime) -> Sequence[str]: ...

    def look(
        self,
        frame: Frame,
        nests: Sequence[tuple[Zone, Box, str | None]],
        standing: Sequence[Box],
    ) -> Sequence[NestReading]: ...

    def could_not_see(self, since: datetime, until: datetime) -> None: ...

    def update(
        self, readings: Sequence[NestReading], visits: Sequence[Visit], now: datetime
    ) -> tuple[Sequence[NestCount], Sequence[RecordedEvent]]: ...


class KnowsItsSight(Protocol):
    """Says of each frame whether the camera's picture is of any use: an event where that changed.

    ``blind_since``: when it was of use last, while it is not.
    """

    @property
    def blind_since(self) -> datetime | None: ...

    def update(self, frame: Frame) -> Event | None: ...


class Judges(Protocol):
    def update(self, frame: Frame, tracks: Sequence[Track]) -> tuple[Judgement, ...]: ...

    def close(self) -> tuple[Judgement, ...]: ...


class KeepsVisits(Protocol):
    """``update`` returns the visits that changed and the events this makes."""

    def update(
        self, sightings: Sequence[Sighting], now: datetime
    ) -> tuple[Sequence[Visit], Sequence[Event]]: ...

    def close(self) -> tuple[Sequence[Visit], Sequence[Event]]: ...


class MakesClips(Protocol):
    """Films what is worth it; `drop` leaves nothing of the clip that is under way."""

    def update(
        self, frame: Frame, events: Sequence[Event], judgements: Sequence[Judgement], *, moving: bool
    ) -> None: ...

    def tick(self, now: datetime) -> None: ...

    def close(self, events: Sequence[Event]) -> None: ...

    def drop(self) -> None: ...


UNWATCHED = timedelta(minutes=1)
"""A camera that gave no picture for so long may have missed somebody."""
LEAST_TRAVEL = 0.5
"""Diagonals of its own box that a thing must have moved before it is kept out of the background."""

Record = Callable[[Findings, datetime], None]
Illustrate = Callable[[Frame, Box, Event], NewPicture]
Encode = Callable[[Picture], bytes]


@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """Everything one frame led to, for a replay to print or draw."""

    frame: Frame
    motion: Motion
    tracks: tuple[Track, ...]
    judgements: tuple[Judgement, ...]
    events: tuple[Event, ...]


@dataclass(kw_only=True)
class Pipeline:
    """One camera from frame to record. Not thread-safe: one loop owns it."""

    camera: str
    motion: DetectsMotion
    tracker: Tracks
    zone_watch: WatchesZones
    judge: Judges
    visits: KeepsVisits
    record: Record
    illustrate: Illustrate
    encode: Encode
    zones: Sequence[Zone] = ()
    nests: WatchesNests | None = None
    sight: KnowsItsSight | None = None
    clips: MakesClips | None = None
    sighting_every: timedelta = timedelta(seconds=30)
    _standing: tuple[Box, ...] = ()
    _newest: datetime | None = None
    _last_sighting: dict[tuple[str, str, str], datetime] = field(default_factory=dict)

    def step(self, frame: Frame) -> Step:
        """Take one frame through the whole flow."""
        self._newest = frame.time
        fault = self.sight.update(frame) if self.sight is not None else None
        motion = self.motion.detect(frame, keep=self._standing)
        tracks = self.tracker.update(frame, motion.regions)
        judgements = self.judge.update(frame, tracks)
        self._standing = tuple(t.box for t in tracks if _came_by_itself(t))
        views, readings = self._zone_views(frame, motion)
        events = self._note(judgements, frame.time, views, readings)
        if fault is not None:
            self._keep(Findings(events=(RecordedEvent(event=fault),)), frame.time)
            events = (*events, fault)
        if self.clips is not None:
            self.clips.update(frame, events, judgements, moving=bool(motion.regions or tracks))
        return Step(frame=frame, motion=motion, tracks=tracks, judgements=judgements, events=events)

    def tick(self, now: datetime) -> tuple[Event, ...]:
        """Let time pass while no frame comes, so that visits end."""
        if self.clips is not None:
            self.clips.tick(now)
        if self.nests is not None and self._newest is not None and now - self._newest >= UNWATCHED:
            self.nests.could_not_see(self._newest, now)
        return self._note((), now)

    def pause(self, now: datetime) -> tuple[Event, ...]:
        """The program ends: judge what was still moving, and leave the visits open for the next start."""
        events = self._note(self.judge.close(), now)
        if self.clips is not None:
            self.clips.close(events)
        return events

    def drop(self) -> None:
        """The program ends amid a recording, which it will read again from the beginning."""
        if self.clips is not None:
            self.clips.drop()

    def finish(self, now: datetime) -> tuple[Event, ...]:
        """The recording is over: judge what was still moving, and end every visit."""
        events = self.pause(now)
        visits, last_events = self.visits.close()
        self._keep(Findings(visits=tuple(visits), events=_without_picture(last_events)), now)
        return (*events, *last_events)

    def _zone_views(self, frame: Frame, motion: Motion) -> tuple[list[NewPicture], tuple[NestReading, ...]]:
        """Pictures of the zones that are due, and what the nests among them and those wanted show."""
        due = self.zone_watch.due(frame, motion)
        views = [self._zone_picture(frame, zone, box) for zone, box in due]
        if self.nests is None:
            return views, ()
        blind = self.sight.blind_since if self.sight is not None else None
        if blind is not None:
            self.nests.could_not_see(blind, frame.time)
            return views, ()
        kept = {zone.name: view.key for (zone, _), view in zip(due, views, strict=True)}
        wanted = [name for name in self.nests.wanted(frame.time) if name not in kept]
        nests = [(zone, box) for zone, box in due if zone.kind is ZoneKind.NEST_BOX]
        nests += self.zone_watch.boxes(frame, wanted)
        looked = [(zone, box, kept.get(zone.name)) for zone, box in nests]
        readings = tuple(self.nests.look(frame, looked, self._standing)) if looked else ()
        # A count that becomes reliable now has its picture kept, whatever the schedule says.
        boxes = {zone.name: (zone, box) for zone, box in nests}
        new = [r.nest for r in readings if r.counts and r.picture is None]
        pictures = {name: self._zone_picture(frame, *boxes[name]) for name in new}
        views += pictures.values()
        return views, tuple(
            replace(r, picture=pictures[r.nest].key) if r.nest in pictures else r for r in readings
        )

    def _note(
        self,
        judgements: Sequence[Judgement],
        now: datetime,
        views: Sequence[NewPicture] = (),
        readings: Sequence[NestReading] = (),
    ) -> tuple[Event, ...]:
        """Turn verdicts into sightings, visits and events, and record them with all pictures."""
        seen = self._sightings(judgements)
        sightings = tuple(sighting for sighting, _ in seen)
        visits, events = self.visits.update(sightings, now)
        recorded, pictures = self._illustrated(events, seen)
        counts: Sequence[NestCount] = ()
        if self.nests is not None:
            counts, news = self.nests.update(readings, visits, now)
            recorded = (*recorded, *news)
            events = (*events, *(found.event for found in news))
        crops = [self._crop_picture(crop) for j in judgements if j.final for crop in j.crops]
        self._keep(
            Findings(
                pictures=(*pictures, *crops, *views),
                sightings=sightings,
                visits=tuple(visits),
                events=recorded,
                readings=tuple(readings),
                counts=tuple(counts),
            ),
            now,
        )
        return tuple(events)

    def _keep(self, findings: Findings, now: datetime) -> None:
        if findings:
            self.record(findings, now)

    def _sightings(self, judgements: Sequence[Judgement]) -> list[tuple[Sighting, Judgement]]:
        """One sighting when a subject comes to a place, then at intervals, and when its track is over."""
        seen = []
        for judgement in judgements:
            sighting = self._sighting(judgement)
            what = sighting.track_id, sighting.subject, sighting.place
            if judgement.kind != UNKNOWN and (judgement.final or self._is_due(what, sighting.time)):
                self._last_sighting[what] = sighting.time
                seen.append((sighting, judgement))
            if judgement.final:
                self._forget(judgement.track.id)
        return seen

    def _is_due(self, what: tuple[str, str, str], now: datetime) -> bool:
        last = self._last_sighting.get(what)
        # A clock that was set back makes the interval negative: then a sighting is due again.
        return last is None or not timedelta() <= now - last < self.sighting_every

    def _sighting(self, judgement: Judgement) -> Sighting:
        track, frame = judgement.track, judgement.frame
        return Sighting(
            camera=self.camera,
            place=place_of(track.box, self.zones, self.camera, frame.width, frame.height),
            track_id=track.id,
            time=track.last_seen,
            kind=judgement.kind,
            subject=judgement.subject,
            confidence=judgement.confidence,
        )

    def _forget(self, track_id: str) -> None:
        self._last_sighting = {k: v for k, v in self._last_sighting.items() if k[0] != track_id}

    def _illustrated(
        self, events: Sequence[Event], seen: Sequence[tuple[Sighting, Judgement]]
    ) -> tuple[tuple[RecordedEvent, ...], list[NewPicture]]:
        """Give every event about something now in the picture that picture."""
        shown: dict[tuple[str, str], Judgement] = {}
        for sighting, judgement in seen:  # the first of two at one place began the visit
            shown.setdefault((sighting.subject, sighting.place), judgement)
        recorded, pictures = [], []
        for event in events:
            found = shown.get((event.subject, event.place))
            if found is None or isinstance(event, VisitEnded):
                recorded.append(RecordedEvent(event=event))
                continue
            picture = self.illustrate(found.frame, found.crops[0].box, event)
            pictures.append(picture)
            recorded.append(RecordedEvent(event=event, picture=picture.key))
        return tuple(recorded), pictures

    def _crop_picture(self, crop: Crop) -> NewPicture:
        height, width = crop.image.shape[:2]
        return NewPicture(
            key=f"crop-{crop.track_id}-{crop.time:%H%M%S%f}",
            kind=PictureKind.CROP,
            data=self.encode(crop.image),
            suffix=".jpg",
            camera=crop.camera,
            time=crop.time,
            width=width,
            height=height,
            track_id=crop.track_id,
            box=crop.box,
        )

    def _zone_picture(self, frame: Frame, zone: Zone, box: Box) -> NewPicture:
        image = frame.cutout(box)
        height, width = image.shape[:2]
        return NewPicture(
            key=f"zone-{self.camera}-{zone.name}-{frame.time:%Y%m%d-%H%M%S%f}",
            kind=PictureKind.ZONE,
            data=self.encode(image),
            suffix=".jpg",
            camera=self.camera,
            time=frame.time,
            width=width,
            height=height,
            box=box,
        )


def _came_by_itself(track: Track) -> bool:
    """Whether a thing walked to where it stands: the hole that something left behind never did."""
    return track.state is TrackState.CONFIRMED and track.travelled > LEAST_TRAVEL


def _without_picture(events: Sequence[Event]) -> tuple[RecordedEvent, ...]:
    return tuple(RecordedEvent(event=event) for event in events)
