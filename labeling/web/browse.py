"""What the grid and the page of one picture ask: pictures by filter, what to filter by, histories."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from coop.domain.catalogue import SheetPicture
from coop.domain.task import SPECIAL, Task
from coop.errors import LabelError
from coop.store.catalogue import PictureFilter
from labeling.web.site import keeper_of, site_of
from labeling.web.wire import Json, label_json, picture_json

router = APIRouter(prefix="/api")

PAGE = 200
Short = Annotated[str, Field(max_length=400)]


class Wanted(BaseModel):
    """The filter as it stands in a page's address. ``value`` "" (given, but empty): without a label."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    task: Short
    value: Short | None = None
    suggested: Short | None = None
    camera: Short | None = None
    source: Short | None = None
    who: Short | None = None
    visit: Short | None = None
    since: date | None = None
    until: date | None = None
    cluster: int | None = None
    unlike: bool = False
    oldest: bool = False
    after: Short | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = PAGE

    @property
    def filter(self) -> PictureFilter:
        return PictureFilter(
            value=self.value,
            suggested=self.suggested,
            unlike=self.unlike,
            camera=self.camera,
            source=self.source,
            who=self.who,
            visit=self.visit,
            cluster=self.cluster,
            since=self.since,
            until=self.until,
        )


@router.get("/pictures")
def pictures(request: Request, wanted: Annotated[Wanted, Query()]) -> Json:
    """A page of pictures; ``next`` is where the following one begins, None where there is none."""
    site = site_of(request)
    task = site.store.task(wanted.task)
    found = site.store.sheet(
        task.name,
        wanted.filter,
        after=None if wanted.after is None else _moment(wanted.after),
        limit=wanted.limit + 1,
        newest_first=not wanted.oldest,
    )
    page = found[: wanted.limit]
    site.expect(page)
    return {
        "pictures": [picture_json(sheet, task, site.zone) | {"place": place_of(sheet)} for sheet in page],
        "next": place_of(page[-1]) if len(found) > wanted.limit else None,
    }


@router.get("/picture")
def one(request: Request, task: Short, key: Short) -> Json:
    """One picture, with its place."""
    site = site_of(request)
    known = site.store.task(task)
    found = site.store.sheet_of(known.name, [key])
    if not found:
        raise LabelError("This picture is not in the task, or is not kept any more")
    return {"picture": picture_json(found[0], known, site.zone), "place": place_of(found[0])}


@router.get("/count")
def count(request: Request, wanted: Annotated[Wanted, Query()]) -> Json:
    """How many pictures a filter finds."""
    return {"count": site_of(request).store.count_sheet(wanted.task, wanted.filter)}


@router.get("/choices")
def choices(request: Request, task: Short) -> Json:
    """What can be filtered by."""
    site = site_of(request)
    known = site.store.task(task)
    found = site.store.choices(known.name)
    return {
        "values": _by_count(known, found.values),
        "suggested": _by_count(known, found.suggested),
        "people": sorted(found.people),
        "cameras": sorted(found.cameras),
        "sources": sorted(found.sources),
        "first_day": found.first_day,
        "last_day": found.last_day,
    }


@router.get("/history")
def history(request: Request, task: Short, key: Short) -> Json:
    """What was said of a picture, newest first."""
    site = site_of(request)
    known = site.store.task(task)
    labels = site.store.labels(picture=key, task=known.name)
    return {"labels": [label_json(label, known, site.zone) for label in reversed(labels)]}


@router.get("/undoable")
def undoable(request: Request, task: Short) -> Json:
    """Whether this person has something to take back or to bring back."""
    site, who = site_of(request), keeper_of(request)
    return {
        "undo": site.store.undoable(task, who) is not None,
        "redo": site.store.undoable(task, who, redo=True) is not None,
    }


def place_of(sheet: SheetPicture) -> str:
    """A picture's place in the order of time, as an address can hold it."""
    return f"{sheet.picture.time.isoformat()}~{sheet.picture.key}"


def _moment(place: str) -> tuple[datetime, str]:
    time, _, key = place.partition("~")
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        raise LabelError(f"{place[:80]!r} is no place among pictures") from None
    if moment.tzinfo is None:
        raise LabelError(f"{place[:80]!r} lacks the time zone")
    return moment, key


def _by_count(task: Task, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Values with how often they occur. Those of a count or a multi task may be many: the commonest."""
    order = sorted(counts, key=lambda value: (value in SPECIAL, -counts[value], value))
    return [{"value": value, "shown": task.shown(value), "count": counts[value]} for value in order[:100]]
