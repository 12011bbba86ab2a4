"""Visits: sightings of one subject at one place without a long gap."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from coop.domain.sighting import Sighting, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitChanges:
    """What one update did: visits that began, that go on, and that ended. No visit stands in two lists."""

    began: tuple[Visit, ...] = ()
    continued: tuple[Visit, ...] = ()
    ended: tuple[Visit, ...] = ()


LONGEST_SETBACK = timedelta(hours=1)
"""A clock set back by more than this has another day: what was open then is over, or it would stay open."""


class VisitBook:
    """The open visits of one camera.

    A visit ends when its subject has not been seen at its place for ``gap``. Only ``now`` and the
    sightings' own times count; nothing here reads a clock.
    """

    def __init__(self, gap: timedelta) -> None:
        if gap <= timedelta():
            raise ValueError(f"The gap that ends a visit must be positive. Received: {gap}")
        self._gap = gap
        self._open: dict[tuple[str, str], Visit] = {}

    @property
    def open(self) -> tuple[Visit, ...]:
        return tuple(self._open.values())

    def restore(self, visits: Iterable[Visit]) -> None:
        """Take up visits that were open when the program last stopped."""
        for visit in visits:
            self._open[visit.place, visit.subject] = visit

    def update(self, sightings: Sequence[Sighting], now: datetime) -> VisitChanges:
        """Add sightings, then end what has not been seen for the gap. ``now`` must be aware."""
        began: dict[tuple[str, str], Visit] = {}
        continued: dict[tuple[str, str], Visit] = {}
        ended = self._end(max([now, *(s.time for s in sightings)]))
        for sighting in sightings:
            where = sighting.place, sighting.subject
            known = self._open.get(where)
            visit = _begin(sighting) if known is None else _continue(known, sighting)
            self._open[where] = visit
            (began if known is None or where in began else continued)[where] = visit
        return VisitChanges(
            began=tuple(began.values()), continued=tuple(continued.values()), ended=tuple(ended)
        )

    def close(self) -> tuple[Visit, ...]:
        """End every open visit at the moment its gap runs out: for the end of a recording."""
        ended = tuple(replace(visit, ended=visit.last_seen + self._gap) for visit in self._open.values())
        self._open.clear()
        return ended

    def _end(self, moment: datetime) -> list[Visit]:
        # A sighting after the gap begins a new visit, so the old one must end first.
        over = [
            where
            for where, visit in self._open.items()
            if not -LONGEST_SETBACK <= moment - visit.last_seen <= self._gap
        ]
        return [
            replace(visit, ended=visit.last_seen + self._gap)
            for visit in (self._open.pop(where) for where in over)
        ]


def _begin(sighting: Sighting) -> Visit:
    name = f"{sighting.camera}\n{sighting.place}\n{sighting.subject}\n{sighting.time.isoformat()}"
    return Visit(
        key=hashlib.sha256(name.encode()).hexdigest()[:32],
        camera=sighting.camera,
        place=sighting.place,
        kind=sighting.kind,
        subject=sighting.subject,
        began=sighting.time,
        last_seen=sighting.time,
        ended=None,
        sightings=1,
        confidence=sighting.confidence,
    )


def _continue(visit: Visit, sighting: Sighting) -> Visit:
    # A clock that was set back must neither shorten a visit nor end it.
    return replace(
        visit,
        last_seen=max(visit.last_seen, sighting.time),
        sightings=visit.sightings + 1,
        confidence=max(visit.confidence, sighting.confidence),
    )
