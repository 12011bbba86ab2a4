"""Whose first visit of the day it is: asked of the record, and remembered while that cannot be written."""

from __future__ import annotations

import logging
from datetime import date, datetime, tzinfo
from typing import Protocol

from coop.domain.event import HenArrived
from coop.domain.findings import RecordedEvent
from coop.domain.times import day_bounds, local_day
from coop.errors import StoreError

log = logging.getLogger(__name__)

ANY_HEN = "hen"
"""What a hen is called whose name nobody knows."""


class Record(Protocol):
    """The part of the store that is asked."""

    def events(
        self, since: datetime, until: datetime, names: tuple[str, ...] | None = None
    ) -> tuple[RecordedEvent, ...]: ...


class FirstVisits:
    """Says of each arrival whether it is the hen's first on a calendar day in ``zone``.

    A hen that is not told apart counts only on a day on which none was: where hens are known by name,
    "a hen" is one of those that were told already.
    """

    def __init__(self, record: Record, zone: tzinfo) -> None:
        self._record = record
        self._zone = zone
        self._today: tuple[date, frozenset[str]] = date.min, frozenset()

    def __call__(self, subject: str, moment: datetime) -> bool:
        """Whether ``subject`` has not come on the day of ``moment`` yet; from now on it has.

        Where the record cannot be read, what was said before counts: rather one message too many than none.
        """
        day = local_day(moment, self._zone)
        here = self._said(day) | self._recorded(day)
        first = not here if subject == ANY_HEN else subject not in here
        if first:
            self._today = day, self._said(day) | {subject}
        return first

    def _said(self, day: date) -> frozenset[str]:
        known, subjects = self._today
        return subjects if known == day else frozenset()

    def _recorded(self, day: date) -> frozenset[str]:
        try:
            found = self._record.events(*day_bounds(day, self._zone), ("HenArrived",))
        except StoreError as error:
            log.warning("Who was here today already cannot be read: %s", error)
            return frozenset()
        events = (recorded.event for recorded in found)
        # Who merely walks on after midnight has not come yet in the morning.
        return frozenset(e.subject for e in events if isinstance(e, HenArrived) and e.first_of_day)
