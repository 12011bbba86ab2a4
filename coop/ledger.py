"""The ledger of eggs, worked out anew: a correction of a visit changes who laid what, at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from coop.domain.egg import REST, Egg, Share, as_claimed, attribute, laid_lately, stays_at
from coop.domain.sighting import Visit

LONGEST_STAY = timedelta(hours=12)
"""A visit to a nest that began longer before an egg's interval is not looked for."""
SAME = 1e-6


class Record(Protocol):
    """The part of the store that holds the ledger."""

    def eggs(self, since: datetime, until: datetime) -> tuple[Egg, ...]: ...

    def visits(self, since: datetime, until: datetime) -> tuple[Visit, ...]: ...

    def attribute_anew(self, shares: Mapping[str, Sequence[Share]], now: datetime) -> int: ...


def reattribute(record: Record, since: datetime, now: datetime) -> tuple[Egg, ...]:
    """Attribute the eggs found since a moment anew, from the visits as they are held to be now.

    Returns the eggs whose shares changed, as they are now; what they were stays in the record. Doing it again
    changes nothing, so what a crash interrupted is made up for by the next time. Later eggs depend on earlier
    ones (a hen that laid in the morning did not lay at noon), so give the earliest moment that changed.
    """
    eggs = record.eggs(since - REST, now + timedelta(days=1))
    later = [egg for egg in eggs if egg.time >= since]
    if not later:
        return ()
    visits = record.visits(min(egg.since for egg in later) - LONGEST_STAY, now + timedelta(days=1))
    # What was attributed last holds, so this is later, whatever the clock says.
    moment = max([now, *(egg.attributed + timedelta(microseconds=1) for egg in later)])
    settled = [egg for egg in eggs if egg.time < since]
    changed = []
    for egg in later:
        here = [visit for visit in visits if visit.camera == egg.camera]
        before = [other for other in settled if other.time < egg.time]
        shares = _shares(egg, [other for other in later if other.lay_with(egg)], here, before)
        anew = _with(egg, shares, moment)
        settled.append(anew)
        if not _same(egg.shares, shares):
            changed.append(anew)
    if changed:
        record.attribute_anew({egg.key: egg.shares for egg in changed}, moment)
    return tuple(changed)


def _shares(
    egg: Egg, together: Sequence[Egg], visits: Sequence[Visit], before: Sequence[Egg]
) -> tuple[Share, ...]:
    """Whose an egg is: as a keeper said, else shared out among those whom no keeper named for another one."""
    if egg.claim is not None:
        return as_claimed(egg.claim)
    claimed = {other.claim.hen for other in together if other.claim is not None}
    stays = [stay for stay in stays_at(visits, egg.nest, egg.since, egg.time) if stay.hen not in claimed]
    unclaimed = max(1, egg.together - sum(other.claim is not None for other in together))
    return attribute(stays, unclaimed, laid_lately(before, egg.time))


def _with(egg: Egg, shares: tuple[Share, ...], now: datetime) -> Egg:
    return replace(egg, shares=shares, attributed=now)


def _same(one: Sequence[Share], other: Sequence[Share]) -> bool:
    return [s.hen for s in one] == [s.hen for s in other] and all(
        abs(a.probability - b.probability) < SAME for a, b in zip(one, other, strict=True)
    )
