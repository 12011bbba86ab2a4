"""What every route of the labelling page needs, and how it gets at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.templating import Jinja2Templates
from starlette.responses import Response

from coop.domain.catalogue import SheetPicture
from coop.domain.task import Task
from coop.errors import LabelError
from coop.store.store import Store
from labeling.web.access import Access, Sessions
from labeling.web.navigation import NAVIGATION
from labeling.web.thumbnails import Thumbnails


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """``zone`` decides what a day is; ``lease``: how long a visit is kept for the page that shows it."""

    store: Store
    access: Access
    zone: ZoneInfo
    clock: Callable[[], datetime]
    lease: timedelta
    thumbnails: Thumbnails
    cache_dir: Path
    templates: Jinja2Templates
    sessions: Sessions = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sessions", Sessions(self.store.session, self.clock))

    def expect(self, sheets: Iterable[SheetPicture]) -> None:
        """A page is told of these pictures and will ask for them at once: keep where they lie."""
        self.thumbnails.expect({s.picture.key: self.store.locate_picture(s.picture) for s in sheets})


def site_of(request: Request) -> Site:
    """The site that a request came to."""
    site: Site = request.app.state.site
    return site


def keeper_of(request: Request) -> str:
    """Who asks: labels are given under this name."""
    who: str = request.state.who
    return who


def chosen_task(site: Site, name: str | None) -> Task | None:
    """The task that a page is about: the named one, else the first; None where there is none at all."""
    tasks = site.store.tasks()
    if name is None or not tasks:
        return tasks[0] if tasks else None
    return next((task for task in tasks if task.name == name), None) or _no_such(name)


class NoTaskYet(Exception):
    """A page about a task was asked for, and there is none: the application shows the page that makes one."""


def _page_task(request: Request, task: str | None = None) -> Task:
    chosen = chosen_task(site_of(request), task)
    if chosen is None:
        raise NoTaskYet
    return chosen


PageTask = Annotated[Task, Depends(_page_task)]
"""The task that a page is about: the one its address names, else the first."""


def show(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """A page made from a template that extends `base.html`.

    ``task`` in the context is the task it is about (None: none), ``here`` the path of its navigation entry.
    """
    site = site_of(request)
    known = {
        "who": getattr(request.state, "who", None),
        "must_log_in": site.access.must_log_in,
        "navigation": NAVIGATION,
        "task": None,
        "here": request.url.path,
    }
    if known["who"] is not None:
        known["tasks"] = site.store.tasks()
    return site.templates.TemplateResponse(request, template, known | context, status_code=status)


def _no_such(name: str) -> Task:
    raise LabelError(f"There is no task {name!r}")
