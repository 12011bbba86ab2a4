"""What a label's value says, in all three kinds of task."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.domain.task import (
    NONE,
    RESERVED_KEYS,
    SPECIAL,
    UNLABELLED,
    Task,
    TaskClass,
    TaskKind,
    check_class_name,
    check_key,
    codes_in,
    counts_in,
    free_key,
)
from coop.errors import LabelError

CLASSES = (
    TaskClass(code="hen", name="hen"),
    TaskClass(code="old", name="cock", merged_into="rooster"),
    TaskClass(code="rooster", name="cockerel"),
)


def task(kind: TaskKind) -> Task:
    return Task(name="kinds", kind=kind, classes=CLASSES)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (TaskKind.SINGLE, " hen ", "hen"),
        (TaskKind.SINGLE, "cockerel", "rooster"),
        (TaskKind.SINGLE, "rooster", "rooster"),
        (TaskKind.SINGLE, "none", "none"),
        (TaskKind.SINGLE, "unsure", "unsure"),
        (TaskKind.MULTI, "hen | cockerel", "hen|rooster"),
        (TaskKind.MULTI, "cockerel|hen|hen", "hen|rooster"),
        (TaskKind.MULTI, "none", "none"),
        (TaskKind.COUNT, "hen=3", "hen=3"),
        (TaskKind.COUNT, "hen=0|cockerel=12", "hen=0|rooster=12"),
    ],
)
def test_a_text_by_names_becomes_a_value_by_codes(kind: TaskKind, text: str, value: str) -> None:
    assert task(kind).parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        (TaskKind.SINGLE, "fox", "no class 'fox'. It has: hen, cockerel"),
        (TaskKind.SINGLE, "hen|cockerel", "allows one class for a picture"),
        (TaskKind.COUNT, "hen", "looks like 'hen=3'|looks like 'eggs=3'"),
        (TaskKind.COUNT, "hen=-1", "from 0 to 999. Received: 'hen=-1'"),
        (TaskKind.COUNT, "hen=1000", "from 0 to 999"),
        (TaskKind.COUNT, "hen=²", "looks like"),
        (TaskKind.MULTI, "", "no class ''"),
    ],
)
def test_what_no_label_can_say_is_refused(kind: TaskKind, text: str, problem: str) -> None:
    with pytest.raises(LabelError, match=problem.replace("|", "|")):
        task(kind).parse(text)


def test_labels_of_a_merged_class_count_as_what_it_was_merged_into() -> None:
    assert task(TaskKind.SINGLE).today("old") == "rooster"
    assert task(TaskKind.SINGLE).shown("old") == "cockerel"
    assert task(TaskKind.MULTI).today("hen|old") == "hen|rooster"
    assert task(TaskKind.COUNT).today("old=2|rooster=3") == "rooster=5"


def test_a_class_that_never_was_is_no_class() -> None:
    with pytest.raises(LabelError, match="no class with the code 'fox'"):
        task(TaskKind.SINGLE).today("fox")


def test_classes_merged_in_a_circle_end_somewhere() -> None:
    circle = (
        TaskClass(code="a", name="a", merged_into="b"),
        TaskClass(code="b", name="b", merged_into="a"),
    )
    with pytest.raises(LabelError):
        Task(name="t", kind=TaskKind.SINGLE, classes=circle).today("a")


names = st.text(min_size=1, max_size=20).filter(
    lambda s: s == s.strip() and s.isprintable() and s not in SPECIAL and "|" not in s and "=" not in s
)


@given(st.lists(names, min_size=1, max_size=5, unique=True), st.data())
def test_what_is_shown_can_be_read_again(known: list[str], data: st.DataObject) -> None:
    classes = tuple(TaskClass(code=f"c{n}", name=check_class_name(name)) for n, name in enumerate(known))
    for kind in TaskKind:
        it = replace(task(kind), classes=classes)
        counts = data.draw(st.dictionaries(st.sampled_from(known), st.integers(0, 999), min_size=1))
        text = {
            TaskKind.SINGLE: next(iter(counts)),
            TaskKind.MULTI: "|".join(counts),
            TaskKind.COUNT: "|".join(f"{name}={n}" for name, n in counts.items()),
        }[kind]
        value = it.parse(text)
        assert it.parse(it.shown(value)) == value == it.today(value)


def test_the_codes_in_a_value() -> None:
    assert codes_in("hen") == ("hen",)
    assert codes_in("hen|rooster") == ("hen", "rooster")
    assert codes_in("eggs=3|hens=0") == ("eggs",)
    assert counts_in("eggs=3|hens=0") == {"eggs": 3, "hens": 0}
    for nothing in (*SPECIAL, UNLABELLED):
        assert codes_in(nothing) == () and counts_in(nothing) == {}


@pytest.mark.parametrize("name", ["", " ", "a|b", "a=b", "none", "skip", "a\nb", "x" * 61])
def test_names_that_could_be_misread_are_refused(name: str) -> None:
    with pytest.raises(LabelError):
        check_class_name(name)


def test_keys_of_the_page_itself_are_not_for_classes() -> None:
    assert check_key("h") == "h" and check_key("") == ""
    for key in (*RESERVED_KEYS, "H", "hh", "ä", " "):
        with pytest.raises(LabelError):
            check_key(key)


def test_a_new_class_gets_a_free_key() -> None:
    assert free_key(TaskKind.SINGLE, "hen", []) == "1"
    assert free_key(TaskKind.SINGLE, "hen", ["1", "2"]) == "3"
    assert free_key(TaskKind.SINGLE, "hen", "123456789") == "h"
    assert free_key(TaskKind.COUNT, "eggs", []) == "e"
    assert free_key(TaskKind.COUNT, "eggs", "eg") == "a"
    assert NONE in SPECIAL
