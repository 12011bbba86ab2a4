"""Small values for tests of labelling, made from a number: pictures, eight to a visit."""

from __future__ import annotations

from datetime import date
from typing import Any

from fakes.records import NOON, moment, new_picture

from coop.domain.catalogue import DAEMON, Entry, Facts
from coop.domain.label import Label
from coop.domain.picture import PictureKind
from coop.domain.task import Task, TaskClass, TaskKind
from coop.store.store import Store

FACTS = Facts(phash=0xF0F0_F0F0_F0F0_F0F0, brightness=100.0, contrast=30.0, sharpness=200.0)
KINDS = Task(
    name="kinds",
    kind=TaskKind.SINGLE,
    pictures=PictureKind.CROP,
    classes=tuple(TaskClass(code=name, name=name) for name in ("hen", "cat", "fox")),
)


def entry(n: int, **changes: Any) -> Entry:
    values: dict[str, Any] = {
        "picture": f"picture-{n}",
        "visit": f"visit-{n // 8}",
        "source": DAEMON,
        "facts": FACTS,
        "day": date(2026, 5, 1),
        "name": "",
    }
    return Entry(**values | changes)


def label(n: int, value: str, batch: str, **changes: Any) -> Label:
    values: dict[str, Any] = {
        "picture": f"picture-{n}",
        "task": "kinds",
        "value": value,
        "who": "Anna",
        "at": moment(n),
        "how": "visit",
        "batch": batch,
    }
    return Label(**values | changes)


def stock(store: Store, count: int, task: Task = KINDS) -> None:
    """``count`` pictures of the daemon, catalogued, in a task that takes them."""
    store.add_task(task, "Anna", NOON)
    store.import_pictures([new_picture(n) for n in range(count)], [])
    store.catalogue([entry(n) for n in range(count)])
