"""Tasks: classes come and go, labels keep their meaning."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.labelling import KINDS, label, stock
from fakes.records import NOON, moment

from coop.domain.task import PALETTE, RESERVED_KEYS, Task, TaskKind
from coop.errors import LabelError
from coop.store.store import Store


def test_what_goes_in_comes_out(store: Store) -> None:
    made = store.add_task(KINDS, "Anna", NOON)
    assert store.tasks() == (made,)
    assert [(c.code, c.name, c.key) for c in made.classes] == [
        ("hen", "hen", "1"),
        ("cat", "cat", "2"),
        ("fox", "fox", "3"),
    ]
    assert [c.colour for c in made.classes] == list(PALETTE[:3])
    assert not {c.key for c in made.classes} & RESERVED_KEYS


def test_a_task_that_is_not_there_is_told_with_those_that_are(store: Store) -> None:
    store.add_task(KINDS, "Anna", NOON)
    with pytest.raises(LabelError, match=r"no task 'hens'\. There are: kinds"):
        store.task("hens")
    with pytest.raises(LabelError, match="already"):
        store.add_task(KINDS, "Anna", NOON)


def test_renaming_keeps_history(store: Store) -> None:
    stock(store, 1)
    store.add_labels([label(0, "hen", "b1")])
    renamed = store.rename_class("kinds", "hen", "chicken", "Anna", moment(1))
    assert renamed.shown(store.current_labels("kinds")["picture-0"]) == "chicken"
    again = store.add_classes("kinds", ["hen"], "Anna", moment(2))  # the name is free again
    assert again.named("hen").code == "hen 2"
    assert again.shown("hen") == "chicken"
    assert [change["what"] for change in store.task_changes("kinds")][-2:] == ["class renamed", "class added"]


def test_merging_can_be_taken_back(store: Store) -> None:
    stock(store, 1)
    store.add_labels([label(0, "cat", "b1")])
    merged = store.merge_class("kinds", "cat", "fox", "Anna", moment(1))
    assert merged.shown("cat") == "fox"
    assert [cls.code for cls in merged.offered] == ["hen", "fox"]
    with pytest.raises(LabelError, match="itself"):
        store.merge_class("kinds", "fox", "cat", "Anna", moment(2))  # cat is fox by now
    parted = store.part_class("kinds", "cat", "Anna", moment(3))
    assert parted.shown("cat") == "cat"


def test_a_retired_class_is_not_offered_but_still_read(store: Store) -> None:
    store.add_task(KINDS, "Anna", NOON)
    retired = store.retire_class("kinds", "fox", "Anna", moment(1))
    assert [cls.code for cls in retired.offered] == ["hen", "cat"]
    assert retired.shown("fox") == "fox"
    assert len(store.retire_class("kinds", "fox", "Anna", moment(2), back=True).offered) == 3


def test_names_and_keys_belong_to_one_class(store: Store) -> None:
    store.add_task(KINDS, "Anna", NOON)
    with pytest.raises(LabelError, match="merge them instead"):
        store.rename_class("kinds", "cat", "fox", "Anna", NOON)
    with pytest.raises(LabelError, match="belongs to 'hen'"):
        store.describe_class("kinds", "cat", "Anna", NOON, key="1")
    with pytest.raises(LabelError, match="colour looks like"):
        store.describe_class("kinds", "cat", "Anna", NOON, colour="red")


def test_describing_changes_only_what_is_given(store: Store) -> None:
    store.add_task(KINDS, "Anna", NOON)
    task = store.describe_class(
        "kinds", "cat", "Anna", NOON, definition=" the neighbour's ", colour="#00FF00", key="c"
    )
    before, after = KINDS.classes[1], task.named("cat")
    assert after == replace(before, definition="the neighbour's", colour="#00ff00", key="c")
    assert store.order_classes("kinds", ["fox", "hen"], "Anna", NOON).offered[0].code == "fox"


def test_counting_tasks_keep_digits_for_counts(store: Store) -> None:
    task = Task(name="nest", kind=TaskKind.COUNT, daemon=False)
    store.add_task(task, "Anna", NOON)
    classes = store.add_classes("nest", ["eggs", "hens"], "Anna", NOON).classes
    assert [cls.key for cls in classes] == ["e", "h"]
