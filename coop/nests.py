"""The nests of one camera at work: its pictures read, its eggs counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from coop.classify.nest import NestReader, NestView
from coop.domain.box import Box
from coop.domain.findings import RecordedEvent
from coop.domain.frame import Frame
from coop.domain.nest import NestCount, NestReading
from coop.domain.sighting import Visit
from coop.domain.zone import Zone
from coop.event.nests import NestBook

COVERED_FROM = 0.05
"""A nest of which something that moves hides so much may hide an egg."""


@dataclass(frozen=True, kw_only=True)
class Nests:
    """The reader and the book, as the pipeline wants them."""

    reader: NestReader
    book: NestBook

    def wanted(self, now: datetime) -> tuple[str, ...]:
        """The nests to look at now, besides those that are due; none while no model can read them."""
        return tuple(sorted(self.book.wanted(now))) if self.reader.ready else ()

    def look(
        self, frame: Frame, nests: Sequence[tuple[Zone, Box, str | None]], standing: Sequence[Box]
    ) -> tuple[NestReading, ...]:
        """What the nests show. One that is covered is only looked at where its picture is kept anyway."""
        views = []
        for zone, box, key in nests:
            covered = any(_hidden(box, other) >= COVERED_FROM for other in standing)
            if not covered or key is not None:
                image = frame.cutout(box)
                views.append(NestView(nest=zone.name, image=image, covered=covered, key=key))
        return self.reader.read(views, frame.time)

    def could_not_see(self, since: datetime, until: datetime) -> None:
        """The camera's picture was of no use."""
        self.book.could_not_see(since, until)

    def update(
        self, readings: Sequence[NestReading], visits: Sequence[Visit], now: datetime
    ) -> tuple[Sequence[NestCount], Sequence[RecordedEvent]]:
        """Counts that became reliable, and what they tell."""
        changes = self.book.update(readings, visits, now)
        return changes.counts, changes.events


def _hidden(nest: Box, other: Box) -> float:
    """The share of the nest's box that another box covers."""
    w = min(nest.right, other.right) - max(nest.x, other.x)
    h = min(nest.bottom, other.bottom) - max(nest.y, other.y)
    return w * h / nest.area if w > 0 and h > 0 else 0.0
