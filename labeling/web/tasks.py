"""Tasks and their classes: the page, and what its scripts change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from coop.classify.starter_classes import read_starter_classes
from coop.domain.catalogue import DAEMON
from coop.domain.picture import PictureKind
from coop.domain.task import PALETTE, Task, TaskClass, TaskKind, codes_in
from coop.errors import LabelError
from labeling.web.site import Site, chosen_task, keeper_of, show, site_of
from labeling.web.wire import Json, task_json

router = APIRouter()

Text = Annotated[str, Field(max_length=400)]
Line = Annotated[str, Field(max_length=100)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewTask(Body):
    name: Line
    kind: TaskKind
    title: Line = ""
    pictures: Literal["crop", "zone"] | None = None
    classes: Annotated[list[Line], Field(max_length=200)] = []


class Change(Body):
    """One change of one class. What each ``what`` needs of the rest is in `_CHANGES`."""

    task: Text
    what: Literal["add", "rename", "merge", "part", "retire", "offer", "order", "describe", "example"]
    code: Text = ""
    name: Line = ""
    names: Annotated[list[Line], Field(max_length=200)] = []
    into: Text = ""
    codes: Annotated[list[Text], Field(max_length=500)] = []
    definition: Annotated[str, Field(max_length=2000)] | None = None
    colour: Line | None = None
    key: Line | None = None
    picture: Text = ""


@router.get("/tasks")
def tasks_page(request: Request, task: str | None = None) -> Response:
    """Every class of a task; without any task, what to begin with."""
    site = site_of(request)
    chosen = chosen_task(site, task)
    return show(
        request,
        "tasks.html",
        task=chosen,
        data=None if chosen is None else task_json(chosen),
        counts={} if chosen is None else _counts(site, chosen),
        starter=[cls.name for cls in read_starter_classes()[:-1]],  # without "other", the rest
        palette=PALETTE,
        changes=() if chosen is None else site.store.task_changes(chosen.name)[-8:][::-1],
        zone=site.zone,
    )


@router.post("/api/task")
def add_task(request: Request, new: NewTask) -> Json:
    site = site_of(request)
    task = Task(
        name=new.name.strip(),
        kind=new.kind,
        title=new.title,
        pictures=None if new.pictures is None else PictureKind(new.pictures),
        classes=tuple(TaskClass(code=name.strip(), name=name) for name in new.classes if name.strip()),
    )
    made = site.store.add_task(task, keeper_of(request), site.clock())
    site.store.join_task(made.name, source=DAEMON)
    return task_json(made)


@router.post("/api/class")
def change_class(request: Request, change: Change) -> Json:
    site = site_of(request)
    return task_json(_CHANGES[change.what](site, change, keeper_of(request)))


def _counts(site: Site, task: Task) -> dict[str, int]:
    """How many pictures are labelled with each class; those of merged ones count for what they are now."""
    counts: dict[str, int] = {}
    for value, count in site.store.label_counts(task.name).items():
        now = task.today(value)
        for code in codes_in(now) or (now,):
            counts[code] = counts.get(code, 0) + count
    return counts


def _describe(site: Site, change: Change, who: str) -> Task:
    return site.store.describe_class(
        change.task, change.code, who, site.clock(),
        definition=change.definition, colour=change.colour, key=change.key,
    )  # fmt: skip


def _example(site: Site, change: Change, who: str) -> Task:
    """A picture that shows what is meant; given again, it is one no more."""
    known = next((cls for cls in site.store.task(change.task).classes if cls.code == change.code), None)
    if known is None:
        raise LabelError(f"Task {change.task!r} has no class with the code {change.code!r}")
    others = [key for key in known.examples if key != change.picture]
    examples = others if change.picture in known.examples else [*others, change.picture]
    return site.store.describe_class(change.task, change.code, who, site.clock(), examples=examples)


_CHANGES: dict[str, Callable[[Site, Change, str], Task]] = {
    "add": lambda site, c, who: site.store.add_classes(c.task, c.names, who, site.clock()),
    "rename": lambda site, c, who: site.store.rename_class(c.task, c.code, c.name, who, site.clock()),
    "merge": lambda site, c, who: site.store.merge_class(c.task, c.code, c.into, who, site.clock()),
    "part": lambda site, c, who: site.store.part_class(c.task, c.code, who, site.clock()),
    "retire": lambda site, c, who: site.store.retire_class(c.task, c.code, who, site.clock()),
    "offer": lambda site, c, who: site.store.retire_class(c.task, c.code, who, site.clock(), back=True),
    "order": lambda site, c, who: site.store.order_classes(c.task, c.codes, who, site.clock()),
    "describe": _describe,
    "example": _example,
}
