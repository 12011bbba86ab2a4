"""Who laid an egg: the maths, by cases whose answer is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations
from math import isclose, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.domain.egg import (
    NOBODY,
    Egg,
    Share,
    Stay,
    attribute,
    chance_of_none,
    distribution,
    interval,
    suspects,
    tally,
)

NOW = datetime(2026, 5, 20, 20, tzinfo=UTC)
CHANCES = st.lists(st.floats(0, 1), min_size=1, max_size=7)


def stay(hen: str, minutes: float, identity: float = 0.98, after: float = 0) -> Stay:
    return Stay(
        hen=hen, visit=f"of {hen}", began=NOW + timedelta(minutes=after), minutes=minutes, identity=identity
    )


def shares(*stays: Stay, eggs: int = 1, lately: dict[str, float] | None = None) -> dict[str, float]:
    return {share.hen: share.probability for share in attribute(stays, eggs, lately or {})}


def egg(days_ago: float, *, nest: str = "nest 1", together: int = 1, **of: float) -> Egg:
    found = NOW - timedelta(days=days_ago)
    return Egg(
        key=f"{nest} {days_ago}", camera="coop", nest=nest, time=found, since=found - timedelta(hours=1),
        together=together, attributed=found,
        shares=tuple(Share(hen=hen, probability=p) for hen, p in of.items()),
    )  # fmt: skip


def test_one_visitor_is_nearly_certain_and_two_share() -> None:
    assert shares(stay("Ida", 25))["Ida"] > 0.95
    two = shares(stay("Ida", 25), stay("Flora", 25, after=40))
    assert isclose(two["Ida"], two["Flora"])
    assert two["Ida"] > 0.47


def test_who_sat_longer_is_more_probable_and_who_laid_this_morning_is_not() -> None:
    assert shares(stay("Ida", 25), stay("Flora", 3))["Ida"] > 0.9
    assert shares(stay("Ida", 25), stay("Flora", 25), lately={"Ida": 0.95})["Flora"] > 0.9


def test_without_a_visitor_it_is_nobodys_and_a_doubtful_name_gets_no_more_than_its_confidence() -> None:
    assert shares() == {NOBODY: 1.0}
    assert shares(stay("hen", 25)) == {NOBODY: pytest.approx(1.0)}
    assert 0.55 < shares(stay("Ida", 25, identity=0.6))["Ida"] <= 0.6


def test_two_eggs_of_two_visitors_are_one_each() -> None:
    both = shares(stay("Ida", 25), stay("Flora", 30), eggs=2)
    assert both["Ida"] == pytest.approx(0.5, abs=0.03)
    assert both["Flora"] == pytest.approx(0.5, abs=0.03)


@given(st.lists(st.tuples(st.floats(0, 90), st.floats(0, 1)), max_size=5), st.integers(1, 3))
def test_shares_are_probabilities_that_sum_to_one(stays: list[tuple[float, float]], eggs: int) -> None:
    found = shares(*(stay(f"hen {n}", m, c) for n, (m, c) in enumerate(stays)), eggs=eggs)
    assert all(-1e-9 <= p <= 1 + 1e-9 for p in found.values())
    assert isclose(sum(found.values()), 1.0, abs_tol=1e-9)


@given(CHANCES)
def test_the_distribution_is_that_of_all_ways_to_choose(chances: list[float]) -> None:
    whole = distribution(chances)
    numbers = range(len(chances))
    for k, p in enumerate(whole):
        ways = (
            prod(chances[i] if i in chosen else 1 - chances[i] for i in numbers)
            for chosen in combinations(numbers, k)
        )
        assert isclose(p, sum(ways), abs_tol=1e-9)


@given(CHANCES)
def test_the_interval_holds_nine_tenths(chances: list[float]) -> None:
    low, high = interval(chances)
    whole = distribution(chances)
    assert 0 <= low <= high <= len(chances)
    assert sum(whole[low : high + 1]) >= 0.9 - 1e-6


def test_a_period_is_counted_with_its_doubt() -> None:
    eggs = [egg(1, Ida=0.97), egg(2, Ida=0.5, Flora=0.5), egg(9, Ida=1.0)]
    ida, flora, agnes = tally(eggs, ["Agnes", "Flora", "Ida"], NOW - timedelta(days=7), NOW)
    assert (ida.hen, ida.expected, ida.low, ida.high) == ("Ida", pytest.approx(1.47), 1, 2)
    assert ida.newest == NOW - timedelta(days=1)
    assert (flora.hen, flora.low, flora.high, flora.newest) == ("Flora", 0, 1, None)
    assert (agnes.hen, agnes.expected, agnes.high) == ("Agnes", 0, 0)


def test_two_eggs_found_at_once_are_at_most_one_of_each_hen() -> None:
    pair = [egg(1, together=2, Ida=0.5, Flora=0.5), egg(1, together=2, Ida=0.5, Flora=0.5)]
    assert chance_of_none(pair, "Ida", NOW - timedelta(days=2), NOW) == pytest.approx(0)


def test_suspicion_needs_time_and_ends_with_evidence() -> None:
    eggs = [egg(1, Ida=0.97), egg(2, nest="nest 2", Ida=0.5, Flora=0.5)]
    began = NOW - timedelta(days=8)
    assert suspects(eggs, ["Ida", "Flora", "Agnes"], began, NOW, 7) == {"Agnes": 1.0, "Flora": 0.5}
    assert suspects(eggs, ["Ida", "Flora"], NOW - timedelta(days=3), NOW, 7) == {}
    assert suspects([*eggs, egg(0.5, Flora=0.96)], ["Ida", "Flora"], began, NOW, 7) == {}
