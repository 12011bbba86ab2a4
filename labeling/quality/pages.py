"""The pages of quality: how good people and model are, second opinions, and what to look at again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from coop.domain.task import Task
from labeling.quality.audit import audit
from labeling.quality.doubles import (
    Double,
    confusion_of_people,
    disagreements,
    doubles,
    human_baseline,
    overall,
    pairs_of_people,
)
from labeling.quality.duplicates import UnlikePair
from labeling.quality.errors import LikelyError
from labeling.quality.review import errors_file, kept_errors, unlike_pairs
from labeling.web.answers import Wanted, held_by
from labeling.web.site import PageTask, Site, keeper_of, show, site_of
from labeling.web.wire import Json, picture_json, task_json, visit_json

router = APIRouter()

What = Literal["disagreements", "errors", "duplicates"]
_MOST = 200
"""Items that the page of reviews gets at once."""


@router.get("/quality")
def quality(request: Request, chosen: PageTask) -> Response:
    """How good the labels are."""
    site = site_of(request)
    judged = doubles(site.store, chosen)
    answers, table = confusion_of_people(judged)
    kept = kept_errors(errors_file(site.cache_dir, chosen.name), site.store, chosen)
    return show(
        request,
        "quality.html",
        task=chosen,
        data=task_json(chosen),
        baseline=human_baseline(site.store, chosen),
        kappa=overall(judged),
        pairs=pairs_of_people(judged),
        answers=[chosen.shown(answer).replace("|", " + ") for answer in answers],
        confusion=[[_number(n) for n in row] for row in table.tolist()],
        audit=audit(site.store, chosen),
        waiting=len(_by_visit(disagreements(judged))),
        second=site.store.doubles_waiting(chosen.name, keeper_of(request)),
        errors=None if kept is None else len(kept[1]),
        duplicates=len(unlike_pairs(site.store, chosen, site.store.survey(chosen.name))),
    )


@router.get("/second")
def second(request: Request, chosen: PageTask) -> Response:
    """Visits that somebody else labelled, to be labelled without seeing how."""
    return show(
        request, "second.html", task=chosen, data=task_json(chosen), queue="/api/doubles", here="/quality"
    )


@router.post("/api/doubles")
def next_doubles(request: Request, wanted: Wanted) -> Json:
    """The next visits for a second opinion, kept for this page."""
    site, who = site_of(request), keeper_of(request)
    task = site.store.task(wanted.task)
    waiting = site.store.doubles_waiting(task.name, who)
    visits = site.store.next_doubles(
        task.name,
        who,
        site.clock(),
        count=wanted.count,
        lease=site.lease,
        without=wanted.without,
        holder=held_by(who, wanted.holder),
    )
    return {
        "visits": [visit_json(visit, task, site.zone) for visit in visits],
        "progress": dict.fromkeys(("pictures", "visits", "open_pictures", "open_visits"), waiting),
    }


@router.get("/review")
def review(request: Request, what: What, chosen: PageTask) -> Response:
    """One by one what is worth a second look."""
    return show(request, "review.html", task=chosen, data=task_json(chosen), what=what, here="/quality")


@router.get("/api/review")
def review_items(request: Request, what: What, task: str) -> Json:
    """What is to be reviewed: pictures, what was said of them, and what is likely."""
    site = site_of(request)
    chosen = site.store.task(task)
    match what:
        case "disagreements":
            items = _disagreements(chosen, disagreements(doubles(site.store, chosen)))
        case "errors":
            kept = kept_errors(errors_file(site.cache_dir, chosen.name), site.store, chosen)
            items = [] if kept is None else [_error(error, kept[0]) for error in kept[1]]
        case "duplicates":
            pairs = unlike_pairs(site.store, chosen, site.store.survey(chosen.name))
            items = [_pair(pair) for pair in pairs]
    return {"items": _with_pictures(site, chosen, items[:_MOST]), "count": len(items)}


def _disagreements(task: Task, waiting: Sequence[Double]) -> list[Json]:
    return [
        {
            "keys": [double.picture for double in group],
            "said": [
                {"who": group[0].first_who, "value": group[0].first},
                {"who": group[0].second_who, "value": group[0].second},
            ],
            "likely": None,
            "why": "Two people say different things",
        }
        for group in _by_visit(waiting)
    ]


def _by_visit(waiting: Sequence[Double]) -> list[list[Double]]:
    """Pictures of a visit of which the same two answers were given are settled together."""
    groups: dict[tuple[str, ...], list[Double]] = {}
    for double in waiting:
        key = (double.visit, double.first_who, double.first, double.second_who, double.second)
        groups.setdefault(key, []).append(double)
    return list(groups.values())


def _error(error: LikelyError, model: str) -> Json:
    return {
        "keys": [error.picture],
        "said": [{"who": "label", "value": error.label}],
        "likely": {"value": error.better, "confidence": round(error.better_confidence, 3), "model": model},
        "why": f"The model gives this label {error.confidence:.0%}",
    }


def _pair(pair: UnlikePair) -> Json:
    return {
        "keys": [pair.first, pair.second],
        "said": [{"who": "left", "value": pair.first_label}, {"who": "right", "value": pair.second_label}],
        "likely": None,
        "why": "They look the same and are labelled differently",
    }


def _with_pictures(site: Site, task: Task, items: Sequence[Json]) -> list[Json]:
    """The items with their pictures; those whose pictures are gone are left out."""
    wanted = {key for item in items for key in item["keys"]}
    sheets = {sheet.picture.key: sheet for sheet in site.store.sheet_of(task.name, wanted)}
    return [
        item | {"pictures": [picture_json(sheets[key], task, site.zone) for key in item["keys"]]}
        for item in items
        if all(key in sheets for key in item["keys"])
    ]


def _number(n: float) -> str:
    return "" if n == 0 else f"{n:g}"
