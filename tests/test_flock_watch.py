"""The duties over the whole record: each once a day, at its moment, also after a restart; and the ledger
anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fakes.records import new_picture

from coop.domain.egg import Share
from coop.domain.event import (
    EggLaid,
    Event,
    FlockIncomplete,
    HenArrived,
    HenCleared,
    HenMissing,
    HenSuspected,
)
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.nest import NestCount
from coop.domain.sighting import Visit
from coop.flock_watch import FlockWatch
from coop.ledger import reattribute
from coop.places import open_store
from coop.settings import CoopSettings, HensSettings, Settings
from coop.store.store import Store
from coop.sun import dusk_of

DAY = datetime(2026, 5, 4, tzinfo=UTC)
HENS = ("Flora", "Ida")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        timezone="UTC",
        coop=CoopSettings(latitude=50, longitude=0),
        hens=HensSettings(names=HENS),
    )


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings) as opened:
        yield opened


def watch(settings: Settings, store: Store) -> FlockWatch:
    return FlockWatch(
        settings=settings,
        store=store,
        record=lambda findings, now: store.record(findings, now),
        hens=lambda: HENS,
        doors=("pop door",),
    )


def visit(hen: str, hour: float, minutes: float = 5, place: str = "roost", key: str = "") -> Visit:
    began = DAY + timedelta(hours=hour)
    return Visit(
        key=key or f"{hen} {hour}",
        camera="coop",
        place=place,
        kind="hen",
        subject=hen,
        began=began,
        last_seen=began + timedelta(minutes=minutes),
        ended=began + timedelta(minutes=minutes + 5),
        sightings=3,
        confidence=0.98,
    )


def check(settings: Settings, store: Store, hour: float) -> list[Event]:
    return list(watch(settings, store).check(DAY + timedelta(hours=hour)))


def test_the_roll_call_is_at_dusk_once_and_shows_who_is_missing(settings: Settings, store: Store) -> None:
    dusk = dusk_of(date(2026, 5, 4), settings)
    assert dusk is not None
    assert DAY + timedelta(hours=19.4) < dusk < DAY + timedelta(hours=19.7)
    picture = new_picture(1)
    seen = HenArrived(time=DAY + timedelta(hours=8), camera="coop", place="run", subject="Flora")
    store.record(
        Findings(
            visits=(visit("Ida", 19), visit("Flora", 8)),
            pictures=(picture,),
            events=(RecordedEvent(event=seen, picture=picture.key),),
        ),
        dusk,
    )
    hour = (dusk - DAY) / timedelta(hours=1)
    assert check(settings, store, hour - 0.01) == []
    [call] = check(settings, store, hour + 0.01)
    assert isinstance(call, FlockIncomplete)
    assert (call.missing, call.time) == (("Flora",), dusk)
    assert check(settings, store, hour + 0.02) == []
    [told] = store.events(DAY, DAY + timedelta(days=1), ("FlockIncomplete",))
    assert told.picture == picture.key


def test_without_coordinates_or_a_sunset_there_is_no_roll_call(settings: Settings) -> None:
    assert dusk_of(date(2026, 5, 4), Settings(timezone="UTC")) is None
    north = settings.model_copy(update={"coop": CoopSettings(latitude=78, longitude=15)})
    assert dusk_of(date(2026, 6, 21), north) is None


def test_a_missing_hen_is_told_at_the_hour_that_is_set(settings: Settings, store: Store) -> None:
    store.record(Findings(visits=(visit("Ida", 9),)), DAY)
    assert check(settings, store, 10.9) == []
    [missing] = check(settings, store, 11.1)
    assert isinstance(missing, HenMissing)
    assert missing.subject == "Flora"
    assert check(settings, store, 11.2) == []


def test_who_was_not_watched_is_not_missed(settings: Settings, store: Store) -> None:
    assert check(settings, store, 11.5) == []
    assert check(settings, store, 20) == []


def laid(hen: str, hour: float, *shares: Share) -> EggLaid:
    time = DAY + timedelta(hours=hour)
    return EggLaid(
        time=time,
        camera="coop",
        place="nest 1",
        subject=hen,
        since=time - timedelta(hours=1),
        eggs=1,
        shares=shares,
    )


def test_suspicion_falls_at_dusk_and_is_lifted_with_the_egg(settings: Settings, store: Store) -> None:
    long_ago = DAY - timedelta(days=9)
    count = NestCount(camera="coop", nest="nest 1", eggs=0, time=long_ago, first=long_ago)
    ida = laid("Ida", 9, Share(hen="Ida", probability=0.98))
    home = (visit("Ida", 19), visit("Flora", 19))
    store.record(Findings(counts=(count,), visits=home, events=(RecordedEvent(event=ida),)), DAY)
    fallen = [e for e in check(settings, store, 20) if isinstance(e, HenSuspected)]
    assert [e.subject for e in fallen] == ["Flora"]
    assert set(store.suspected()) == {"Flora"}
    flora = laid("Flora", 20.5, Share(hen="Flora", probability=0.98))
    store.record(Findings(events=(RecordedEvent(event=flora),)), DAY)
    [cleared] = check(settings, store, 20.6)
    assert isinstance(cleared, HenCleared)
    assert store.suspected() == {}
    assert check(settings, store, 20.7) == []


def test_a_corrected_visit_changes_whose_egg_it_is(settings: Settings, store: Store) -> None:
    egg = laid("Ida", 10, Share(hen="Ida", probability=0.95), Share(hen="", probability=0.05))
    corrected = visit("Flora", 9.2, 25, "nest 1", key="the visit")
    store.record(Findings(visits=(corrected,), events=(RecordedEvent(event=egg),)), DAY)
    now = DAY + timedelta(hours=12)
    [changed] = reattribute(store, DAY, now)
    assert changed.likeliest.hen == "Flora"
    assert changed.likeliest.visit == "the visit"
    assert store.egg(egg.key) == changed
    assert len(store.attributions(egg.key)) == 2
    assert reattribute(store, DAY, now + timedelta(minutes=1)) == ()
