"""The pages themselves; what they show comes by scripts from the other routes."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from labeling.web.site import chosen_task, show, site_of
from labeling.web.wire import task_json

router = APIRouter()


@router.get("/")
def front(request: Request) -> Response:
    return RedirectResponse("/visits", 303)


@router.get("/visits")
def visits(request: Request, task: str | None = None) -> Response:
    """Label visit by visit."""
    site = site_of(request)
    chosen = chosen_task(site, task)
    if chosen is None:
        return RedirectResponse("/tasks", 303)
    return show(request, "visits.html", task=chosen, data=task_json(chosen))


@router.get("/grid")
def grid(request: Request, task: str | None = None) -> Response:
    """Find pictures, and label many at once."""
    site = site_of(request)
    chosen = chosen_task(site, task)
    if chosen is None:
        return RedirectResponse("/tasks", 303)
    return show(request, "grid.html", task=chosen, data=task_json(chosen))


@router.get("/picture")
def picture(request: Request, task: str | None = None) -> Response:
    """One picture after the other, for careful work; which ones, its script reads from the address."""
    site = site_of(request)
    chosen = chosen_task(site, task)
    if chosen is None:
        return RedirectResponse("/tasks", 303)
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
