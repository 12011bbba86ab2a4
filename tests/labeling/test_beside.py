"""Suggestions made by a process beside the page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from fakes.labelling import label, stock
from fakes.records import moment

from coop.places import open_store
from coop.settings import Settings
from labeling.suggesting.beside import REST_S, GivingWay, Suggesting
from training.head import fit_head


def wait_for(what: Callable[[], bool], seconds: float = 100) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.05)


@pytest.mark.timeout(240)
def test_the_order_is_kept_up_to_date_while_people_label(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path / "data", "timezone": "UTC"})
    stop, now = threading.Event(), [0.0]
    with open_store(settings) as store:
        stock(store, 24)  # their files are no pictures: the starter must pass them by
        job = Suggesting(store, settings, open_store, fit_head, monotonic=lambda: now[0])
        assert job(stop) is False and job.is_busy
        assert job(stop) is False  # a second one is not begun beside it
        wait_for(lambda: not job.is_busy)
        assert all(turn.score < 0 for turn in store.turns("kinds").values())
        job(stop)
        store.add_labels([label(n, "hen", "b1") for n in range(8)])
        job(stop)
        assert not job.is_busy  # too soon after the last time
        now[0] += 61
        job(stop)
        assert job.is_busy
        wait_for(lambda: not job.is_busy)
        job(stop)
        now[0] += 61
        job(stop)
        assert not job.is_busy  # nothing has changed since


def test_it_rests_while_somebody_labels_and_works_on_while_nobody_does() -> None:
    now, rests = 0.0, list[float]()
    newest: datetime | None = None

    def rest(seconds: float) -> None:
        nonlocal now
        rests.append(seconds)
        now += seconds

    give_way = GivingWay(lambda: newest, clock=lambda: moment(now), monotonic=lambda: now, sleep=rest)
    for _ in range(300):  # nobody ever labelled anything
        now += 0.01
        give_way()
    assert rests == []
    for _ in range(300):  # somebody labels all the time
        now += 0.01
        newest = moment(now)
        give_way()
    assert rests == [REST_S] * 3  # after each second of work
    for _ in range(300):  # and is gone
        now += 0.01
        give_way()
    assert len(rests) <= 4
