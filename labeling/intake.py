"""The daemon's own crops and zone pictures into the catalogue."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from coop.domain.catalogue import DAEMON, Entry, Facts
from coop.domain.picture import PictureKind, StoredPicture
from coop.domain.times import local_day
from coop.store.store import Store
from labeling.facts import facts_of
from labeling.pictures import UnreadablePicture, read_picture

log = logging.getLogger(__name__)

ZONE_GAP = timedelta(minutes=30)
"""Zone pictures further apart are not one visit."""

ZONE_MOST = 24
"""Zone pictures in one visit: what one key labels must fit on one page."""

ZONE_ALIKE = 8
"""Bits by which the hashes of a visit's first zone picture and any other may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What was done. ``unreadable``: keys of pictures whose file is gone or damaged."""

    catalogued: int
    unreadable: tuple[str, ...]


def catalogue_new(
    store: Store,
    zone: tzinfo,
    *,
    batch: int = 256,
    most: int | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Intake:
    """Catalogue the daemon's new pictures, ``batch`` at a time and at most ``most``; ``zone`` makes the days.

    Each batch is recorded at once, so that a page can show it. ``stop`` is asked before each.
    """
    catalogued, unreadable = 0, list[str]()
    after: tuple[datetime, str] | None = None
    visits = _ZoneVisits(store)
    while (most is None or catalogued < most) and not stop():
        room = batch if most is None else min(batch, most - catalogued)
        pictures = store.uncatalogued(room, after=after)
        if not pictures:
            break
        after = pictures[-1].time, pictures[-1].key
        measured = dict(_measured(store, pictures, unreadable))
        entries = [
            _entry(picture, facts, visits, zone)
            for picture in pictures
            if (facts := measured.get(picture.key)) is not None
        ]
        catalogued += store.catalogue(entries)
    if unreadable:
        log.warning(
            "%d pictures cannot be read and are left out of labelling, such as %s",
            len(unreadable), unreadable[0],
        )  # fmt: skip
    return Intake(catalogued=catalogued, unreadable=tuple(unreadable))


def _measured(
    store: Store, pictures: Sequence[StoredPicture], unreadable: list[str]
) -> Iterator[tuple[str, Facts]]:
    for picture in pictures:
        try:
            data = store.locate_picture(picture).read_bytes()
            yield picture.key, facts_of(read_picture(data).image)
        except (OSError, UnreadablePicture):
            unreadable.append(picture.key)


def _entry(picture: StoredPicture, facts: Facts, visits: _ZoneVisits, zone: tzinfo) -> Entry:
    if picture.kind is PictureKind.ZONE:
        visit = visits.visit_of(picture, facts.phash)
    elif picture.track_id is not None:
        visit = f"track/{picture.camera}/{picture.track_id}"
    else:
        visit = f"picture/{picture.key}"
    return Entry(
        picture=picture.key, visit=visit, source=DAEMON, facts=facts, day=local_day(picture.time, zone)
    )


@dataclass(slots=True)
class _Open:
    """A zone's visit that may go on: its key, the hash of its first picture, its newest time and size."""

    visit: str
    phash: int
    newest: datetime
    pictures: int


class _ZoneVisits:
    """Which visit a zone picture belongs to: consecutive pictures of one place that look alike.

    They are compared with the first of the visit, so that slow changes do not add up.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[object, _Open] = {}
        self._asked = False

    def visit_of(self, picture: StoredPicture, phash: int) -> str:
        if not self._asked:
            self._restore(picture.time)
        return self._add(picture, phash, None)

    def _add(self, picture: StoredPicture, phash: int, known: str | None) -> str:
        place = picture.camera, picture.box
        last = self._open.get(place)
        if known is None and last is not None and _goes_on(last, picture, phash):
            known = last.visit
        if last is not None and known == last.visit:
            last.newest = max(last.newest, picture.time)
            last.pictures += 1
            return known
        visit = known or f"zone/{picture.key}"
        self._open[place] = _Open(visit=visit, phash=phash, newest=picture.time, pictures=1)
        return visit

    def _restore(self, first: datetime) -> None:
        """Go on with the visits that an earlier run left open."""
        self._asked = True
        for picture, entry in self._store.catalogued_zone_pictures(first - ZONE_MOST * ZONE_GAP, first):
            self._add(picture, entry.facts.phash, entry.visit)


def _goes_on(last: _Open, picture: StoredPicture, phash: int) -> bool:
    return (
        last.pictures < ZONE_MOST
        and timedelta() <= picture.time - last.newest <= ZONE_GAP
        and (last.phash ^ phash).bit_count() <= ZONE_ALIKE
    )
