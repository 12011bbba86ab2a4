"""Which events become messages, and what the messages say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fakes.botapi import visible
from hypothesis import given
from hypothesis import strategies as st

from coop.domain.egg import Share
from coop.domain.event import (
    AnimalSeen,
    CameraBack,
    CameraLost,
    EggLaid,
    Event,
    HenArrived,
    MotionSeen,
    PredatorSeen,
    VisitEnded,
)
from coop.domain.findings import RecordedEvent
from coop.domain.notification import Notification
from coop.notify.compose import Composer
from coop.notify.languages import speaking

BERLIN = ZoneInfo("Europe/Berlin")
WHEN = datetime(2024, 10, 4, 5, 12, tzinfo=UTC)  # 07:12 in Berlin
COMPOSER = Composer(zone=BERLIN)


def facts(**more: object) -> dict[str, Any]:
    return {"time": WHEN, "camera": "run-cam", "place": "nest box 2", "subject": "Clover", **more}


def ended(**more: object) -> VisitEnded:
    return VisitEnded(
        **facts(**{"began": WHEN, "duration": timedelta(minutes=19), "sightings": 3, "visit": "v1", **more})
    )


def told(event: Event, *chats: str, picture: str | None = None) -> tuple[Notification, ...]:
    return COMPOSER.compose(RecordedEvent(event=event, picture=picture), chats or ("42",))


def test_the_first_arrival_of_a_hens_day_is_told_without_a_sound() -> None:
    (note,) = told(HenArrived(**facts(first_of_day=True, visit="v1")), picture="p1")
    assert note.text == "🐔 <b>Clover is here</b>\nnest box 2 · 07:12 · first visit today"
    assert (note.key, note.chat, note.picture) == ("v1:42", "42", "p1")
    assert note.silent and not note.alarm
    assert note.expires == WHEN + timedelta(hours=12)


def test_a_predator_is_an_alarm_that_never_expires() -> None:
    (note,) = told(PredatorSeen(**facts(subject="fox", visit="v2")))
    assert note.text == "🚨 🦊 <b>A fox!</b>\nnest box 2 · 07:12"
    assert note.alarm and not note.silent and note.expires is None


def test_an_unknown_kind_of_predator_is_named_with_the_right_article() -> None:
    (note,) = told(PredatorSeen(**facts(subject="eagle & co", visit="v2")))
    assert note.text.startswith("🚨 🐾 <b>An eagle &amp; co!</b>")


@pytest.mark.parametrize(("confidence", "said"), [(0.74, True), (0.75, False), (1.0, False)])
def test_low_confidence_is_said_in_words(confidence: float, said: bool) -> None:
    for event in (
        HenArrived(**facts(first_of_day=True, visit="v", confidence=confidence)),
        PredatorSeen(**facts(subject="fox", visit="v", confidence=confidence)),
        ended(confidence=confidence),
    ):
        (note,) = told(event)
        assert ("Probably" in note.text) is said
        assert "%" not in note.text


@pytest.mark.parametrize(
    "event",
    [
        HenArrived(**facts(first_of_day=False, visit="v")),
        AnimalSeen(**facts(subject="cat", visit="v")),
        VisitEnded(**facts(began=WHEN, duration=timedelta(), sightings=1)),
    ],
)
def test_everything_else_is_only_recorded(event: Event) -> None:
    assert told(event) == ()


@pytest.mark.parametrize(
    ("shares", "english", "russian"),
    [
        (
            {"Ida": 0.5, "Josefine": 0.49},
            "2 eggs, each by Ida (50%) or Josefine (49%)",
            "2 яйца, каждое: Ida",
        ),
        ({"Ida": 0.95}, "Ida laid 2 eggs", "Ida: снесено 2 яйца"),
        ({}, "2 eggs, and nobody knows whose", "2 яйца, и неизвестно чьи"),
    ],
)
def test_eggs_found_at_once_are_one_message(shares: dict[str, float], english: str, russian: str) -> None:
    told = tuple(Share(hen=hen, probability=p) for hen, p in shares.items())
    found = [
        EggLaid(**facts(since=WHEN - timedelta(hours=1), eggs=3, number=n, together=2, shares=told))
        for n in (1, 2)
    ]
    for language, words in (("en", english), ("ru", russian)):
        with speaking(language):
            notes = [COMPOSER.compose(RecordedEvent(event=event), ["1"]) for event in found]
        assert [len(each) for each in notes] == [1, 0], "the first tells of both"
        assert words in notes[0][0].text


def test_the_end_of_a_visit_edits_its_message_in_every_chat() -> None:
    notes = told(ended(), "42", "-7")
    assert [note.edits for note in notes] == ["v1:42", "v1:-7"]
    assert [note.chat for note in notes] == ["42", "-7"]
    assert notes[0].text == "🐔 <b>Clover was here</b>\nnest box 2 · 07:12 – 07:31 · 19 min"
    originals = told(HenArrived(**facts(first_of_day=True, visit="v1")), "42", "-7")
    assert [note.key for note in originals] == [note.edits for note in notes]
    assert len({note.key for note in (*notes, *originals)}) == 4


def test_a_visit_of_seconds_has_one_time() -> None:
    (note,) = told(ended(duration=timedelta(seconds=20)))
    assert note.text.endswith("nest box 2 · 07:12 · under a minute")


def test_a_lost_camera_makes_a_sound_and_its_return_does_not() -> None:
    (lost,) = told(CameraLost(**facts(reason="no frame for 30 s")))
    (back,) = told(CameraBack(**facts(away=timedelta(minutes=100))))
    assert "Camera run-cam gives no pictures" in lost.text and "no frame for 30 s" in lost.text
    assert "away for 1 h 40 min" in back.text
    assert (lost.silent, back.silent) == (False, True)
    assert lost.expires is None and back.expires is None


def test_motion_is_told_where_no_model_says_more() -> None:
    (note,) = told(MotionSeen(**facts(place="run-cam", subject="motion", visit="v")))
    assert note.text == "👀 <b>Something moved</b>\ncamera run-cam · 07:12"


def test_routine_makes_a_sound_where_the_keeper_wants_it() -> None:
    loud = Composer(zone=BERLIN, silent_routine=False, routine_life=None)
    recorded = RecordedEvent(event=HenArrived(**facts(first_of_day=True, visit="v")))
    (note,) = loud.compose(recorded, ["42"])
    assert not note.silent and note.expires is None


def test_the_digest_of_a_day_has_one_key() -> None:
    first = COMPOSER.digest("digest-2024-10-04", "text", "p", ["42"])
    again = COMPOSER.digest("digest-2024-10-04", "other text", "p", ["42"])
    assert first[0].key == again[0].key == "digest-2024-10-04:42"


def test_a_test_message_passes_every_filter() -> None:
    note = COMPOSER.test("42", WHEN)
    assert not note.silent and note.expires is None and note.edits is None


@given(
    hen=st.text(max_size=300),
    place=st.text(max_size=300),
    camera=st.text(max_size=300),
    reason=st.text(max_size=5000),
)
def test_whatever_a_name_holds_telegram_can_read_the_caption(
    hen: str, place: str, camera: str, reason: str
) -> None:
    named = {"time": WHEN, "camera": camera, "place": place, "subject": hen}
    events: list[Event] = [
        HenArrived(**named, first_of_day=True, visit="v"),
        PredatorSeen(**named),
        CameraLost(**named, reason=reason),
        VisitEnded(**named, began=WHEN, duration=timedelta(minutes=1), sightings=1, visit="v"),
    ]
    for event in events:
        (note,) = told(event)
        seen = visible(note.text, "HTML")
        assert seen and len(seen.encode("utf-16-le")) // 2 <= 900
