"""The flock as a whole: who was not seen, who is not home at dusk, who is under suspicion. All pure.

**Roll call.** A hen is home where her newest visit is to a place inside, not the pop door, and reaches
into the evening: whoever went out since was last seen at the door.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from coop.domain.egg import Egg, suspects
from coop.domain.event import (
    FlockComplete,
    FlockIncomplete,
    HenCleared,
    HenMissing,
    HenSuspected,
)
from coop.domain.sighting import Visit

EVENING = timedelta(minutes=90)
"""So long before the roll call a hen must have been seen at least, if she is home."""
NOWHERE = ""
"""Camera and place of what concerns the whole flock."""


def newest_visits(visits: Iterable[Visit], hens: Collection[str]) -> dict[str, Visit]:
    """The visit at which each hen was last seen."""
    newest: dict[str, Visit] = {}
    for visit in visits:
        known = newest.get(visit.subject)
        if visit.subject in hens and (
            known is None or (visit.last_seen, visit.began) > (known.last_seen, known.began)
        ):
            newest[visit.subject] = visit
    return newest


def not_seen(
    hens: Iterable[str], newest: Mapping[str, Visit], day_began: datetime, hour: datetime
) -> tuple[HenMissing, ...]:
    """The hens that were not seen between the day's beginning and the ``hour`` that is set."""
    missing = []
    for hen in sorted(hens):
        visit = newest.get(hen)
        if visit is None or visit.last_seen < day_began:
            last = visit.last_seen if visit is not None else None
            missing.append(HenMissing(time=hour, camera=NOWHERE, place=NOWHERE, subject=hen, last_seen=last))
    return tuple(missing)


def roll_call(
    hens: Sequence[str], newest: Mapping[str, Visit], doors: Collection[str], moment: datetime
) -> FlockComplete | FlockIncomplete:
    """Who is home at ``moment``."""
    out = [
        hen
        for hen in sorted(hens)
        if (visit := newest.get(hen)) is None or visit.place in doors or visit.last_seen < moment - EVENING
    ]
    if not out:
        return FlockComplete(time=moment, camera=NOWHERE, place=NOWHERE, subject="flock", hens=len(hens))
    return FlockIncomplete(
        time=moment,
        camera=NOWHERE,
        place=NOWHERE,
        subject=", ".join(out),
        hens=len(hens),
        missing=tuple(out),
    )


def suspicions(
    eggs: Sequence[Egg],
    hens: Iterable[str],
    known: Mapping[str, datetime],
    watched_since: datetime | None,
    now: datetime,
    days: float,
) -> tuple[HenSuspected | HenCleared, ...]:
    """Who falls under suspicion at ``now``, and who is cleared; ``known``: who is under it, and since
    when.
    """
    flock = sorted(hens)
    found = suspects(eggs, flock, watched_since, now, days)
    fallen = [
        HenSuspected(time=now, camera=NOWHERE, place=NOWHERE, subject=hen, confidence=p, days=days)
        for hen, p in found.items()
        if hen not in known
    ]
    if watched_since is None or watched_since > now - timedelta(days=days):
        return tuple(fallen)
    cleared = [
        HenCleared(time=now, camera=NOWHERE, place=NOWHERE, subject=hen, since=known[hen])
        for hen in flock
        if hen in known and hen not in found
    ]
    return (*fallen, *cleared)
