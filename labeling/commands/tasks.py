"""`coop label task`: tasks made and listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from coop.domain.catalogue import DAEMON
from coop.domain.picture import PictureKind
from coop.domain.task import Task, TaskClass, TaskKind
from coop.store.store import Store

TASK_COLUMNS = ("task", "kind", "classes", "pictures", "labelled", "visits")


def add_task(
    store: Store,
    name: str,
    kind: TaskKind,
    classes: str,
    pictures: PictureKind | None,
    who: str,
    now: datetime,
    *,
    title: str = "",
    daemon: bool = True,
) -> Task:
    """Make a task; ``classes`` are names with commas between them. Raises LabelError."""
    names = [part.strip() for part in classes.split(",") if part.strip()]
    task = Task(
        name=name,
        kind=kind,
        title=title,
        classes=tuple(TaskClass(code=each, name=each) for each in names),
        pictures=pictures,
        daemon=daemon,
    )
    made = store.add_task(task, who, now)
    if daemon:
        store.join_task(made.name, source=DAEMON)
    return made


def task_rows(store: Store) -> Sequence[Mapping[str, Any]]:
    """One row for each task."""
    rows = []
    for task in store.tasks():
        progress = store.progress(task.name)
        rows.append(
            {
                "task": task.name,
                "kind": task.kind.value,
                "classes": ", ".join(cls.name for cls in task.offered),
                "pictures": progress.pictures,
                "labelled": progress.pictures - progress.open_pictures,
                "visits": progress.visits,
            }
        )
    return rows
