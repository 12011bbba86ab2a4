"""Visits begin, go on and end after a gap, whatever the clock does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.domain.sighting import Sighting, Visit
from coop.event.visits import VisitBook, VisitChanges

START = datetime(2026, 5, 1, 7, tzinfo=UTC)
GAP = timedelta(minutes=5)


def seen(seconds: float, subject: str = "Alba", place: str = "nest 1") -> Sighting:
    return Sighting(
        camera="coop", place=place, track_id="t", time=START + timedelta(seconds=seconds), kind="hen",
        subject=subject, confidence=0.9,
    )  # fmt: skip


def feed(book: VisitBook, *sightings: Sighting) -> list[VisitChanges]:
    return [book.update([sighting], sighting.time) for sighting in sightings]


def test_a_visit_begins_continues_and_ends_after_the_gap() -> None:
    book = VisitBook(GAP)
    first, second = feed(book, seen(0), seen(200))
    assert [v.began for v in first.began] == [START]
    assert [v.last_seen for v in second.continued] == [START + timedelta(seconds=200)]
    assert book.update([], START + timedelta(seconds=500)) == VisitChanges()
    (ended,) = book.update([], START + timedelta(seconds=501)).ended
    assert (ended.duration, ended.sightings) == (timedelta(seconds=200), 2)
    assert ended.ended == START + timedelta(seconds=500)
    assert book.open == ()


def test_a_sighting_after_the_gap_ends_the_old_visit_and_begins_a_new_one() -> None:
    book = VisitBook(GAP)
    _, later = feed(book, seen(0), seen(301))
    assert [v.began for v in later.ended] == [START]
    assert [v.began for v in later.began] == [START + timedelta(seconds=301)]


def test_two_places_are_two_visits() -> None:
    book = VisitBook(GAP)
    changes = book.update([seen(0), seen(0, place="run")], START)
    assert {v.place for v in changes.began} == {"nest 1", "run"}
    assert len({v.key for v in changes.began}) == 2


def test_two_sightings_in_one_update_are_one_visit() -> None:
    changes = VisitBook(GAP).update([seen(0), seen(1)], START + timedelta(seconds=1))
    (visit,) = changes.began
    assert visit.sightings == 2
    assert changes.continued == ()


def test_a_clock_set_back_neither_ends_nor_shortens_a_visit() -> None:
    book = VisitBook(GAP)
    feed(book, seen(0), seen(100))
    changes = book.update([seen(-3000)], START - timedelta(seconds=3000))
    assert changes.ended == ()
    assert changes.continued[0].last_seen == START + timedelta(seconds=100)


def test_a_clock_set_far_back_ends_the_visit_and_the_next_one_can_begin_and_end() -> None:
    book = VisitBook(GAP)
    year = timedelta(days=365)
    feed(book, seen(0))
    (changes,) = feed(book, seen(-year.total_seconds()))
    assert [v.ended for v in changes.ended] == [START + GAP]
    assert [v.began for v in changes.began] == [START - year]
    assert [v.began for v in book.update([], START - year + 2 * GAP).ended] == [START - year]


def test_an_open_visit_survives_a_restart() -> None:
    before = VisitBook(GAP)
    feed(before, seen(0))
    after = VisitBook(GAP)
    after.restore(before.open)
    (changes,) = feed(after, seen(60))
    assert changes.began == ()
    assert changes.continued[0].key == before.open[0].key


def test_the_end_of_a_recording_ends_every_visit() -> None:
    book = VisitBook(GAP)
    feed(book, seen(0), seen(10, subject="Berta"))
    assert {v.ended for v in book.close()} == {START + GAP, START + timedelta(seconds=10) + GAP}
    assert book.open == ()


def test_an_impossible_gap_is_refused() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        VisitBook(timedelta())


moments = st.lists(
    st.tuples(st.integers(0, 5000), st.sampled_from(["Alba", "Berta"]), st.sampled_from(["run", "nest"])),
    min_size=1,
    max_size=40,
)


@given(moments)
def test_every_sighting_is_in_exactly_one_visit(steps: list[tuple[int, str, str]]) -> None:
    book = VisitBook(GAP)
    done: list[Visit] = []
    for at, subject, place in sorted(steps):
        sighting = seen(at, subject, place)
        done += book.update([sighting], sighting.time).ended
    done += book.close()
    assert sum(visit.sightings for visit in done) == len(steps)
    assert len({visit.key for visit in done}) == len(done)
    assert all(visit.ended is not None and visit.ended - visit.last_seen == GAP for visit in done)
