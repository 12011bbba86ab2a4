"""What two people say of the same picture, and what the audit makes of people and model."""

from __future__ import annotations

import numpy as np
import pytest
from fakes.labelling import KINDS, label, stock
from fakes.records import NOON, moment

from coop.domain.catalogue import Suggestion
from coop.store.store import Store
from labeling.quality.audit import audit, suggested_in
from labeling.quality.doubles import (
    confusion_of_people,
    counts_by_person,
    disagreements,
    doubles,
    human_baseline,
    overall,
    pairs_of_people,
)


def give(store: Store, visit: int, value: str, who: str, how: str, **changes: object) -> None:
    """Label a whole visit of eight pictures by one key."""
    batch = f"{who} {visit} {how} {len(store.labels())}"
    numbers = range(visit * 8, visit * 8 + 8)
    store.add_labels([label(n, value, batch, who=who, how=how, **changes) for n in numbers])


@pytest.fixture
def judged(store: Store) -> Store:
    """Ten visits by Anna; Ben judges six of them blind and differs twice, of which one is settled for him."""
    stock(store, 80)
    for visit in range(10):
        give(store, visit, "hen" if visit % 2 else "cat", "Anna", "visit")
    for visit, value in enumerate(("cat", "hen", "cat", "hen", "fox", "cat")):
        give(store, visit, value, "Ben", "double")
    give(store, 4, "fox", "Cleo", "review")
    return store


def test_a_visit_answered_by_one_key_is_one_judgement(judged: Store) -> None:
    found = doubles(judged, KINDS)
    assert len(found) == 48
    assert overall(found).n == 6
    assert overall(found).agreed == pytest.approx(4 / 6)
    (anna_and_ben,) = pairs_of_people(found)
    assert (anna_and_ben.first, anna_and_ben.second) == ("Anna", "Ben")
    assert (anna_and_ben.equal.right, anna_and_ben.equal.n) == (4, 6)
    assert anna_and_ben.kappa.value == overall(found).value


def test_what_nobody_settled_waits(judged: Store) -> None:
    waiting = disagreements(doubles(judged, KINDS))
    assert {(d.visit, d.first, d.second) for d in waiting} == {("visit-5", "hen", "cat")}
    give(judged, 5, "hen", "Cleo", "review")
    assert disagreements(doubles(judged, KINDS)) == ()


def test_the_human_baseline(judged: Store) -> None:
    """Of twelve answers eight agree, one of two was settled right, and of the open two one may be right."""
    baseline = human_baseline(judged, KINDS)
    assert (baseline.accuracy.right, baseline.accuracy.n, baseline.unsettled) == (5.0, 6, 1)
    assert baseline.accuracy.low < 5 / 6 < baseline.accuracy.high
    give(judged, 5, "fox", "Cleo", "review")  # both were wrong
    assert human_baseline(judged, KINDS).accuracy.right == 4.5
    counts = counts_by_person(doubles(judged, KINDS))
    assert {who: (count.right, count.n) for who, count in counts.items()} == {"Anna": (4, 6), "Ben": (5, 6)}


def test_without_second_judgements_nothing_is_claimed(store: Store) -> None:
    stock(store, 8)
    give(store, 0, "hen", "Anna", "visit")
    baseline = human_baseline(store, KINDS)
    assert (baseline.accuracy.value, baseline.accuracy.n) == (None, 0)
    assert doubles(store, KINDS) == () and pairs_of_people(()) == ()


def test_confusion_does_not_depend_on_who_was_first(judged: Store) -> None:
    answers, table = confusion_of_people(doubles(judged, KINDS))
    assert answers == ("cat", "fox", "hen")
    assert np.array_equal(table, table.T) and table.sum() == 6
    assert table[0, 2] == 0.5 and table[0, 1] == 0.5


def test_skips_and_merged_classes(judged: Store) -> None:
    give(judged, 6, "skip", "Ben", "double")
    assert "visit-6" not in {d.visit for d in doubles(judged, KINDS)}
    task = judged.merge_class("kinds", "fox", "cat", "Anna", NOON)
    merged = doubles(judged, task)
    assert {d.second for d in merged} == {"cat", "hen"}
    assert overall(merged).agreed == pytest.approx(5 / 6)


def suggest(store: Store, visit: int, value: str) -> str:
    made = [
        Suggestion(picture=f"picture-{n}", value=value, confidence=0.8, margin=0.6, model="starter 1")
        for n in range(visit * 8, visit * 8 + 8)
    ]
    store.suggest("kinds", made)
    return made[0].shown


def test_the_audit_shows_that_people_follow_a_wrong_model(store: Store) -> None:
    stock(store, 160)
    for visit in range(20):
        shown = suggest(store, visit, "hen")
        truth = "hen" if visit % 4 == 0 else "cat"  # the model is right in one of four
        if visit < 10:
            give(store, visit, truth, "Anna", "audit")
        else:
            give(store, visit, "hen", "Anna", "visit", suggestion=shown)
    found = audit(store, KINDS)
    assert (found.blind.right, found.blind.n) == (3, 10)
    assert (found.shown.right, found.shown.n) == (10, 10)
    assert found.gap is not None and found.gap[1] > 0
    assert found.models == ("starter 1",) and found.confused == {("hen", "cat"): 7}
    assert any("more often than these are right: +70.0%" in sentence for sentence in found.sentences)


def test_a_keeper_asked_again(store: Store) -> None:
    stock(store, 24)
    for visit, again in enumerate(("hen", "hen", "cat")):
        give(store, visit, "hen", "Anna", "visit")
        give(store, visit, again, "Anna", "audit")
    found = audit(store, KINDS)
    assert (found.again.right, found.again.n) == (2, 3)
    assert found.blind.n == 0  # the model said nothing of these
    assert found.gap is None


def test_what_was_shown_can_be_read_back() -> None:
    made = Suggestion(
        picture="p", value="wild carnivore", confidence=0.5, margin=0.1, model="starter-kinds 1"
    )
    entry = label(0, "hen", "b", suggestion=made.shown, at=moment(0))
    assert suggested_in(entry) == "wild carnivore"
    assert suggested_in(label(0, "hen", "b")) is None
