"""What people say of visits: all of a correction or nothing, and it holds against what comes later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.records import EVER, arrival, moment, new_picture, visit

from coop.domain.correction import Correction
from coop.domain.event import PredatorSeen
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.label import Label
from coop.domain.notification import Button, Notification
from coop.domain.sighting import Sighting
from coop.errors import StoreError
from coop.store.store import Store

WAITS = (timedelta(minutes=2), timedelta(minutes=5))


def correction(n: int, **changes: str) -> Correction:
    values = {"kind": "hen", "subject": "Clover", "who": "Ada", "batch": f"press-{n}"}
    return Correction(visit=f"visit-{n}", at=moment(60), **values | changes)


def label(picture: str, batch: str = "press-1-hens") -> Label:
    return Label(
        picture=picture, task="hens", value="Clover", who="Ada", at=moment(60), how="telegram", batch=batch
    )


def a_visit(store: Store, n: int, kind: str = "hen") -> None:
    sighting = Sighting(
        camera="nest", place="nest box 1", track_id=f"track-{n}", time=moment(n), kind=kind,
        subject=f"hen {n}", confidence=0.9,
    )  # fmt: skip
    event = RecordedEvent(event=arrival(n))
    findings = Findings(sightings=(sighting,), visits=(visit(n, kind=kind),), events=(event,))
    store.record(findings, moment(n))


def test_a_correction_is_all_or_nothing(store: Store) -> None:
    a_visit(store, 1)
    edit = Notification(key="edit", chat="1", text="Clover", edits="visit-1:1")
    with pytest.raises(StoreError, match="not stored"):
        store.correct(correction(1), [label("unknown")], [edit])
    assert store.corrections() == () and store.outbox_item("edit") is None
    assert store.visits(*EVER)[0].subject == "hen 1"
    store.record(Findings(pictures=(new_picture(1),)), moment(2))
    assert store.correct(correction(1), [label("picture-1")], [edit])
    assert not store.correct(correction(1), [label("picture-1")], [edit]), "the same press again"
    (kept,) = store.corrections(["visit-1"])
    assert (kept.was_subject, kept.subject, kept.confirms) == ("hen 1", "Clover", False)
    assert len(store.labels()) == 1 and store.outbox_item("edit") is not None
    assert {found.event.subject for found in store.events(*EVER)} == {"Clover"}


def test_what_the_watch_believes_later_does_not_undo_it(store: Store) -> None:
    a_visit(store, 1)
    store.correct(correction(1), [], [])
    grown = visit(1, last_seen=moment(500), sightings=9, confidence=0.99)
    later = arrival(1, time=moment(400))
    store.record(Findings(visits=(grown,), events=(RecordedEvent(event=later),)), moment(500))
    (kept,) = store.visits(*EVER)
    assert (kept.subject, kept.confidence, kept.last_seen) == ("Clover", 1.0, moment(500))
    assert {found.event.subject for found in store.events(*EVER)} == {"Clover"}
    store.correct(correction(1, subject="Berta", batch="press-2"), [], [])
    assert store.visits(*EVER)[0].subject == "Berta", "the newest holds"


def test_crops_that_come_after_the_correction_are_found(store: Store) -> None:
    a_visit(store, 1)
    store.correct(correction(1), [], [])
    assert store.unlabelled_crops(moment(0)) == ()
    store.record(Findings(pictures=(new_picture(1), new_picture(2))), moment(90))
    ((found, crops),) = store.unlabelled_crops(moment(0))
    assert found.subject == "Clover" and crops == ("picture-1",), "by the name that the sightings have"
    store.add_labels([label("picture-1", "late")])
    assert store.unlabelled_crops(moment(0)) == ()
    assert store.unlabelled_crops(moment(61)) == ()


def test_an_alarm_that_was_a_hen_is_none(store: Store) -> None:
    facts = {"camera": "nest", "place": "nest box 1", "subject": "fox", "visit": "visit-1"}
    fox = PredatorSeen(time=moment(1), **facts)  # type: ignore[arg-type]
    store.record(
        Findings(visits=(visit(1, kind="fox", subject="fox"),), events=(RecordedEvent(event=fox),)), moment(1)
    )
    store.correct(correction(1), [], [])
    (found,) = store.events(*EVER)
    assert (found.event.name, found.event.subject) == ("HenArrived", "Clover")
    store.correct(correction(1, kind="cat", subject="cat", batch="press-2"), [], [])
    assert store.events(*EVER)[0].event.name == "AnimalSeen"


def test_alarms_are_repeated_after_each_wait_until_they_are_seen(store: Store) -> None:
    button = ((Button(text="seen", press="seen:visit-1"),),)
    alarm = Notification(key="visit-1:1", chat="1", text="A fox!", alarm=True, buttons=button, topic="fox")
    routine = replace(alarm, key="visit-2:1", alarm=False)
    store.record(Findings(notifications=(alarm, routine)), moment(0))
    assert store.repeat_alarms(moment(600), WAITS) == 0, "it has not even arrived"

    def deliver(seconds: float) -> list[str]:
        keys = []
        for item in store.due(moment(seconds)):
            store.begin_sending(item.id, moment(seconds))
            store.finish_sent(item.id, f"m{item.id}", moment(seconds))
            keys.append(item.notification.key)
        return keys

    assert deliver(600) == ["visit-1:1", "visit-2:1"]
    assert [store.repeat_alarms(moment(s), WAITS) for s in (719, 720, 730)] == [0, 1, 0]
    assert deliver(731) == ["visit-1:1~1"]
    assert store.repeats_of("visit-1:1") == ("visit-1:1~1",)
    assert store.repeat_alarms(moment(1040), WAITS) == 1
    assert deliver(1041) == ["visit-1:1~2"]
    assert store.repeat_alarms(moment(9000), WAITS) == 0, "then nobody is asked any more"
    assert store.last_told("1", "fox", alarm=True) is not None


def test_an_alarm_that_was_seen_is_not_repeated(store: Store) -> None:
    button = ((Button(text="seen", press="seen:visit-1"),),)
    alarm = Notification(key="visit-1:1", chat="1", text="A fox!", alarm=True, buttons=button)
    store.record(Findings(notifications=(alarm,)), moment(0))
    (item,) = store.due(moment(1))
    store.begin_sending(item.id, moment(1))
    store.finish_sent(item.id, "m1", moment(1))
    assert store.acknowledge("visit-1", "Ada", moment(60))
    assert not store.acknowledge("visit-1", "Ben", moment(61)), "the first one counts"
    assert store.repeat_alarms(moment(600), WAITS) == 0
    assert store.acknowledged(["visit-1"]) == {"visit-1": ("Ada", moment(60))}


def test_buttons_carry_no_more_than_telegram_takes() -> None:
    with pytest.raises(ValueError, match="1 to 64 bytes"):
        Button(text="x", press="я" * 33)
