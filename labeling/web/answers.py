"""What the visit page says and asks: the next visits, answers, undo, leases."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.exceptions import HTTPException
from pydantic import BaseModel, ConfigDict, Field

from coop.domain.label import Label
from coop.store.labels import Undone
from labeling.web.site import Site, keeper_of, site_of
from labeling.web.wire import Json, picture_json, progress_json, visit_json

router = APIRouter(prefix="/api")

Key = Annotated[str, Field(min_length=1, max_length=400)]
Id = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
How = Annotated[str, Field(pattern="^(visit|grid|picture|cluster|double|audit|review)$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(Body):
    """``suggestion``: what was shown beside the picture when it was answered."""

    picture: Key
    value: Annotated[str, Field(max_length=2000)]
    suggestion: Annotated[str, Field(max_length=400)] | None = None


class Batch(Body):
    """What one action labelled. Its id is made by the page, so that a repeat is known for one."""

    id: Id
    task: Key
    how: How
    answers: Annotated[list[Answer], Field(min_length=1, max_length=5000)]
    took_ms: Annotated[int, Field(ge=0, le=86_400_000)] | None = None


class Undo(Body):
    """Take ``batch`` back, or what this person did last; ``redo``: what they took back last."""

    id: Id
    task: Key
    batch: Id | None = None
    redo: bool = False


class Wanted(Body):
    """``holder``: the page that shows the visits, since one person may have two open."""

    task: Key
    holder: Id
    count: Annotated[int, Field(ge=1, le=48)] = 12
    without: Annotated[list[Key], Field(max_length=500)] = []


class Held(Body):
    task: Key
    holder: Id
    visits: Annotated[list[Key], Field(max_length=500)] | None = None


@router.post("/queue")
def next_visits(request: Request, wanted: Wanted) -> Json:
    """The visits that wait most, kept for this page until it says otherwise."""
    return queued(site_of(request), keeper_of(request), wanted)


def queued(site: Site, who: str, wanted: Wanted) -> Json:
    """The visits that wait most and how far the task has come; the visits are held from now on."""
    task = site.store.task(wanted.task)
    visits = site.store.next_visits(
        task.name,
        held_by(who, wanted.holder),
        site.clock(),
        count=wanted.count,
        lease=site.lease,
        without=wanted.without,
    )
    site.expect(sheet for visit in visits for sheet in visit.pictures)
    return {
        "visits": [visit_json(visit, task, site.zone) for visit in visits],
        "progress": progress_json(site.store.progress(task.name)),
    }


@router.post("/leases")
def renew(request: Request, held: Held) -> Json:
    """Keep visits a while longer; tells which of them this page still has."""
    site = site_of(request)
    holder = held_by(keeper_of(request), held.holder)
    mine = site.store.renew_leases(held.task, holder, held.visits or (), site.clock(), site.lease)
    return {"mine": sorted(mine)}


@router.post("/leave")
def leave(request: Request, held: Held) -> Json:
    """The page is left: others may have its visits."""
    site_of(request).store.release(held.task, held_by(keeper_of(request), held.holder), held.visits)
    return {}


@router.post("/labels")
def label(request: Request, batch: Batch) -> Json:
    """Save answers. What this acknowledges is on the disk; the same batch again changes nothing."""
    site, who = site_of(request), keeper_of(request)
    task = site.store.task(batch.task)
    now = site.clock()
    labels = [
        Label(
            picture=answer.picture,
            task=task.name,
            value=task.today(answer.value),
            who=who,
            at=now,
            how=batch.how,
            batch=batch.id,
            suggestion=answer.suggestion,
            took_ms=batch.took_ms,
        )
        for answer in batch.answers
    ]
    return {"new": site.store.add_labels(labels)}


@router.post("/undo")
def undo(request: Request, wanted: Undo) -> Json:
    """Take back (or bring back) what this person did; tells which pictures changed, as they are now."""
    site, who = site_of(request), keeper_of(request)
    batch = wanted.batch or _last(site, wanted, who)
    if batch is None:
        return {"batch": None, "visits": [], "left": 0}
    done = site.store.labels(batch=batch)
    if done and done[0].who != who:
        raise HTTPException(403, f"{done[0].who} gave these labels; only they can take them back")
    undone = site.store.undo(batch, who=who, at=site.clock(), as_batch=wanted.id)
    return {"batch": batch, "visits": _visits(site, wanted.task, undone), "left": len(undone.left)}


def held_by(who: str, holder: str) -> str:
    """The name under which a page holds visits."""
    return f"{who}/{holder}"


def _last(site: Site, wanted: Undo, who: str) -> str | None:
    """The batch to take back; that of before, where this very request came already."""
    before = site.store.labels(batch=wanted.id)
    return before[0].undoes if before else site.store.undoable(wanted.task, who, redo=wanted.redo)


def _visits(site: Site, name: str, undone: Undone) -> list[Json]:
    task = site.store.task(name)
    visits: dict[str, list[Json]] = {}
    for sheet in site.store.sheet_of(name, undone.pictures):
        visits.setdefault(sheet.visit, []).append(picture_json(sheet, task, site.zone))
    return [
        {"visit": visit, "reason": "", "blind": False, "pictures": pictures, "suggestion": None}
        for visit, pictures in visits.items()
    ]
