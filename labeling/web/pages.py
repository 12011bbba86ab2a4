"""The pages themselves; what they show comes by scripts from the other routes."""

from __future__ import annotations

import re
import secrets

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from coop.domain.task import Task
from coop.errors import StoreUnavailable
from labeling.web.answers import Wanted, queued
from labeling.web.site import PageTask, keeper_of, show, site_of
from labeling.web.wire import Json, task_json

router = APIRouter()

_FIRST = 3
"""Visits that come with the page itself; it asks for more as soon as it shows them."""


@router.get("/")
def front(request: Request) -> Response:
    return RedirectResponse("/visits", 303)


@router.get("/visits")
def visits(request: Request, chosen: PageTask) -> Response:
    """Label visit by visit."""
    return show(request, "visits.html", task=chosen, data=task_json(chosen), first=_first(request, chosen))


@router.get("/grid")
def grid(request: Request, chosen: PageTask) -> Response:
    """Find pictures, and label many at once."""
    return show(request, "grid.html", task=chosen, data=task_json(chosen))


@router.get("/picture")
def picture(request: Request, chosen: PageTask) -> Response:
    """One picture after the other, for careful work; which ones, its script reads from the address."""
    return show(request, "picture.html", task=chosen, data=task_json(chosen))


@router.get("/colours.css")
def colours(request: Request, task: str) -> Response:
    """The colours of a task's classes: a strict page allows no style but that of style sheets."""
    found = site_of(request).store.task(task)
    rules = [f'[data-class="{_css(cls.code)}"]{{--class:{cls.colour}}}' for cls in found.classes]
    rules += [
        f'[data-class="{_css(cls.code)}"]{{--class:{found.current(cls.code).colour}}}'
        for cls in found.classes
        if cls.merged_into is not None
    ]
    return Response("\n".join(rules), media_type="text/css")


def _css(text: str) -> str:
    """A text as a part of a CSS string."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda match: f"\\{ord(match[0]):x} ", text)


def _first(request: Request, task: Task) -> Json | None:
    """The first visits, so that the page need not ask before it shows anything.

    None where nobody looks yet (a browser that fetches ahead), and where they cannot be held for this page:
    it asks by itself then, and says what is wrong.
    """
    if "prefetch" in request.headers.get("sec-purpose", ""):
        return None
    holder = secrets.token_hex(16)
    try:
        wanted = Wanted(task=task.name, holder=holder, count=_FIRST)
        return {"holder": holder} | queued(site_of(request), keeper_of(request), wanted)
    except StoreUnavailable:
        return None
