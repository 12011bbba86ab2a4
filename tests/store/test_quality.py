"""Labels given twice, and all pictures at once."""

from __future__ import annotations

from datetime import timedelta

from fakes.labelling import entry, label, stock
from fakes.records import NOON, moment

from coop.domain.catalogue import Suggestion
from coop.domain.survey import Turn
from coop.store.store import Store

LEASE = timedelta(minutes=5)


def labelled(store: Store, *visits: int, who: str = "Anna") -> None:
    """Whole visits labelled by one person, each by one batch."""
    for visit in visits:
        numbers = range(visit * 8, visit * 8 + 8)
        store.add_labels([label(n, "hen", f"{who} {visit}", who=who) for n in numbers])


def test_a_second_person_gets_what_only_another_has_labelled_and_sees_nothing_of_it(store: Store) -> None:
    stock(store, 40)
    labelled(store, 0, 1, 2)
    labelled(store, 3, who="Ben")
    store.suggest(
        "kinds",
        [Suggestion(picture="picture-0", value="hen", confidence=0.9, margin=0.8, model="starter 1")],
    )
    chosen = {f"visit-{n}": (0.0, "double") for n in (0, 1, 3, 4)}
    store.score_visits("kinds", chosen)
    assert (store.doubles_waiting("kinds", "Ben"), store.doubles_waiting("kinds", "Anna")) == (2, 1)
    bens = store.next_doubles("kinds", "Ben", NOON, count=9, lease=LEASE)
    assert [visit.visit for visit in bens] == ["visit-0", "visit-1"]
    assert all(visit.blind and visit.reason == "double" for visit in bens)
    shown = [picture for visit in bens for picture in visit.pictures]
    assert len(shown) == 16
    assert all(p.value is None and p.who is None and p.at is None and p.suggestion is None for p in shown)
    cleos = store.next_doubles("kinds", "Cleo", NOON, count=9, lease=LEASE)
    assert [visit.visit for visit in cleos] == ["visit-3"]  # the other two are before Ben
    later = store.next_doubles("kinds", "Cleo", moment(301), count=9, lease=LEASE, without=["visit-3"])
    assert [visit.visit for visit in later] == ["visit-0", "visit-1"]


def test_nothing_is_labelled_a_third_time(store: Store) -> None:
    stock(store, 8)
    labelled(store, 0)
    store.score_visits("kinds", {"visit-0": (0.0, "double")})
    store.add_labels([label(n, "fox", "second", who="Ben", how="double") for n in range(8)])
    assert store.next_doubles("kinds", "Cleo", NOON, count=9, lease=LEASE) == ()
    assert store.doubles_waiting("kinds", "Cleo") == 0


def test_histories_hold_what_stands(store: Store) -> None:
    stock(store, 16)
    labelled(store, 0, 1)
    store.add_labels([label(n, "fox", "b2", who="Ben", how="double") for n in range(8)])
    store.add_labels([label(0, "cat", "b3", who="Ben", how="double")])
    store.undo("b3", who="Ben", at=NOON, as_batch="b4")
    history = store.histories("kinds", ["double"])
    assert set(history) == {f"picture-{n}" for n in range(8)}
    assert [(kept.who, kept.value) for kept in history["picture-0"]] == [("Anna", "hen"), ("Ben", "fox")]
    store.undo("b2", who="Ben", at=NOON, as_batch="b5")
    assert [kept.value for kept in store.histories("kinds", ["double"])["picture-0"]] == ["hen"]
    store.undo("b5", who="Ben", at=NOON, as_batch="b6")
    assert [kept.value for kept in store.histories("kinds", ["double"])["picture-0"]] == ["hen", "fox"]
    assert store.histories("kinds", ["audit"]) == {}
    assert store.visits_of(["picture-0", "picture-8", "nowhere"]) == {
        "picture-0": "visit-0",
        "picture-8": "visit-1",
    }


def test_the_survey_knows_of_each_picture_what_there_is(store: Store) -> None:
    stock(store, 9)
    store.add_labels([label(1, "hen", "b1")])
    store.suggest(
        "kinds",
        [Suggestion(picture="picture-2", value="fox", confidence=0.6, margin=0.2, model="starter 1")],
    )
    lines = {line.picture: line for line in store.survey("kinds")}
    assert len(lines) == 9
    first = lines["picture-1"]
    assert (first.value, first.who, first.suggested, first.model) == ("hen", "Anna", None, None)
    facts = entry(1).facts
    assert (first.phash, first.brightness, first.sharpness) == (
        facts.phash,
        facts.brightness,
        facts.sharpness,
    )
    assert (first.visit, first.day, first.camera, first.time) == ("visit-0", entry(1).day, "nest", moment(1))
    assert first.file.is_file()
    other = lines["picture-2"]
    assert (other.value, other.suggested, other.confidence, other.margin) == (None, "fox", 0.6, 0.2)
    tracked = {one.picture: one for one in store.tracked("kinds")}
    assert len(tracked) == 9 and tracked["picture-1"].track == "track-1"
    assert (tracked["picture-1"].file, tracked["picture-1"].day) == (first.file, first.day)
    assert [line.picture for line in store.survey("kinds", ["picture-8", "nowhere"])] == ["picture-8"]
    store.score_visits("kinds", {"visit-1": (0.5, "unsure")})
    assert store.turns("kinds") == {
        "visit-0": Turn(open=7, score=0.0, reason=""),
        "visit-1": Turn(open=1, score=0.5, reason="unsure"),
    }
