"""Domain values as the page's scripts read them (JSON)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from coop.domain.catalogue import Progress, QueuedVisit, SheetPicture
from coop.domain.label import Label
from coop.domain.task import Task

Json = dict[str, Any]


def task_json(task: Task) -> Json:
    """A task with the classes that are offered, and the names of all, since old labels may name others."""
    return {
        "name": task.name,
        "kind": task.kind.value,
        "title": task.title,
        "classes": [
            {"code": cls.code, "name": cls.name, "key": cls.key, "definition": cls.definition}
            for cls in task.offered
        ],
        "names": {cls.code: task.current(cls.code).name for cls in task.classes},
    }


def picture_json(sheet: SheetPicture, task: Task, zone: ZoneInfo, *, blind: bool = False) -> Json:
    """``blind``: no opinion is told, neither the model's nor anybody's; a path may hold one, too."""
    picture, suggestion = sheet.picture, sheet.suggestion
    return {
        "key": picture.key,
        "width": picture.width,
        "height": picture.height,
        "camera": picture.camera,
        "kind": picture.kind.value,
        "time": None if sheet.day is None else f"{picture.time.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        "visit": sheet.visit,
        "source": sheet.source,
        "group": None if blind else sheet.group,
        "name": "" if blind else sheet.name,
        "value": None if sheet.value is None or blind else task.today(sheet.value),
        "who": None if blind else sheet.who,
        "suggestion": None
        if suggestion is None or blind
        else {
            "value": task.today(suggestion.value),
            "confidence": round(suggestion.confidence, 3),
            "shown": suggestion.shown,
        },
    }


def visit_json(visit: QueuedVisit, task: Task, zone: ZoneInfo) -> Json:
    pictures = [picture_json(sheet, task, zone, blind=visit.blind) for sheet in visit.pictures]
    return {
        "visit": visit.visit,
        "reason": visit.reason,
        "blind": visit.blind,
        "pictures": pictures,
        "suggestion": None if visit.blind else visit_suggestion(visit.pictures, task),
    }


def visit_suggestion(pictures: Sequence[SheetPicture], task: Task) -> Json | None:
    """What the model says of a visit as a whole: the value that its pictures speak for most."""
    weights: dict[str, float] = {}
    suggestions = [sheet.suggestion for sheet in pictures if sheet.suggestion is not None]
    for suggestion in suggestions:
        value = task.today(suggestion.value)
        weights[value] = weights.get(value, 0.0) + suggestion.confidence
    if not weights:
        return None
    value = max(weights, key=lambda value: (weights[value], value))
    confidence = weights[value] / len(suggestions)
    models = sorted({suggestion.model for suggestion in suggestions})
    return {
        "value": value,
        "confidence": round(confidence, 3),
        "shown": f"{value} {confidence:.2f} {', '.join(models)}",
    }


def progress_json(progress: Progress) -> Json:
    return {
        "pictures": progress.pictures,
        "visits": progress.visits,
        "open_pictures": progress.open_pictures,
        "open_visits": progress.open_visits,
    }


def label_json(label: Label, task: Task, zone: ZoneInfo) -> Json:
    return {
        "value": task.today(label.value),
        "who": label.who,
        "at": f"{label.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        "how": label.how,
        "suggestion": label.suggestion,
        "took_ms": label.took_ms,
    }
