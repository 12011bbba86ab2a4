"""Old details go; the record of what happened, and what a person said of it, never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.records import EVER, NOON, arrival, findings, moment, new_picture, note, sighting, visit
from sqlalchemy import inspect, select

from coop.domain.egg import Share
from coop.domain.event import EggLaid
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.label import Label
from coop.domain.nest import NestReading, NestState
from coop.domain.notification import OutboxState
from coop.domain.picture import PictureKind
from coop.store import thinning
from coop.store.models import Base, PictureRow
from coop.store.store import Store

YEAR = 365 * 86400
NOW = moment(3 * YEAR)
CUTOFF = NOW - timedelta(days=400)


def deliver(store: Store) -> None:
    """Send everything that is due, at noon."""
    while due := store.due(NOON, 100):
        for item in due:
            store.begin_sending(item.id, NOON)
            store.finish_sent(item.id, f"m{item.id}", NOON)


def label(store: Store, key: str) -> None:
    store.add_label(Label(picture=key, task="kinds", value="hen", who="Anna", at=NOON, how="picture"))


@pytest.fixture
def old(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Ten arrivals three years ago and one today, all sent; for each, a crop that no event names."""
    monkeypatch.setattr(thinning, "_BATCH", 3)
    for n in range(10):
        crop = new_picture(100 + n, time=moment(n), track_id=f"track-{n}")
        store.record(findings(n), NOON)
        store.record(Findings(pictures=(crop,)), NOON)
    deliver(store)
    today = 3 * YEAR
    store.record(replace(findings(today), notifications=()), NOW)
    store.record(Findings(pictures=(new_picture(today + 1, time=moment(today)),)), NOW)
    return store


def record_of(store: Store) -> tuple[object, ...]:
    """What is sacred."""
    events = [(recorded.event, recorded.picture) for recorded in store.events(*EVER)]
    return events, store.visits(*EVER), store.current_labels("kinds")


def all_gone(store: Store) -> None:
    store.retain(moment(YEAR), max_age_days=30, free_bytes=lambda: 10**12)


def test_the_record_stays_and_details_go(old: Store) -> None:
    label(old, "picture-103")
    all_gone(old)
    before = record_of(old)
    gone = old.thin(CUTOFF)
    assert (gone.sightings, gone.messages, gone.pictures) == (9, 10, 9)
    assert record_of(old) == before
    left = {row.subject for row in old.sightings(*EVER)}
    assert left == {"hen 3", f"hen {3 * YEAR}"}, "whose picture is labelled, and the new one"
    assert not old.thin(CUTOFF)


def test_pictures_that_have_a_file_keep_their_rows(old: Store) -> None:
    assert old.thin(CUTOFF).pictures == 0
    assert len(old.pictures(*EVER)) == 22


def test_nothing_goes_before_its_time(old: Store) -> None:
    all_gone(old)
    assert not old.thin(moment(-1))
    assert old.thin(moment(4.5)).sightings == 5


def test_messages_on_their_way_and_those_that_they_change_stay(store: Store) -> None:
    store.record(Findings(notifications=(note("told"), note("other"))), NOON)
    deliver(store)
    store.record(Findings(notifications=(note("edit", edits="told"), note("new"))), NOON)
    assert store.thin(CUTOFF).messages == 1
    for key, there in (("told", True), ("other", False), ("edit", True), ("new", True)):
        assert (store.outbox_item(key) is not None) is there, key
    deliver(store)
    assert store.thin(CUTOFF).messages == 3
    assert sum(store.outbox_counts().values()) == 0


def test_what_was_told_long_ago_is_not_told_again(old: Store) -> None:
    """A recording is read anew at every start, and its events are found again."""
    assert old.thin(CUTOFF).messages == 10
    assert not old.record(replace(findings(1), pictures=(), sightings=()), NOW)
    assert old.outbox_counts()[OutboxState.NEW] == 0
    fresh = RecordedEvent(event=arrival(77))
    assert old.record(Findings(events=(fresh,), notifications=(note("note-77"),)), NOW)
    assert old.outbox_counts()[OutboxState.NEW] == 1


def test_a_visit_that_began_long_ago_stays_whole(old: Store) -> None:
    long = visit(5000, last_seen=NOW, sightings=900)
    old.record(Findings(visits=(long,), sightings=(sighting(5000),)), NOW)
    old.thin(CUTOFF)
    assert long in old.visits(*EVER)


def test_every_table_that_names_a_picture_is_minded(store: Store) -> None:
    """A new table with a key to pictures is protected by itself, unless it is said to be derived."""
    derived = {row.__tablename__ for row in thinning._DERIVED}
    sql = str(thinning._old_pictures(CUTOFF))
    naming = {
        table.name
        for table in Base.metadata.sorted_tables
        if any(key.column is PictureRow.__table__.c.key for key in table.foreign_keys)
    }
    assert {"events", "labels", "outbox"} <= naming - derived
    assert all(f"FROM {name}" in sql for name in naming - derived)
    with store._engine.connect() as connection:
        assert naming <= set(inspect(connection).get_table_names())


def test_old_readings_of_nests_go_and_so_can_their_pictures_but_eggs_stay(old: Store) -> None:
    picture = new_picture(500, kind=PictureKind.ZONE)
    reading = NestReading(
        camera="nest", nest="box", time=moment(500), state=NestState.EGGS, eggs=1, confidence=0.9,
        chances=(0.1, 0.9), picture=picture.key,
    )  # fmt: skip
    newer = replace(reading, time=NOW, picture=None)
    egg = EggLaid(
        time=moment(500), camera="nest", place="box", subject="Ida", since=moment(1), eggs=1,
        shares=(Share(hen="Ida", probability=1.0),),
    )  # fmt: skip
    old.record(
        Findings(pictures=(picture,), readings=(reading, newer), events=(RecordedEvent(event=egg),)), NOON
    )
    eggs = old.eggs(*EVER)
    all_gone(old)
    thinned = old.thin(CUTOFF)
    assert thinned.readings == 1
    assert old.nest_readings(*EVER) == (newer,)
    assert picture.key not in _picture_keys(old)
    assert old.eggs(*EVER) == eggs


def _picture_keys(store: Store) -> list[str]:
    return store._read(lambda session: list(session.scalars(select(PictureRow.key))))
