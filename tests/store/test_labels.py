"""Labels: a log that only grows, and what holds now."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.labelling import KINDS, label, stock
from fakes.records import NOON, findings, moment
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coop.domain.label import Label
from coop.errors import LabelError, StoreError
from coop.store.store import Store

LABEL = Label(picture="picture-1", task="kinds", value="hen", who="Anna", at=NOON, how="picture", batch="b1")


def test_labels_are_added_never_changed(store: Store) -> None:
    for n in (1, 2):
        store.record(findings(n), NOON)
    later = replace(LABEL, value="cat", at=moment(1), batch=None)
    other = replace(LABEL, picture="picture-2", task="hens", batch="b2", suggestion="hen 0.93 m", took_ms=700)
    for given_label in (LABEL, later, other):
        store.add_label(given_label)
    assert store.labels() == (LABEL, later, other)
    assert store.labels(picture="picture-1") == (LABEL, later)
    assert store.labels(task="hens") == (other,)
    assert store.labels(batch="b1") == (LABEL,)
    assert store.labels(picture="picture-1", task="hens") == ()
    assert store.current_labels("kinds") == {"picture-1": "cat"}
    assert store.current_labels("kinds", ["picture-2"]) == {}
    assert store.newest_label() == NOON


def test_is_labelled(store: Store) -> None:
    store.record(findings(1), NOON)
    assert not store.is_labelled("picture-1")
    assert store.newest_label() is None
    store.add_label(LABEL)
    assert store.is_labelled("picture-1")


def test_an_unknown_picture_cannot_be_labelled_nor_what_came_with_it(store: Store) -> None:
    store.record(findings(1), NOON)
    with pytest.raises(StoreError, match="'nowhere' is not stored"):
        store.add_labels((LABEL, replace(LABEL, picture="nowhere")))
    assert store.labels() == ()


def test_a_batch_that_is_sent_twice_is_kept_once(store: Store) -> None:
    stock(store, 8)
    batch = [label(n, "hen", "b1") for n in range(8)]
    assert store.add_labels(batch)
    assert not store.add_labels(batch)
    assert len(store.labels()) == 8


def test_undo_and_redo(store: Store) -> None:
    stock(store, 8)
    store.add_labels([label(n, "hen", "b1") for n in range(8)])
    store.add_labels([label(n, "cat", "b2") for n in range(4)])
    undone = store.undo("b2", who="Anna", at=moment(9), as_batch="b3")
    assert len(undone.pictures) == 4 and undone.left == ()
    assert set(store.current_labels("kinds").values()) == {"hen"}
    store.undo("b1", who="Anna", at=moment(10), as_batch="b4")
    assert store.current_labels("kinds") == {}
    assert store.progress("kinds").open_pictures == 8
    assert store.undoable("kinds", "Anna") is None
    assert store.undoable("kinds", "Anna", redo=True) == "b4"
    store.undo("b4", who="Anna", at=moment(11), as_batch="b5")
    assert len(store.current_labels("kinds")) == 8
    assert store.undoable("kinds", "Anna", redo=True) == "b3"
    assert store.undoable("kinds", "Anna") == "b5"
    assert len(store.labels()) == 8 + 4 + 4 + 8 + 8  # history is never shortened


def test_an_undo_repeated_by_a_nervous_page_happens_once(store: Store) -> None:
    stock(store, 2)
    store.add_labels([label(0, "hen", "b1")])
    first = store.undo("b1", who="Anna", at=moment(9), as_batch="b2")
    assert store.undo("b1", who="Anna", at=moment(10), as_batch="b2") == first
    assert len(store.labels()) == 2


def test_undo_leaves_what_somebody_else_labelled_since(store: Store) -> None:
    stock(store, 2)
    store.add_labels([label(n, "hen", "b1") for n in range(2)])
    store.add_labels([label(1, "fox", "b2", who="Ben")])
    undone = store.undo("b1", who="Anna", at=moment(9), as_batch="b3")
    assert (undone.pictures, undone.left) == (("picture-0",), ("picture-1",))
    assert store.current_labels("kinds") == {"picture-1": "fox"}


def test_undoing_what_never_was_is_refused(store: Store) -> None:
    with pytest.raises(LabelError, match="no batch 'b9'"):
        store.undo("b9", who="Anna", at=NOON, as_batch="b10")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["hen", "cat", "undo", "redo", "skip"]), st.integers(0, 3)), max_size=12
    )
)
def test_what_holds_now_can_always_be_made_from_the_log(store: Store, actions: list[tuple[str, int]]) -> None:
    """For any order of labelling, undo and redo: the newest of each picture in the log is what holds."""
    if not store.tasks():
        stock(store, 4)
    began = len(store.labels())
    for action, n in actions:
        batch = f"batch-{len(store.labels())}"
        if action in ("undo", "redo"):
            there = store.undoable("kinds", "Anna", redo=action == "redo")
            if there is not None:
                store.undo(there, who="Anna", at=NOON, as_batch=batch)
        else:
            store.add_labels([label(n, action, batch)])
    newest = {kept.picture: kept.value for kept in store.labels()}
    holds = {picture: value for picture, value in newest.items() if value}
    assert store.current_labels("kinds") == holds
    assert store.progress("kinds").open_pictures == 4 - len(holds)
    assert len(store.labels()) >= began
    assert store.task(KINDS.name).kind is KINDS.kind
