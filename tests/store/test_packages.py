"""The model package at work for each task."""

from __future__ import annotations

import pytest
from fakes.records import NOON, moment

from coop.errors import StoreError
from coop.store.store import Store


def test_activate_and_roll_back(store: Store) -> None:
    assert store.active("kinds") is None
    store.activate("kinds", "starter-1", NOON)
    store.activate("kinds", "kinds-2", moment(1))
    store.activate("kinds", "kinds-2", moment(2))  # again: the way back stays open
    store.activate("hens", "hens-1", moment(3))
    assert store.active_packages() == {"hens": "hens-1", "kinds": "kinds-2"}
    assert store.rollback("kinds", moment(4)) == "starter-1"
    assert store.active("kinds") == "starter-1"
    assert store.rollback("kinds", moment(5)) == "kinds-2"


@pytest.mark.parametrize("task", ["never chosen", "hens"])
def test_nothing_to_roll_back_to(store: Store, task: str) -> None:
    store.activate("hens", "hens-1", NOON)
    with pytest.raises(StoreError, match=f"'{task}' has no earlier model package"):
        store.rollback(task, NOON)
    assert store.active("hens") == "hens-1"
