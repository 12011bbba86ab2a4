"""What goes in comes out, once, whole or not at all."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.records import EVER, NOON, arrival, findings, moment, new_picture, note, sighting, visit

from coop.domain.event import CameraBack, HenArrived, VisitEnded
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.picture import StoredPicture
from coop.errors import StoreError
from coop.store.store import Store


def everything(store: Store) -> tuple[object, ...]:
    return (
        store.pictures(*EVER),
        store.sightings(*EVER),
        store.visits(*EVER),
        [(recorded.event, recorded.picture) for recorded in store.events(*EVER)],
        store.outbox_counts(),
        store.outbox_item("note-1"),
    )


def test_what_goes_in_comes_out(store: Store) -> None:
    assert store.record(findings(1), NOON)
    given = new_picture(1)
    [kept] = store.pictures(*EVER)
    assert kept == StoredPicture(
        key="picture-1",
        kind=given.kind,
        path=kept.path,
        sha256=hashlib.sha256(given.data).hexdigest(),
        bytes=len(given.data),
        camera="nest",
        time=given.time,
        width=64,
        height=48,
        track_id="track-1",
        box=given.box,
    )
    assert store.sightings(*EVER) == (sighting(1),)
    assert store.visits(*EVER) == (visit(1),)
    [recorded] = store.events(*EVER)
    assert (recorded.event, recorded.picture) == (arrival(1), "picture-1")
    item = store.outbox_item("note-1")
    assert item is not None and item.notification == note("note-1", picture="picture-1")


def test_a_picture_is_a_file_at_the_named_place(store: Store, media_dir: Path) -> None:
    store.record(findings(1), NOON)
    found = store.picture("picture-1")
    assert found is not None
    picture, place = found
    assert place == media_dir / picture.path
    assert place.read_bytes() == new_picture(1).data
    assert picture.path == "2026/05/01/nest/120001-crop-picture-1.jpg"
    assert store.picture("nothing") is None


def test_recording_again_changes_nothing(store: Store) -> None:
    assert store.record(findings(1), NOON)
    before = everything(store)
    assert not store.record(findings(1), NOON + timedelta(hours=1))
    assert everything(store) == before


def test_older_findings_that_come_again_do_not_shrink_a_visit(store: Store) -> None:
    grown = visit(1, last_seen=moment(300), sightings=9, confidence=0.95)
    ended = replace(grown, ended=moment(400))
    for value in (visit(1), grown, ended):
        assert store.record(Findings(visits=(value,)), NOON)
        assert store.visits(*EVER) == (value,)
    fewer = replace(ended, sightings=8)
    for value in (visit(1), grown, ended, fewer):
        assert not store.record(Findings(visits=(value,)), NOON)
    assert store.visits(*EVER) == (ended,)


def test_nothing_found_is_nothing_recorded(store: Store) -> None:
    assert not store.record(Findings(), NOON)


def test_all_or_nothing(store: Store) -> None:
    bad = replace(findings(1), events=(RecordedEvent(event=arrival(1), picture="nowhere"),))
    with pytest.raises(StoreError, match="'nowhere', which is not stored"):
        store.record(bad, NOON)
    assert store.pictures(*EVER) == store.visits(*EVER) == store.sightings(*EVER) == ()
    assert sum(store.outbox_counts().values()) == 0


def test_an_event_may_name_a_picture_that_was_recorded_before(store: Store) -> None:
    store.record(Findings(pictures=(new_picture(1),)), NOON)
    store.record(Findings(events=(RecordedEvent(event=arrival(1), picture="picture-1"),)), NOON)
    assert [recorded.picture for recorded in store.events(*EVER)] == ["picture-1"]


def test_a_lost_file_comes_back_when_its_findings_come_again(store: Store) -> None:
    store.record(findings(1), NOON)
    found = store.picture("picture-1")
    assert found is not None
    found[1].unlink()
    store.record(findings(1), NOON)
    assert found[1].read_bytes() == new_picture(1).data


def test_naive_times_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="time zone"):
        store.visits(NOON.replace(tzinfo=None), NOON)


def test_visits_by_the_day_they_began_and_open_ones(store: Store) -> None:
    early = visit(0, began=moment(-100), ended=moment(90))
    store.record(Findings(visits=(visit(2), early, visit(1))), NOON)
    assert store.visits(moment(0), moment(2)) == (visit(1),)
    assert store.open_visits() == (visit(1), visit(2))


def test_events_by_time_and_name(store: Store) -> None:
    ended = VisitEnded(
        time=moment(3),
        camera="nest",
        place="nest box 1",
        subject="hen 1",
        began=moment(1),
        duration=timedelta(seconds=1.5, microseconds=7),
        sightings=4,
    )
    back = CameraBack(time=moment(9), camera="nest", place="nest", subject="nest", away=timedelta(days=3))
    recorded = tuple(RecordedEvent(event=event) for event in (back, ended, arrival(1), arrival(2)))
    store.record(Findings(events=recorded), NOON)

    def names(*args: object, **kwargs: object) -> list[object]:
        return [found.event for found in store.events(*args, **kwargs)]  # type: ignore[arg-type]

    assert names(*EVER) == [arrival(1), arrival(2), ended, back]
    assert names(moment(2), moment(9)) == [arrival(2), ended]
    assert names(*EVER, names=["VisitEnded", "CameraBack"]) == [ended, back]
    assert names(*EVER, names=[]) == []


def test_who_was_seen_since(store: Store) -> None:
    events = tuple(
        RecordedEvent(event=event)
        for event in (arrival(1), arrival(5), arrival(6, subject="hen 5"), replace(arrival(7), subject="Ida"))
    )
    store.record(Findings(events=events), NOON)
    assert store.seen_subjects(moment(5)) == {"hen 5", "Ida"}
    assert store.seen_subjects(moment(99)) == frozenset()


def test_two_stores_on_one_database_see_each_other(store: Store, url: str, media_dir: Path) -> None:
    with Store.open(url, media_dir) as other:
        other.record(findings(1), NOON)
        assert not store.record(findings(1), NOON)
    assert isinstance(store.events(*EVER)[0].event, HenArrived)
