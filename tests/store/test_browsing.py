"""What the pictures of a task can be filtered by."""

from __future__ import annotations

from datetime import date

from fakes.labelling import KINDS, entry, label, stock
from fakes.records import new_picture

from coop.domain.catalogue import Suggestion
from coop.store.browsing import Choices
from coop.store.store import Store


def test_choices_count_what_each_filter_finds(store: Store) -> None:
    stock(store, 4)
    store.import_pictures(
        [new_picture(9, camera="run")],
        [entry(9, source="photos", day=date(2026, 5, 3))],
        task=KINDS.name,
    )
    store.add_labels([label(0, "hen", "a"), label(1, "hen", "a"), label(9, "cat", "b", who="Berta")])
    store.suggest(
        "kinds", [Suggestion(picture="picture-2", value="fox", confidence=0.5, margin=0.1, model="m 1")]
    )
    assert store.choices("kinds") == Choices(
        values={"hen": 2, "cat": 1},
        suggested={"fox": 1},
        people={"Anna": 2, "Berta": 1},
        cameras={"nest": 4, "run": 1},
        sources={"daemon": 4, "photos": 1},
        first_day="2026-05-01",
        last_day="2026-05-03",
    )
    assert store.label_counts("kinds") == {"hen": 2, "cat": 1}


def test_a_task_without_pictures_offers_nothing(store: Store) -> None:
    store.add_task(KINDS, "Anna", label(0, "hen", "a").at)
    found = store.choices("kinds")
    assert (found.values, found.cameras, found.first_day) == ({}, {}, None)
