"""Trainings: begun once, gone on with, ended once, together with the model at work and its messages."""

from __future__ import annotations

import pytest
from fakes.records import NOON, findings, moment, note

from coop.domain.label import Label
from coop.domain.training import Outcome, Verdict
from coop.errors import StoreError
from coop.store.packages import NOTHING
from coop.store.store import Store

VERDICT = Verdict(right=0.95, before=0.9, pictures=40, days=3, lacks=("fox",))


def label(store: Store, n: int, value: str = "hen") -> None:
    store.record(findings(n), NOON)
    store.add_label(
        Label(picture=f"picture-{n}", task="kinds", value=value, who="Anna", at=moment(n), how="telegram")
    )


def test_labels_are_new_until_a_training_has_ended(store: Store) -> None:
    label(store, 1)
    label(store, 2)
    assert store.new_labels("kinds") == 2 and store.new_labels("hens") == 0
    newest = store.newest_label_of("kinds")
    training = store.begin_training("kinds", 1, "kinds-1", newest, "nightly", NOON)
    label(store, 1, "cat")  # somebody changes their mind while it learns
    assert store.new_labels("kinds") == 2
    assert store.end_training(training.id, Outcome.KEPT, NOON, verdict=VERDICT)
    assert store.new_labels("kinds") == 1
    assert store.newest_label_of("kinds", moment(0.5)) == 0


def test_a_training_goes_on_and_ends_once(store: Store) -> None:
    first = store.begin_training("kinds", 1, "kinds-1", 5, "nightly", NOON)
    again = store.begin_training("kinds", 2, "kinds-2", 9, "nightly", moment(1))
    assert (again.id, again.package, again.attempts) == (first.id, "kinds-1", 2)
    assert store.open_training("kinds") == again and store.open_training("hens") is None
    store.end_training(first.id, Outcome.FAILED, moment(2), reason="no power")
    with pytest.raises(StoreError, match="is not under way"):
        store.end_training(first.id, Outcome.PROMOTED, moment(3))
    assert store.trainings("kinds")[0].reason == "no power"
    assert store.begin_training("kinds", 2, "kinds-2", 9, "nightly", moment(4)).attempts == 1


def test_model_messages_and_outcome_are_one(store: Store) -> None:
    store.activate("kinds", "kinds-1", NOON)
    training = store.begin_training("kinds", 2, "kinds-2", 0, "nightly", NOON)
    told = (note("better"),)
    end = {"verdict": VERDICT, "messages": told}
    assert not store.end_training(training.id, Outcome.PROMOTED, NOON, at_work="kinds-0", **end)  # type: ignore[arg-type]
    assert store.active("kinds") == "kinds-1" and store.outbox_item("better") is None
    assert store.end_training(training.id, Outcome.PROMOTED, NOON, at_work="kinds-1", **end)  # type: ignore[arg-type]
    assert (store.active("kinds"), store.previous("kinds")) == ("kinds-2", "kinds-1")
    assert store.outbox_item("better") is not None
    found = store.training_of("kinds-2")
    assert found is not None and (found.verdict, found.instead) == (VERDICT, "kinds-1")


def test_the_first_model_can_be_taken_back_too(store: Store) -> None:
    training = store.begin_training("hens", 1, "hens-1", 0, "nightly", NOON)
    store.end_training(training.id, Outcome.PROMOTED, NOON, verdict=VERDICT)
    assert store.rollback("hens", NOON, instead_of="hens-1") == NOTHING
    assert store.active("hens") is None and store.active_packages() == {}
    with pytest.raises(StoreError, match="hens-1 is not at work"):
        store.rollback("hens", NOON, instead_of="hens-1")
    assert store.rollback("hens", NOON) == "hens-1"
