"""The box itself: what troubles it is told once, and when it is over."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fakes.records import arrival, moment

from coop.box_watch import BoxWatch, hottest_c
from coop.domain.event import Event, WatchTroubled, WatchWell
from coop.domain.findings import Findings, RecordedEvent
from coop.event.box import GIB, BoxRule, BoxState
from coop.places import open_store
from coop.settings import RetentionSettings, Settings

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def told(rule: BoxRule, *states: BoxState) -> list[str]:
    found = [event for state in states for event in rule.update(state, NOW)]
    return [f"{event.name} {event.fault}" for event in found if isinstance(event, WatchTroubled | WatchWell)]


def test_a_full_disk_and_heat_are_told_once_and_over_only_well_below() -> None:
    rule = BoxRule(least_free=GIB, hot_c=80)
    free = [BoxState(free_bytes=round(gib * GIB)) for gib in (2, 0.9, 0.8, 1.2, 1.6)]
    assert told(rule, *free) == ["WatchTroubled disk", "WatchWell disk"]
    hot = [BoxState(hottest_c=c) for c in (60, 81, 78, 82, 74)]
    assert told(rule, *hot) == ["WatchTroubled heat", "WatchWell heat"]
    assert told(rule, BoxState(), BoxState(free_bytes=9 * GIB)) == []


def test_a_clock_before_the_newest_event_is_wrong() -> None:
    rule = BoxRule(least_free=GIB, hot_c=80)
    ahead = BoxState(newest=NOW + timedelta(days=200))
    [event] = rule.update(ahead, NOW)
    assert isinstance(event, WatchTroubled)
    assert "2026-11-17" in event.reason
    assert told(rule, ahead, BoxState(newest=NOW - timedelta(minutes=1))) == ["WatchWell clock"]


def test_it_is_recorded_and_not_told_again_after_a_restart(tmp_path: Path) -> None:
    plenty = RetentionSettings(min_free_gib=0.1)
    settings = Settings(data_dir=tmp_path, timezone="UTC", retention=plenty)
    degrees = deque([85.0, 85.0, 70.0])
    with open_store(settings) as store:
        store.record(Findings(events=(RecordedEvent(event=arrival(1)),)), moment(1))

        def watch() -> list[Event]:
            box = BoxWatch(settings, store, lambda f, now: store.record(f, now), hottest=degrees.popleft)
            return list(box.check(moment(60)))

        assert [event.name for event in watch()] == ["WatchTroubled"]
        assert watch() == []
        assert [event.name for event in watch()] == ["WatchWell"]


def test_the_hottest_sensor_counts_and_one_that_sleeps_does_not(tmp_path: Path) -> None:
    for n, text in enumerate(("41000\n", "", "67500\n")):
        (tmp_path / f"thermal_zone{n}").mkdir()
        (tmp_path / f"thermal_zone{n}" / "temp").write_text(text)
    assert hottest_c(tmp_path) == 67.5
    assert hottest_c(tmp_path / "nowhere") is None
