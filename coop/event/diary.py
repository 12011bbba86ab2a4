"""What one camera's sightings add up to: visits that changed, and the facts worth telling."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from coop.domain.event import Event
from coop.domain.prediction import UNKNOWN
from coop.domain.sighting import Sighting, Visit
from coop.event.rules import EventRules, visit_ended
from coop.event.visits import VisitBook


class Diary:
    """The visits of one camera and the rules over them, as one step of the flow.

    ``ignored`` kinds are nothing that comes and goes (a car, a swaying branch): they make no visit.
    """

    def __init__(self, book: VisitBook, rules: EventRules, *, ignored: Collection[str] = (UNKNOWN,)) -> None:
        self._book = book
        self._rules = rules
        self._ignored = frozenset(ignored)

    def restore(self, visits: Iterable[Visit], motion_told: datetime | None = None) -> None:
        """Go on where the program last stopped."""
        self._book.restore(visits)
        self._rules.restore(motion_told)

    def update(
        self, sightings: Sequence[Sighting], now: datetime
    ) -> tuple[tuple[Visit, ...], tuple[Event, ...]]:
        """Every visit that changed, and the events this makes."""
        before = self._book.open
        changes = self._book.update([s for s in sightings if s.kind not in self._ignored], now)
        visits = (*changes.ended, *changes.began, *changes.continued)
        return visits, self._rules.update(changes, before)

    def close(self) -> tuple[tuple[Visit, ...], tuple[Event, ...]]:
        """End every open visit: the recording is over."""
        ended = self._book.close()
        return ended, tuple(visit_ended(visit) for visit in ended)
