"""What bringing pictures in asks of the store, on every database."""

from __future__ import annotations

from fakes.labelling import KINDS, entry
from fakes.records import NOON, moment, new_picture

from coop.domain.picture import PictureKind
from coop.store.store import Store


def test_unreadable_pictures_hold_nobody_up(store: Store) -> None:
    store.import_pictures([new_picture(n, time=moment(n // 2)) for n in range(5)], [])
    first = store.uncatalogued(2)
    assert [picture.key for picture in first] == ["picture-0", "picture-1"]
    last = first[-1].time, first[-1].key
    assert [picture.key for picture in store.uncatalogued(9, after=last)] == [
        f"picture-{n}" for n in (2, 3, 4)
    ]


def test_entries_of_some_pictures(store: Store) -> None:
    store.import_pictures([new_picture(n) for n in range(3)], [entry(n, source="folder") for n in range(2)])
    assert store.entries_of(["picture-1", "picture-2", "nowhere"]) == {"picture-1": entry(1, source="folder")}
    assert store.entries_of([]) == {}


def test_zone_pictures_of_a_time(store: Store) -> None:
    store.add_task(KINDS, "Anna", NOON)
    zones = [new_picture(n, kind=PictureKind.ZONE) for n in range(4)]
    store.import_pictures([*zones, new_picture(9)], [entry(3, source="folder")])
    store.catalogue([entry(n) for n in (0, 1, 2, 9)])
    found = store.catalogued_zone_pictures(moment(1), moment(20))
    assert [(picture.key, kept.visit) for picture, kept in found] == [
        ("picture-1", "visit-0"), ("picture-2", "visit-0"),
    ]  # fmt: skip
    assert store.locate_picture(found[0][0]).is_file()


def test_imported_pictures_are_never_too_old(store: Store) -> None:
    store.import_pictures([new_picture(n) for n in range(2)], [entry(0, source="folder"), entry(1)])
    kept = store.retain(moment(90 * 86_400), max_age_days=30, free_bytes=lambda: 1 << 40)
    assert (kept.deleted, kept.kept) == (1, 1)
    assert store.picture("picture-0") is not None
    assert store.picture("picture-1") is None
