"""The flock as a whole: missing, home, under suspicion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from coop.domain.egg import Egg, Share
from coop.domain.event import FlockComplete, FlockIncomplete, HenCleared, HenSuspected
from coop.domain.sighting import Visit
from coop.event.flock import newest_visits, not_seen, roll_call, suspicions

DUSK = datetime(2026, 5, 4, 19, 40, tzinfo=UTC)
HENS = ("Flora", "Ida")


def visit(hen: str, minutes_ago: float, place: str = "roost") -> Visit:
    seen = DUSK - timedelta(minutes=minutes_ago)
    return Visit(
        key=f"{hen} {minutes_ago}",
        camera="coop",
        place=place,
        kind="hen",
        subject=hen,
        began=seen - timedelta(minutes=5),
        last_seen=seen,
        ended=None,
        sightings=3,
        confidence=0.9,
    )


def call(*visits: Visit) -> FlockComplete | FlockIncomplete:
    return roll_call(HENS, newest_visits(visits, HENS), {"pop door"}, DUSK)


def test_all_are_home_who_were_last_seen_inside_this_evening() -> None:
    home = call(visit("Ida", 30, "pop door"), visit("Ida", 5), visit("Flora", 80, "run"))
    assert isinstance(home, FlockComplete)
    assert (home.hens, home.time) == (2, DUSK)


def test_who_went_out_or_was_not_seen_since_the_afternoon_is_not_home() -> None:
    out = call(visit("Ida", 30), visit("Ida", 20, "pop door"), visit("Flora", 5))
    assert isinstance(out, FlockIncomplete)
    assert (out.missing, out.hens) == (("Ida",), 2)
    late = call(visit("Ida", 200, "run"), visit("cat", 1))
    assert isinstance(late, FlockIncomplete)
    assert late.missing == ("Flora", "Ida")


def test_a_hen_is_missing_that_was_not_seen_today() -> None:
    morning, hour = DUSK.replace(hour=0), DUSK.replace(hour=11)
    newest = newest_visits([visit("Ida", 60 * 10), visit("Flora", 60 * 25)], HENS)
    [missing] = not_seen(HENS, newest, morning, hour)
    assert (missing.subject, missing.time) == ("Flora", hour)
    assert missing.last_seen == DUSK - timedelta(hours=25)


def egg(days_ago: float, hen: str, probability: float = 0.97) -> Egg:
    found = DUSK - timedelta(days=days_ago)
    return Egg(
        key=f"{hen} {days_ago}",
        camera="coop",
        nest="nest 1",
        time=found,
        since=found - timedelta(hours=1),
        together=1,
        shares=(Share(hen=hen, probability=probability),),
        attributed=found,
    )


def test_who_lays_nothing_falls_under_suspicion_and_is_cleared_by_an_egg() -> None:
    began = DUSK - timedelta(days=8)
    eggs = [egg(1, "Ida")]
    [fallen] = suspicions(eggs, HENS, {}, began, DUSK, 7)
    assert isinstance(fallen, HenSuspected)
    assert (fallen.subject, fallen.confidence) == ("Flora", 1.0)
    known = {"Flora": DUSK - timedelta(days=1)}
    assert suspicions(eggs, HENS, known, began, DUSK, 7) == ()
    assert suspicions([*eggs, egg(0.1, "Flora", 0.6)], HENS, known, began, DUSK, 7) == ()
    [cleared] = suspicions([*eggs, egg(0.1, "Flora")], HENS, known, began, DUSK, 7)
    assert isinstance(cleared, HenCleared)
    assert (cleared.subject, cleared.since) == ("Flora", known["Flora"])


def test_nobody_is_suspected_before_the_nests_were_watched_for_long_enough() -> None:
    assert suspicions([], HENS, {}, DUSK - timedelta(days=3), DUSK, 7) == ()
    assert suspicions([], HENS, {}, None, DUSK, 7) == ()
