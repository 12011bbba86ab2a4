"""The labelling page for tests: an application with real small pictures, and a client like a browser."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fakes.labelling import FACTS
from fastapi import FastAPI
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

from coop.domain.catalogue import Entry, Suggestion
from coop.domain.picture import NewPicture, PictureKind
from coop.domain.task import Task, TaskClass, TaskKind
from coop.store.store import Store
from labeling.web.access import Access
from labeling.web.app import create_app

NOW = datetime(2026, 5, 2, 9, tzinfo=UTC)
ORIGIN = "http://127.0.0.1:8484"
LOCAL = Access(names=frozenset({"localhost"}), session=timedelta(days=30), local_keeper="Anna")
LOGINS = Access(names=frozenset({"localhost", "coop.local"}), session=timedelta(days=30))
KINDS = Task(
    name="kinds",
    kind=TaskKind.SINGLE,
    daemon=False,
    classes=tuple(TaskClass(code=name, name=name) for name in ("hen", "cat", "fox")),
)
EGGS = Task(name="eggs", kind=TaskKind.COUNT, daemon=False, classes=(TaskClass(code="eggs", name="eggs"),))
PLUMAGE = Task(
    name="plumage",
    kind=TaskKind.MULTI,
    daemon=False,
    classes=tuple(TaskClass(code=name, name=name) for name in ("brown", "white")),
)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


def small_jpeg(n: int, width: int = 96, height: int = 72) -> bytes:
    """A picture that shows its number, so that no two have the same bytes."""
    picture = Image.new("RGB", (width, height), ((n * 37) % 200, (n * 91) % 200, (n * 53) % 200))
    ImageDraw.Draw(picture).text((8, 8), str(n), fill="white")
    out = BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def picture_of(n: int, data: bytes | None = None, **changes: Any) -> NewPicture:
    values: dict[str, Any] = {
        "key": f"picture-{n}",
        "kind": PictureKind.CROP,
        "data": small_jpeg(n) if data is None else data,
        "suffix": ".jpg",
        "camera": "run" if n % 2 else "nest",
        "time": datetime(2026, 5, 1, 6, tzinfo=UTC) + timedelta(seconds=n),
        "width": 96,
        "height": 72,
    }
    return NewPicture(**values | changes)


def stock(store: Store, count: int, *tasks: Task, visit: int = 4, suggested: bool = False) -> None:
    """``count`` pictures, ``visit`` of them to a visit, in tasks; kinds with suggestions where wanted."""
    entries = [
        Entry(
            picture=f"picture-{n}",
            visit=f"visit-{n // visit:05}",
            source="photos",
            facts=FACTS,
            day=date(2026, 5, 1),
            name=f"{n}.jpg",
        )
        for n in range(count)
    ]
    pictures = [picture_of(n) for n in range(count)]
    for task in tasks or (KINDS,):
        store.add_task(task, "Anna", NOW)
        store.import_pictures(pictures, entries, task=task.name)
    if suggested:
        store.suggest(
            "kinds",
            [
                Suggestion(picture=f"picture-{n}", value="hen", confidence=0.9, margin=0.8, model="starter 1")
                for n in range(count)
            ],
        )


def page_app(store: Store, cache: Path, clock: Clock, access: Access = LOCAL) -> FastAPI:
    return create_app(store, access, zone=ZoneInfo("UTC"), clock=clock, cache_dir=cache)


def browser(app: FastAPI, **headers: str) -> TestClient:
    """A client that sends what a browser on one of our own pages sends."""
    return TestClient(
        app,
        base_url=ORIGIN,
        headers={"origin": ORIGIN, "sec-fetch-site": "same-origin", "x-coop": "1"} | headers,
        follow_redirects=False,
    )


def an_id(text: str) -> str:
    """An id as a page would make one."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def batch(name: str, values: dict[str, str], task: str = "kinds", **changes: Any) -> dict[str, Any]:
    answers: Sequence[dict[str, str]] = [{"picture": key, "value": value} for key, value in values.items()]
    return {"id": an_id(name), "task": task, "how": "visit", "answers": answers} | changes
