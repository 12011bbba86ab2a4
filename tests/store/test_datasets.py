"""Dataset versions: kept for good, on every database."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from fakes.labelling import entry, label, stock
from fakes.records import NOON
from sqlalchemy import create_engine, text

from coop.domain.dataset import DatasetItem, DatasetVersion, LabelledPicture, Part, dataset_digest
from coop.domain.task import UNLABELLED, TaskKind
from coop.errors import LabelError, StoreCorrupt
from coop.store.store import Store

CLASSES = {"hen": "hen", "cat": "tomcat"}


def version_of(pictures: tuple[LabelledPicture, ...], note: str = "") -> DatasetVersion:
    items = tuple(
        DatasetItem(
            picture=each.picture, path=each.path, sha256=each.sha256, value=each.value,
            part=list(Part)[n % 3], group=each.group or each.visit, visit=each.visit,
            day=each.day if n else None,
        )
        for n, each in enumerate(sorted(pictures, key=lambda each: each.sha256))
    )  # fmt: skip
    digest = dataset_digest("kinds", TaskKind.SINGLE, CLASSES, items)
    return DatasetVersion(
        task="kinds", version=0, made=NOON, who="Anna", kind=TaskKind.SINGLE, classes=CLASSES, digest=digest,
        about={"note": note, "said": []}, items=items,
    )  # fmt: skip


def test_labelled_pictures_with_what_is_known_of_them(store: Store, media_dir: Path) -> None:
    stock(store, 4)
    store.add_labels([label(0, "hen", "b1"), label(1, "cat", "b2"), label(2, "hen", "b3")])
    store.add_labels([label(2, UNLABELLED, "b4")])
    first, second = store.labelled_pictures("kinds")
    assert (first.picture, first.value, second.picture, second.value) == (
        "picture-0",
        "hen",
        "picture-1",
        "cat",
    )
    assert first.path.is_relative_to(media_dir) and first.path.is_file()
    assert (first.visit, first.day, first.phash) == ("visit-0", date(2026, 5, 1), entry(0).facts.phash)
    assert store.labelled_pictures("nest") == ()


def test_what_goes_in_comes_out_under_the_next_number(store: Store) -> None:
    stock(store, 8)
    store.add_labels([label(n, "hen", f"b{n}") for n in range(8)])
    made = version_of(store.labelled_pictures("kinds"), note="the first")
    first = store.add_dataset(made)
    assert first.version == 1
    assert (first.items, first.digest, first.classes, first.about) == (
        made.items, made.digest, CLASSES, made.about,
    )  # fmt: skip
    assert len(first.part(Part.TRAIN)) == 3
    second = store.add_dataset(version_of(store.labelled_pictures("kinds")[:2]))
    assert (second.version, len(second.items)) == (2, 2)
    assert store.dataset("kinds") == second
    assert store.dataset("kinds", 1) == first
    assert [head.version for head in store.datasets("kinds")] == [1, 2]
    assert store.datasets("nest") == ()
    assert [head.about["note"] for head in store.datasets()] == ["the first", ""]


def test_labels_given_later_change_no_version(store: Store) -> None:
    stock(store, 2)
    store.add_labels([label(0, "hen", "b1")])
    kept = store.add_dataset(version_of(store.labelled_pictures("kinds")))
    store.add_labels([label(0, "cat", "b2"), label(1, "cat", "b3")])
    assert store.dataset("kinds", 1) == kept


def test_a_version_that_is_not_there(store: Store) -> None:
    with pytest.raises(LabelError, match=r"no dataset version yet\. `coop label version kinds` makes one"):
        store.dataset("kinds")
    stock(store, 1)
    store.add_labels([label(0, "hen", "b1")])
    store.add_dataset(version_of(store.labelled_pictures("kinds")))
    with pytest.raises(LabelError, match=r"no dataset version 7\. There are: 1"):
        store.dataset("kinds", 7)


@pytest.mark.parametrize(
    "change", ["UPDATE dataset_items SET value = 'cat'", "UPDATE dataset_items SET part = 'test'"]
)
def test_a_version_that_somebody_changed_is_not_used(store: Store, url: str, change: str) -> None:
    stock(store, 2)
    store.add_labels([label(n, "hen", f"b{n}") for n in range(2)])
    store.add_dataset(version_of(store.labelled_pictures("kinds")))
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(change))
    engine.dispose()
    with pytest.raises(StoreCorrupt, match="version 1 of dataset 'kinds' is not what it was"):
        store.dataset("kinds", 1)
