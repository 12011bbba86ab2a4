"""The day's script: its laws, read without rendering anything."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coop.frame.sim.flock import make_flock
from coop.frame.sim.script import (
    DAY,
    HOUR,
    MINUTE,
    PREDATORS,
    Act,
    DayScript,
    Layer,
    frame_ticks,
    sun_times,
    write_day,
)

seeds = st.integers(0, 999_999)
flocks = st.integers(0, 999)
days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
sizes = st.integers(1, 12)


def day_of(seed: int, flock: int, hens: int, day: date) -> DayScript:
    return write_day(seed, make_flock(flock, hens), day, faults=True)


@pytest.mark.parametrize(("hens", "start"), [(8, "2026-05-01"), (8, "2026-12-01"), (12, "2026-06-15")])
@pytest.mark.parametrize("seed", [1, 7, 23])
def test_thirty_days_have_at_most_100_000_frames(seed: int, hens: int, start: str) -> None:
    first = date.fromisoformat(start)
    flock = make_flock(1, hens)
    count = sum(len(frame_ticks(write_day(seed, flock, first + timedelta(i)))) for i in range(30))
    assert 60_000 < count <= 100_000


@settings(max_examples=40, deadline=None)
@given(seeds, flocks, sizes, days)
def test_the_same_seed_gives_the_same_day(seed: int, flock: int, hens: int, day: date) -> None:
    assert day_of(seed, flock, hens, day) == day_of(seed, flock, hens, day)


@settings(max_examples=60, deadline=None)
@given(seeds, flocks, sizes, days)
def test_nobody_is_in_two_places_and_nobody_jumps(seed: int, flock: int, hens: int, day: date) -> None:
    for actor in day_of(seed, flock, hens, day).actors:
        for one, two in pairwise(actor.segments):
            assert one.end <= two.start
            if one.end == two.start:
                assert one.b == two.a


@settings(max_examples=60, deadline=None)
@given(seeds, flocks, sizes, days)
def test_hens_sleep_on_the_roost_from_night_to_night(seed: int, flock: int, hens: int, day: date) -> None:
    today = day_of(seed, flock, hens, day)
    tomorrow = day_of(seed, flock, hens, day + timedelta(1))
    for before, after in zip(today.actors[:hens], tomorrow.actors[:hens], strict=True):
        last, first = before.at(DAY - 1), after.at(0)
        assert last is not None and first is not None
        assert (last.layer, last.act) == (Layer.ROOST, Act.SLEEP)
        assert (last.a, last.heading) == (first.a, first.heading)


@settings(max_examples=60, deadline=None)
@given(seeds, flocks, sizes, days)
def test_eggs_are_laid_by_layers_sitting_in_that_nest(seed: int, flock: int, hens: int, day: date) -> None:
    script = day_of(seed, flock, hens, day)
    layers = {hen.name for hen in make_flock(flock, hens).hens if hen.lays}
    assert len({egg.hen for egg in script.laid}) == len(script.laid)
    for egg in script.laid:
        assert egg.hen in layers
        actor = next(actor for actor in script.actors if actor.subject == egg.hen)
        segment = actor.at(egg.tick)
        assert segment is not None and segment.place == f"nest {egg.nest + 1}"


@settings(max_examples=60, deadline=None)
@given(seeds, flocks, days)
def test_at_most_two_share_a_nest(seed: int, flock: int, day: date) -> None:
    script = day_of(seed, flock, 12, day)
    sits = [s for actor in script.actors for s in actor.segments if s.layer is Layer.NEST]
    for at in {s.start for s in sits}:
        for nest in ("nest 1", "nest 2", "nest 3"):
            assert sum(s.place == nest and s.start <= at < s.end for s in sits) <= 2


@settings(max_examples=40, deadline=None)
@given(seeds, flocks, sizes, days)
def test_frames_come_five_a_second_while_anything_moves_and_once_a_minute_otherwise(
    seed: int, flock: int, hens: int, day: date
) -> None:
    script = day_of(seed, flock, hens, day)
    ticks = frame_ticks(script)
    assert ticks[0] == 0 and all(a < b for a, b in pairwise(ticks))
    assert set(range(0, DAY, MINUTE)) <= set(ticks)
    moving = {
        tick
        for actor in script.actors
        for segment in actor.segments
        if segment.moves
        for tick in range(segment.start, segment.end)
    }
    assert moving <= set(ticks)
    for one, two in pairwise(ticks):
        if one in moving:
            assert two == one + 1


def test_most_layers_lay_on_most_days_and_visitors_come_on_some() -> None:
    flock = make_flock(1)
    scripts = [write_day(7, flock, date(2026, 5, 1) + timedelta(i)) for i in range(60)]
    eggs = sum(len(script.laid) for script in scripts)
    layers = sum(hen.lays for hen in flock.hens)
    assert 0.6 < eggs / (60 * layers) < 0.95
    kinds = [{actor.kind for actor in script.actors} for script in scripts]
    assert sum(bool(kind & PREDATORS) for kind in kinds) == 30
    assert set().union(*kinds) >= {"hen", "person", "fox", "marten", "rat", "cat"}
    assert any(bool(kind & PREDATORS) for kind in kinds[:2])


def test_summer_days_are_longer() -> None:
    june, december = sun_times(date(2026, 6, 21)), sun_times(date(2026, 12, 21))
    assert june[1] - june[0] > 15.5 * HOUR
    assert december[1] - december[0] < 8.5 * HOUR
