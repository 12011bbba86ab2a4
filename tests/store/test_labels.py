"""Labels: a log that only grows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.records import NOON, findings, moment

from coop.domain.label import Label
from coop.errors import StoreError
from coop.store.store import Store

LABEL = Label(picture="picture-1", task="kinds", value="hen", who="Anna", at=NOON, how="picture", batch="b1")


def test_labels_are_added_never_changed(store: Store) -> None:
    for n in (1, 2):
        store.record(findings(n), NOON)
    later = replace(LABEL, value="cat", at=moment(1), batch=None)
    other = replace(LABEL, picture="picture-2", task="hens")
    for label in (LABEL, later, other):
        store.add_label(label)
    assert store.labels() == (LABEL, later, other)
    assert store.labels(picture="picture-1") == (LABEL, later)
    assert store.labels(task="hens") == (other,)
    assert store.labels(picture="picture-1", task="hens") == ()


def test_is_labelled(store: Store) -> None:
    store.record(findings(1), NOON)
    assert not store.is_labelled("picture-1")
    store.add_label(LABEL)
    assert store.is_labelled("picture-1")


def test_an_unknown_picture_cannot_be_labelled_nor_what_came_with_it(store: Store) -> None:
    store.record(findings(1), NOON)
    with pytest.raises(StoreError, match="'nowhere' is not stored"):
        store.add_labels((LABEL, replace(LABEL, picture="nowhere")))
    assert store.labels() == ()
