"""The daemon's pictures into the catalogue: visits by track and by place; a bad file holds nobody up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from fakes.labelling import KINDS
from fakes.pictures import jpeg
from fakes.records import NOON, moment, new_picture

from coop.domain.box import Box
from coop.domain.catalogue import DAEMON
from coop.domain.picture import NewPicture, PictureKind
from coop.store.store import Store
from labeling.intake import ZONE_MOST, catalogue_new

LONDON = ZoneInfo("Europe/London")


def crop(n: int, **changes: Any) -> NewPicture:
    return new_picture(n, **{"data": jpeg(n)} | changes)


def zone_picture(n: int, look: int, minutes: float, box: Box | None = None) -> NewPicture:
    return crop(
        n, data=jpeg(look), kind=PictureKind.ZONE, track_id=None, time=moment(60 * minutes),
        box=box or Box(0, 0, 64, 48),
    )  # fmt: skip


def keep(store: Store, pictures: Iterable[NewPicture]) -> None:
    store.import_pictures(list(pictures), [])


def visits(store: Store) -> list[set[str]]:
    found: dict[str, set[str]] = {}
    for entry in store.entries():
        found.setdefault(entry.visit, set()).add(entry.picture)
    return sorted(found.values(), key=min)


def test_a_track_is_a_visit(store: Store) -> None:
    store.add_task(KINDS, "Anna", NOON)
    keep(store, [crop(n, track_id=f"track-{n // 3}") for n in range(9)])
    assert catalogue_new(store, LONDON, batch=4).catalogued == 9
    assert [len(visit) for visit in visits(store)] == [3, 3, 3]
    entry = store.entries()[0]
    assert (entry.source, entry.day, entry.group) == (DAEMON, date(2026, 5, 1), None)
    assert store.progress("kinds").open_visits == 3
    assert catalogue_new(store, LONDON).catalogued == 0


def test_the_day_is_that_of_the_coop(store: Store) -> None:
    keep(store, [crop(0, time=moment(11.5 * 3600))])  # 23:30 in UTC is 00:30 in London's summer
    catalogue_new(store, LONDON)
    assert store.entries()[0].day == date(2026, 5, 2)


def test_pictures_of_one_place_that_look_alike_are_a_visit(store: Store) -> None:
    keep(store, [zone_picture(n, look=1 if n < 4 else 2, minutes=10 * n) for n in range(6)])
    catalogue_new(store, LONDON)
    assert visits(store) == [{f"picture-{n}" for n in range(4)}, {"picture-4", "picture-5"}]


def test_another_box_a_pause_and_the_size_end_a_visit(store: Store) -> None:
    other = Box(64, 0, 64, 48)
    keep(store, [zone_picture(0, 1, 0), zone_picture(1, 1, 5, box=other), zone_picture(2, 1, 36)])
    keep(store, [zone_picture(10 + n, 1, 1000 + n) for n in range(ZONE_MOST + 2)])
    catalogue_new(store, LONDON)
    assert sorted(len(visit) for visit in visits(store)) == [1, 1, 1, 2, ZONE_MOST]


def test_a_visit_goes_on_in_the_next_run_wherever_the_first_one_stopped(store: Store) -> None:
    keep(store, [zone_picture(n, 1, 10 * n) for n in range(3)])
    assert catalogue_new(store, LONDON, most=2, batch=1).catalogued == 2
    keep(store, [zone_picture(3, 1, 30)])
    assert catalogue_new(store, LONDON).catalogued == 2
    assert [len(visit) for visit in visits(store)] == [4]


def test_files_that_are_damaged_or_gone_hold_nobody_up(store: Store) -> None:
    keep(store, [crop(0), new_picture(1), crop(2), crop(3)])
    there = store.picture("picture-2")
    assert there is not None
    there[1].unlink()
    for _ in range(2):
        done = catalogue_new(store, LONDON, batch=1)
        assert done.unreadable == ("picture-1", "picture-2")
    assert [entry.picture for entry in store.entries()] == ["picture-0", "picture-3"]


def test_it_stops_when_asked(store: Store) -> None:
    keep(store, [crop(n) for n in range(4)])
    asked = iter([False, True])
    assert catalogue_new(store, LONDON, batch=1, stop=lambda: next(asked)).catalogued == 1
