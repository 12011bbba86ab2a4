"""Versions from labels as they are: what goes in, what stays out, what is said, and what never changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from fakes.importing import bring_in
from fakes.labelling import FACTS, KINDS, entry, label
from fakes.records import NOON, moment, new_picture
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coop.domain.dataset import DatasetVersion, Part
from coop.domain.picture import PictureKind
from coop.domain.task import UNLABELLED
from coop.errors import LabelError
from coop.store.store import Store
from labeling.commands.versions import class_rows, diff_sentences
from labeling.datasets.difference import difference
from labeling.datasets.make import VersionWanted, make_version, named


def keep(store: Store, labels: dict[int, str], *, per_day: int = 1, **changes: Any) -> None:
    """Pictures that look different, each a visit of its own, ``per_day`` of them a day, with these labels."""
    if not store.tasks():
        store.add_task(KINDS, "Anna", NOON)
    store.import_pictures([new_picture(n) for n in labels], [])
    store.catalogue(
        [
            entry(
                n, visit=f"visit-{n}", day=date(2026, 5, 1 + n // per_day),
                facts=replace(FACTS, phash=(n * 0x9E37_79B9_7F4A_7C15) % 2**64), **changes,
            )
            for n in labels
        ]
    )  # fmt: skip
    store.add_labels([label(n, value, f"batch-{n}") for n, value in labels.items()])


def make(store: Store, name: str = "kinds", **wanted: Any) -> DatasetVersion:
    return make_version(store, store.task(name), VersionWanted(**wanted), "Anna", NOON)[0]


def parts(version: DatasetVersion) -> dict[str, Part]:
    return {item.picture: item.part for item in version.items}


def said(version: DatasetVersion) -> str:
    return " ".join(version.about["said"])


def test_unsure_skipped_disputed_and_copies_stay_out(store: Store) -> None:
    keep(store, dict.fromkeys(range(20), "hen") | {3: "unsure", 4: "skip", 5: "none"})
    store.add_labels([label(6, "cat", "second", who="Ben", how="double", at=moment(100))])
    same = new_picture(1, key="picture-1-again")
    store.import_pictures([same], [entry(1, picture=same.key, visit="again")])
    store.add_labels([label(1, "hen", "b-again", picture=same.key)])
    version = make(store)
    assert {f"picture-{n}" for n in range(20)} - parts(version).keys() == {f"picture-{n}" for n in (3, 4, 6)}
    assert same.key not in parts(version)
    for words in ("1 unsure and 1 skipped", "1 pictures that two people", "1 exact copies"):
        assert words in said(version)
    assert "picture-6" in parts(make(store, include_disputed=True))


def test_copies_with_different_labels_stay_out_both(store: Store) -> None:
    keep(store, dict.fromkeys(range(6), "hen"))
    same = new_picture(1, key="again")
    store.import_pictures([same], [entry(1, picture="again", visit="again")])
    store.add_labels([label(1, "cat", "b-again", picture="again")])
    version = make(store)
    assert parts(version).keys() & {"picture-1", "again"} == set()
    assert "2 exact copies with different labels" in said(version)


def test_near_duplicates_of_a_visit_stay_out(store: Store) -> None:
    store.add_task(KINDS, "Anna", NOON)
    store.import_pictures([new_picture(n) for n in range(16)], [])
    store.catalogue([entry(n) for n in range(16)])  # two visits of eight that look the same
    store.add_labels([label(n, "hen", f"b{n}") for n in range(16)])
    version = make(store, near=2)
    assert len(version.items) == 4
    assert "12 near-duplicates within a visit are left out" in said(version)


def test_nothing_to_make_a_version_of(store: Store) -> None:
    store.add_task(KINDS, "Anna", NOON)
    with pytest.raises(LabelError, match="Nothing is labelled yet"):
        make(store)
    keep(store, {0: "unsure"})
    with pytest.raises(LabelError, match="1 unsure and 0 skipped"):
        make(store)
    assert store.datasets() == ()


@pytest.mark.parametrize("shares", [(0.5, 0.5), (-0.1, 0.1), (1.0, 0.0), (float("nan"), 0.1)])
def test_shares_that_leave_nothing_to_train_on(shares: tuple[float, float]) -> None:
    with pytest.raises(LabelError, match="leave something to train on"):
        VersionWanted(val=shares[0], test=shares[1])


def test_what_did_not_change_makes_no_new_version(store: Store) -> None:
    keep(store, dict.fromkeys(range(12), "hen"))
    first, is_new = make_version(store, store.task("kinds"), VersionWanted(), "Anna", NOON)
    again, is_new_again = make_version(store, store.task("kinds"), VersionWanted(), "Ben", moment(5))
    assert (is_new, is_new_again) == (True, False)
    assert again == first
    fresh = make(store, fresh=True, seed=5)
    assert fresh.version == 2 and fresh.digest != first.digest
    assert make(store, fresh=True, seed=1).digest == first.digest


def test_pictures_keep_their_part_when_labels_are_added(store: Store) -> None:
    keep(store, dict.fromkeys(range(10), "hen"))
    first = make(store, seed=1)
    keep(store, dict.fromkeys(range(10, 24), "cat"))
    second = make(store, seed=99)
    assert {key: parts(second)[key] for key in parts(first)} == parts(first)
    assert set(parts(second).values()) == set(Part)
    changed = difference(first, second)
    assert (len(changed.added), changed.removed, changed.relabelled, changed.moved) == (14, {}, {}, {})


def test_held_out_pictures_that_are_tied_to_trained_ones_are_trained_on(store: Store) -> None:
    keep(store, dict.fromkeys(range(10), "hen"))
    first = make(store)
    trained = min(key for key, part in parts(first).items() if part is Part.TRAIN)
    tested = min(key for key, part in parts(first).items() if part is Part.TEST)
    days = {e.picture: e.day for e in store.entries()}
    new = [new_picture(50 + n) for n in range(2)]
    store.import_pictures(new, [])
    far = [replace(FACTS, phash=n * 0x1357_9BDF_0246_8ACE % 2**64) for n in (3, 5)]
    store.catalogue(
        [
            entry(50, visit="tie", day=days[trained], facts=far[0]),
            entry(51, visit="tie", day=days[tested], facts=far[1]),
        ]
    )
    store.add_labels([label(50 + n, "hen", f"b{n}") for n in range(2)])
    second = make(store)
    assert parts(second)[tested] is Part.TRAIN
    assert "1 pictures changed their part since version 1" in said(second)
    assert difference(first, second).moved == {tested: ("test", "train")}


def test_relabelling_merging_and_taking_back(store: Store) -> None:
    keep(store, {n: ("hen", "cat", "fox")[n % 3] for n in range(12)})
    first = make(store)
    store.add_labels([label(0, "fox", "c1"), label(1, UNLABELLED, "c2")])
    store.merge_class("kinds", "cat", "fox", "Anna", NOON)
    store.rename_class("kinds", "hen", "chicken", "Anna", NOON)
    second = make(store)
    changed = difference(first, second)
    assert changed.removed == {"picture-1": "cat"}
    assert changed.relabelled["picture-0"] == ("hen", "fox")
    assert changed.relabelled["picture-4"] == ("cat", "fox")
    assert changed.relabelled["picture-3"] == ("hen", "chicken")
    assert (first.classes["hen"], second.classes["hen"]) == ("hen", "chicken")
    assert "cat" not in second.classes
    lines = list(diff_sentences(changed))
    assert "1 removed" in lines and "  picture-1: cat" in lines
    assert changed.as_json()["relabelled"]["picture-0"] == ["hen", "fox"]
    assert named(first, "hen") == "hen"


def test_it_says_which_class_is_missing_where_and_why(store: Store) -> None:
    keep(store, {n: "fox" if n == 0 else "hen" for n in range(20)}, per_day=2)
    version = make(store)
    part = parts(version)["picture-0"]
    for other in set(Part) - {part}:
        assert f"{other} has no fox: only one day or group has it." in version.about["said"]
    only = make(store, "kinds", fresh=True, val=0.0)
    assert set(parts(only).values()) == {Part.TRAIN, Part.TEST}


def test_real_days_are_never_mixed(store: Store, test_data: Path) -> None:
    bring_in(store, test_data / "nestcam" / "labels.csv", task="nest", kind=PictureKind.ZONE)
    version = make(store, "nest")
    days = {(item.day, item.part) for item in version.items}
    assert len(days) == 2 and len({part for _, part in days}) == 2
    assert "val is empty" in said(version)
    rows = class_rows(store, version)
    assert [row["class"] for row in rows] == ["brown", "none", "white", "pictures"]
    assert 0 < rows[-1]["test"] < rows[-1]["train"]


def test_counts(store: Store, test_data: Path) -> None:
    bring_in(store, test_data / "nestboxes" / "eggs.csv", task="eggs", kind=PictureKind.ZONE)
    version = make(store, "eggs", near=1000)
    assert len(version.items) == 15
    assert set(parts(version).values()) == set(Part)
    assert {named(version, item.value) for item in version.items} >= {"eggs=7", "eggs=10"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 9), st.none() | st.integers(1, 6), st.none() | st.sampled_from("xyz"),
            st.sampled_from(["hen", "cat", "fox", "none"]),
        ),
        min_size=1, max_size=25,
    ),
    st.integers(0, 3),
)  # fmt: skip
def test_no_visit_day_or_group_is_ever_divided(
    store: Store, drawn: list[tuple[int, int | None, str | None, str]], seed: int
) -> None:
    """For any pictures, version after version: the split separates nothing, and repeats itself."""
    if not store.tasks():
        store.add_task(KINDS, "Anna", NOON)
    began = len(store.entries()) * 100
    numbers = range(began, began + len(drawn))
    store.import_pictures([new_picture(n) for n in numbers], [])
    store.catalogue(
        [
            entry(
                n, visit=f"{began} {visit}", day=day and date(2026, 5, day), group=group,
                facts=replace(FACTS, phash=(n * 0x9E37_79B9_7F4A_7C15) % 2**64),
            )
            for n, (visit, day, group, _) in zip(numbers, drawn, strict=True)
        ]
    )  # fmt: skip
    store.add_labels([label(n, each[3], f"b{n}") for n, each in zip(numbers, drawn, strict=True)])
    for wanted in ({"seed": seed}, {"seed": seed, "fresh": True}):
        version = make(store, **wanted)  # type: ignore[arg-type]
        entries = store.entries_of(list(parts(version)))
        for a, b in product(version.items, version.items):
            one, other = entries[a.picture], entries[b.picture]
            tied = (
                one.visit == other.visit
                or (one.day is not None and one.day == other.day)
                or (one.group is not None and one.group == other.group)
            )
            assert a.part is b.part or not tied
        assert make(store, **wanted).digest == version.digest  # type: ignore[arg-type]
