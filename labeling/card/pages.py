"""The data card as a page and as a picture."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from coop.domain.task import Task
from labeling.card.figure import card_png
from labeling.card.missing import what_is_missing, what_is_odd
from labeling.card.numbers import OUTLIERS_SHOWN, Card, data_card
from labeling.web.site import PageTask, Site, show, site_of
from labeling.web.wire import task_json

router = APIRouter()


@router.get("/card")
def card(request: Request, chosen: PageTask) -> Response:
    """What there is, what is odd, and what is missing."""
    site = site_of(request)
    made = _card(site, chosen)
    return show(
        request,
        "card.html",
        task=chosen,
        data=task_json(chosen),
        card=made,
        missing=what_is_missing(made),
        odd=what_is_odd(made),
        outliers=made.outliers[:OUTLIERS_SHOWN],
    )


@router.get("/card.png")
def figure(request: Request, task: str) -> Response:
    """The figure, as `coop label card --png` writes it."""
    site = site_of(request)
    made = _card(site, site.store.task(task))
    png = card_png(made, what_is_missing(made))
    return Response(png, media_type="image/png", headers={"cache-control": "no-store"})


def _card(site: Site, task: Task) -> Card:
    return data_card(task, site.store.survey(task.name), site.zone)
