"""Who was where when: what a keeper asks of a hen, worked out from her visits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from coop.domain.egg import HEN
from coop.domain.prediction import STRANGER
from coop.domain.sighting import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class HenDay:
    """A hen in a period. ``first`` and ``last``: when she was seen, None if she was not; ``place``: where
    last.

    ``first_out`` is when she was first seen outside the roost, ``home`` when her newest visit to the roost
    began (None: not since the period began). ``on_nest`` is her time on all nests.
    """

    hen: str
    visits: int = 0
    first: datetime | None = None
    last: datetime | None = None
    place: str = ""
    first_out: datetime | None = None
    home: datetime | None = None
    nest_visits: int = 0
    on_nest: timedelta = timedelta()


def hen_days(
    visits: Sequence[Visit],
    hens: Iterable[str],
    *,
    nests: Collection[str],
    roosts: Collection[str],
    since: datetime,
) -> tuple[HenDay, ...]:
    """Each hen's period from ``since`` on, by name; ``visits`` may have begun before, if they reach into
    it.
    """
    by_hen: dict[str, list[Visit]] = {hen: [] for hen in hens}
    for visit in visits:
        if visit.kind == HEN and visit.subject not in (HEN, STRANGER) and visit.last_seen >= since:
            by_hen.setdefault(visit.subject, []).append(visit)
    return tuple(_day(hen, by_hen[hen], nests, roosts, since) for hen in sorted(by_hen))


def _day(
    hen: str, visits: Sequence[Visit], nests: Collection[str], roosts: Collection[str], since: datetime
) -> HenDay:
    if not visits:
        return HenDay(hen=hen)
    newest = max(visits, key=lambda visit: (visit.last_seen, visit.began))
    on_nest = [visit for visit in visits if visit.place in nests]
    out = [max(visit.began, since) for visit in visits if visit.place not in roosts]
    return HenDay(
        hen=hen,
        visits=len(visits),
        first=min(max(visit.began, since) for visit in visits),
        last=newest.last_seen,
        place=newest.place,
        first_out=min(out, default=None),
        home=max((v.began for v in visits if v.place in roosts and v.began >= since), default=None),
        nest_visits=len(on_nest),
        on_nest=sum((v.last_seen - max(v.began, since) for v in on_nest), timedelta()),
    )


def inside(visits: Iterable[Visit], doors: Collection[str]) -> tuple[Visit, ...]:
    """The newest open visit of each hen that is in the coop now: seen lately, and not last at its door."""
    newest: dict[str, Visit] = {}
    for visit in visits:
        known = newest.get(visit.subject)
        if visit.kind == HEN and (known is None or visit.last_seen >= known.last_seen):
            newest[visit.subject] = visit
    there = (v for v in newest.values() if v.ended is None and v.place not in doors)
    return tuple(sorted(there, key=lambda v: (v.subject == HEN, v.subject)))
