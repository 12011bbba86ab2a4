"""When clips begin and end."""

from datetime import timedelta
from itertools import pairwise

import pytest
from fakes.films import at, motion, predator
from hypothesis import given
from hypothesis import strategies as st

from coop.clip.director import Director, Take
from coop.clip.wishes import worth_a_clip
from coop.domain.event import AnimalSeen, Event, HenArrived


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def director(pre: float = 5, post: float = 4, longest: float = 60) -> Director:
    wants = worth_a_clip(["predator"])
    return Director(wants, pre_roll=seconds(pre), post_roll=seconds(post), longest=seconds(longest))


def test_a_clip_begins_before_its_event_and_ends_after_the_last_sighting() -> None:
    one = director()
    assert one.update(at(10), (), {"fox": at(10)}) is None
    take = one.update(at(11), (predator(11),), {"fox": at(11)})
    assert take is not None
    assert (take.since, take.until) == (at(6), at(15))
    for n in range(12, 20):
        assert one.update(at(n), (), {"fox": at(n)}) is take
    assert take.until == at(23)
    assert one.update(at(23), (), {}) is take
    assert one.update(at(23.2), (), {}) is None


def test_others_in_sight_do_not_prolong_it() -> None:
    one = director()
    take = one.update(at(11), (predator(11),), {})
    assert one.update(at(14), (), {"hen": at(14)}) is take
    assert one.update(at(15.1), (), {"hen": at(15.1)}) is None


def test_a_new_event_prolongs_the_clip_that_is_under_way() -> None:
    one = director()
    take = one.update(at(11), (predator(11),), {})
    assert take is not None
    assert one.update(at(14), (predator(14, "marten"),), {}) is take
    assert one.update(at(17), (), {"marten": at(17)}) is take
    assert take.until == at(21)
    assert [event.subject for event in take.events] == ["fox", "marten"]


def test_no_clip_is_longer_than_the_longest_and_another_event_makes_another() -> None:
    one = director(longest=20)
    take = one.update(at(10), (predator(10),), {})
    assert take is not None
    for n in range(11, 26):
        assert one.update(at(n), (), {"fox": at(n)}) is take
    assert one.update(at(26), (), {"fox": at(26)}) is None, "from second 5 to second 25"
    another = one.update(at(27), (predator(27, "marten"),), {})
    assert another is not None
    assert another is not take


def test_an_event_told_late_has_its_clip_from_before_it() -> None:
    take = director().update(at(13), (predator(11),), {})
    assert take is not None
    assert take.since == at(6)


def test_a_clock_set_back_ends_it() -> None:
    one = director()
    one.update(at(11), (predator(11),), {})
    assert one.update(at(2), (), {"fox": at(2)}) is None


def test_what_is_not_wished_for_is_not_filmed() -> None:
    assert director().update(at(11), (motion(11),), {"motion": at(11)}) is None


@pytest.mark.parametrize(
    ("of", "filmed"),
    [
        ((), []),
        (("predator",), ["fox"]),
        (("first arrival",), ["Agnes"]),
        (("arrival",), ["Agnes", "Berta"]),
        (("animal", "motion"), ["cat", "motion"]),
    ],
)
def test_the_words_of_the_settings(of: tuple[str, ...], filmed: list[str]) -> None:
    where = {"time": at(0), "camera": "run", "place": "run"}
    events: list[Event] = [
        predator(0),
        HenArrived(**where, subject="Agnes", first_of_day=True),  # type: ignore[arg-type]
        HenArrived(**where, subject="Berta"),  # type: ignore[arg-type]
        AnimalSeen(**where, subject="cat"),  # type: ignore[arg-type]
        motion(0),
    ]
    wants = worth_a_clip(of)
    assert [event.subject for event in events if wants(event)] == filmed


def test_impossible_wishes_are_refused() -> None:
    with pytest.raises(ValueError, match="'egg'"):
        worth_a_clip(["egg"])
    with pytest.raises(ValueError, match="must hold pre-roll and post-roll"):
        director(pre=50, post=20)


@given(st.lists(st.tuples(st.floats(0.05, 20), st.sampled_from(["", "event", "seen", "hen"])), max_size=60))
def test_takes_follow_one_another_and_none_is_too_long(story: list[tuple[float, str]]) -> None:
    one, now, takes = director(longest=30), 0.0, list[Take]()
    frames: dict[int, list[float]] = {}
    for step, what in story:
        now += step
        events = (predator(now),) if what == "event" else ()
        take = one.update(
            at(now), events, {what: at(now)} if what == "hen" else {"fox": at(now)} if what == "seen" else {}
        )
        assert take is not None or what != "event", "an event is always filmed"
        if take is not None:
            if take not in takes:
                takes.append(take)
            frames.setdefault(takes.index(take), []).append(now)
            assert take.since <= at(now) <= take.until <= take.since + seconds(30)
    assert all(a[-1] < b[0] for a, b in pairwise(frames.values()))
