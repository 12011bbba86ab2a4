"""The catalogue and the queue: what there is to label, and who gets it."""

from __future__ import annotations

from datetime import date, timedelta

from fakes.labelling import KINDS, entry, label, stock
from fakes.records import NOON, moment, new_picture

from coop.domain.catalogue import Suggestion
from coop.domain.picture import PictureKind
from coop.domain.task import UNLABELLED, Task, TaskKind
from coop.store.catalogue import PictureFilter
from coop.store.store import Store

LEASE = timedelta(minutes=5)
SUGGESTION = Suggestion(
    picture="picture-0", value="hen", confidence=0.9, margin=0.7, model="starter 1", runner_up="cat"
)


def test_the_daemons_pictures_come_into_the_tasks_for_their_kind(store: Store) -> None:
    store.add_task(KINDS, "Anna", NOON)
    store.add_task(Task(name="nest", kind=TaskKind.COUNT, pictures=PictureKind.ZONE), "Anna", NOON)
    store.add_task(Task(name="private", kind=TaskKind.SINGLE, daemon=False), "Anna", NOON)
    store.import_pictures([new_picture(0), new_picture(8, kind=PictureKind.ZONE)], [])
    store.import_pictures([new_picture(16, kind=PictureKind.FRAME)], [])
    assert [picture.key for picture in store.uncatalogued(10)] == ["picture-0", "picture-8"]
    assert store.catalogue([entry(0), entry(8)]) == 2
    assert store.uncatalogued(10) == ()
    assert store.catalogue([entry(0), entry(8)]) == 0
    for task, pictures in (("kinds", 1), ("nest", 1), ("private", 0)):
        assert store.progress(task).pictures == pictures
    assert [e.picture for e in store.entries(task="nest")] == ["picture-8"]


def test_what_is_catalogued_comes_out_as_it_went_in(store: Store) -> None:
    stock(store, 2)
    assert store.entries() == (entry(0), entry(1))
    (first, second) = store.sheet("kinds")
    assert (first.picture.key, first.visit, first.day, first.value) == (
        "picture-0",
        "visit-0",
        date(2026, 5, 1),
        None,
    )
    store.suggest("kinds", [SUGGESTION])
    store.add_labels([label(0, "cat", "b1")])
    (first, second) = store.sheet("kinds")
    assert (first.value, first.who, first.suggestion) == ("cat", "Anna", SUGGESTION)
    assert second.suggestion is None


def test_filters_and_pages(store: Store) -> None:
    stock(store, 20)
    store.add_labels([label(n, "hen" if n < 5 else "cat", f"b{n}") for n in range(10)])
    store.suggest("kinds", [SUGGESTION])

    def count(**only: object) -> int:
        chosen = PictureFilter(**only)  # type: ignore[arg-type]
        assert len(store.sheet("kinds", chosen)) == store.count_sheet("kinds", chosen)
        return store.count_sheet("kinds", chosen)

    assert count() == 20
    assert count(value="hen") == 5
    assert count(value=UNLABELLED) == 10
    assert count(suggested="hen") == 1
    assert count(unlike=True) == 0
    assert count(camera="nest", who="Anna") == 10
    assert count(visit="visit-1") == 8
    assert count(since=date(2026, 5, 2)) == 0
    assert count(until=date(2026, 5, 1)) == 20
    pages, after = [], None
    while page := store.sheet("kinds", after=after, limit=7):
        pages.append([sheet.picture.key for sheet in page])
        after = (page[-1].picture.time, page[-1].picture.key)
    assert [len(page) for page in pages] == [7, 7, 6]
    assert [key for page in pages for key in page] == [f"picture-{n}" for n in range(20)]
    newest = store.sheet("kinds", limit=1, newest_first=True)
    assert newest[0].picture.key == "picture-19"


def test_an_import_that_is_repeated_adds_nothing_twice(store: Store) -> None:
    store.add_task(KINDS, "Anna", NOON)
    pictures, entries = [new_picture(n) for n in range(3)], [entry(n, source="folder") for n in range(3)]
    assert store.import_pictures(pictures[:2], entries[:2], task="kinds") == 2  # broke off here
    assert store.import_pictures(pictures, entries, task="kinds") == 1
    assert store.progress("kinds").pictures == 3
    kept = store.sheet("kinds")[0].picture
    assert store.known_hashes([kept.sha256, "0" * 64]) == {kept.sha256: kept.key}


def test_two_people_never_have_the_same_visit(store: Store) -> None:
    stock(store, 32)
    annas = store.next_visits("kinds", "Anna", NOON, count=2, lease=LEASE)
    bens = store.next_visits("kinds", "Ben", NOON, count=8, lease=LEASE)
    assert [v.visit for v in annas] == ["visit-0", "visit-1"]
    assert [v.visit for v in bens] == ["visit-2", "visit-3"]
    assert len(annas[0].pictures) == 8
    again = store.next_visits("kinds", "Anna", NOON, count=2, lease=LEASE)
    assert [v.visit for v in again] == ["visit-0", "visit-1"]
    store.release("kinds", "Anna", ["visit-1"])
    assert store.next_visits("kinds", "Ben", NOON, count=1, lease=LEASE)[0].visit == "visit-1"
    late = moment(301)
    assert store.renew_leases("kinds", "Anna", ["visit-0", "visit-1"], NOON, 2 * LEASE) == {"visit-0"}
    taken = store.next_visits("kinds", "Cleo", late, count=8, lease=LEASE)
    assert [v.visit for v in taken] == ["visit-1", "visit-2", "visit-3"]


def test_the_highest_score_comes_first_and_labelled_visits_not_at_all(store: Store) -> None:
    stock(store, 24)
    store.score_visits("kinds", {"visit-2": (0.9, "unsure"), "visit-1": (0.5, "audit")})
    first, second, third = store.next_visits("kinds", "Anna", NOON, count=9, lease=LEASE)
    assert (first.visit, first.reason, second.blind, third.reason) == ("visit-2", "unsure", True, "")
    store.add_labels([label(n, "hen", "b1") for n in range(16, 24)])
    assert [v.visit for v in store.next_visits("kinds", "Anna", NOON, count=9, lease=LEASE)] == [
        "visit-1",
        "visit-0",
    ]
    progress = store.progress("kinds")
    assert (progress.visits, progress.open_visits, progress.open_pictures) == (3, 2, 16)


def test_pictures_that_retention_deleted_wait_for_nobody(store: Store) -> None:
    stock(store, 16)
    store.add_labels([label(0, "hen", "b1")])
    store.retain(moment(90 * 86_400), max_age_days=30, free_bytes=lambda: 1 << 40)
    progress = store.progress("kinds")
    assert (progress.pictures, progress.open_pictures, progress.open_visits) == (1, 0, 0)
    assert store.next_visits("kinds", "Anna", NOON, count=9, lease=LEASE) == ()
    assert [sheet.picture.key for sheet in store.sheet("kinds")] == ["picture-0"]
