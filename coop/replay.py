"""The same pipeline over a recording, as fast as it can, with what it found written where it is wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Protocol

from coop.domain.clip import NewClip
from coop.domain.event import Event, HenArrived
from coop.domain.findings import Findings
from coop.domain.frame import Frame
from coop.domain.sighting import Visit
from coop.domain.times import local_day
from coop.errors import SourceError
from coop.pipeline import Pipeline, Step


class Sink(Protocol):
    """Takes what a replay finds, step by step."""

    def step(self, step: Step) -> None: ...

    def last(self, events: Sequence[Event]) -> None:
        """Events that came after the last frame."""


@dataclass
class Memory:
    """What a replay without a database remembers: it stands in for the store.

    ``visits`` holds the newest state of every visit; ``pictures`` counts by kind; ``clips`` in order.
    """

    zone: tzinfo
    visits: dict[str, Visit] = field(default_factory=dict)
    pictures: Counter[str] = field(default_factory=Counter)
    clips: list[NewClip] = field(default_factory=list)
    _arrived: set[tuple[str, date]] = field(default_factory=set)

    def record(self, findings: Findings, now: datetime) -> None:
        self.visits.update((visit.key, visit) for visit in findings.visits)
        self.pictures.update(picture.kind.value for picture in findings.pictures)
        self.clips += findings.clips
        self._arrived.update(
            (recorded.event.subject, local_day(recorded.event.time, self.zone))
            for recorded in findings.events
            if isinstance(recorded.event, HenArrived) and recorded.event.first_of_day
        )

    def is_first_today(self, subject: str, moment: datetime) -> bool:
        return (subject, local_day(moment, self.zone)) not in self._arrived


@dataclass
class Totals:
    """Counts of one replay. ``tracks`` counts the final verdicts on tracks by kind."""

    frames: int = 0
    frames_with_motion: int = 0
    first: datetime | None = None
    last: datetime | None = None
    events: list[Event] = field(default_factory=list)
    tracks: Counter[str] = field(default_factory=Counter)

    def step(self, step: Step) -> None:
        self.frames += 1
        self.frames_with_motion += bool(step.motion.regions)
        self.first = self.first or step.frame.time
        self.last = step.frame.time
        self.events += step.events
        self.tracks.update(judgement.kind for judgement in step.judgements if judgement.final)

    def close(self, events: Sequence[Event]) -> None:
        self.events += events


def replay(
    frames: Iterable[Frame], pipeline: Pipeline, sinks: Sequence[Sink], progress: Callable[[Frame], None]
) -> Totals:
    """Run every frame through the pipeline; returns the counts. `SourceError` if there was none."""
    totals = Totals()
    for frame in frames:
        step = pipeline.step(frame)
        totals.step(step)
        for sink in sinks:
            sink.step(step)
        progress(frame)
    if totals.last is None:
        raise SourceError(
            pipeline.camera, "it holds no frame", "Is it a recording that other programs can play?"
        )
    rest = pipeline.finish(totals.last)
    totals.close(rest)
    for sink in sinks:
        sink.last(rest)
    return totals
