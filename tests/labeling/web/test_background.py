"""Work beside the page."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from fakes.page import Clock, page_app, picture_of

from coop.domain.task import Task, TaskClass, TaskKind
from coop.errors import StoreError
from coop.settings import Settings
from coop.store.store import Store
from labeling.web.background import Background
from labeling.web.jobs import jobs
from labeling.web.thumbnails import THUMB_PX

PATIENCE_S = 60.0


def test_a_job_that_fails_is_told_of_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    tried, again = [], threading.Event()

    def failing(stop: threading.Event) -> bool:
        tried.append(1)
        if len(tried) == 3:
            again.set()
        raise StoreError("The disk is full")

    beside = Background([failing], first_s=0, pause_s=0)
    beside.start()
    assert again.wait(PATIENCE_S)
    beside.stop()
    assert "The disk is full" in caplog.text


def test_a_page_that_is_left_at_once_begins_nothing() -> None:
    done: list[int] = []
    beside = Background([lambda stop: bool(done.append(1))], first_s=PATIENCE_S)
    beside.start()
    beside.stop()
    assert done == []


def test_pictures_of_the_watch_come_in_with_their_thumbnails(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    classes = (TaskClass(code="hen", name="hen"),)
    store.add_task(Task(name="kinds", kind=TaskKind.SINGLE, classes=classes), "Anna", clock.now)
    store.import_pictures([picture_of(n, camera="nest", track_id="track-1") for n in range(3)], [])
    site = page_app(store, tmp_path / "cache", clock).state.site
    settings = Settings.model_validate({"data_dir": tmp_path / "data", "timezone": "UTC"})
    intake, ahead, *_ = jobs(site, settings)
    assert store.progress("kinds").pictures == 0
    intake(threading.Event())
    assert store.progress("kinds").open_visits == 1
    ahead(threading.Event())
    assert all(site.thumbnails.has(f"picture-{n}", THUMB_PX) for n in range(3))
