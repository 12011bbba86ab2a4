"""In which order visits are labelled."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date
from pathlib import Path
from typing import Any

from fakes.labelling import KINDS
from fakes.records import moment
from hypothesis import given, settings
from hypothesis import strategies as st

from coop.domain.survey import Surveyed, Turn
from labeling.suggesting.order import Shares, scores

NO_SHARES = Shares(random=0.0, audit=0.0, double=0.0)


def line(visit: int, n: int = 0, **changes: Any) -> Surveyed:
    values: dict[str, Any] = {
        "picture": f"picture-{visit}-{n}", "file": Path("x.jpg"), "camera": "nest",
        "time": moment(visit * 60 + n), "width": 64, "height": 48, "visit": f"visit-{visit}",
        "source": "daemon", "day": date(2026, 5, 1), "phash": 0, "brightness": 100.0, "contrast": 30.0,
        "sharpness": 200.0, "value": None, "who": None, "suggested": "hen", "confidence": 0.99,
        "margin": 0.98, "model": "m 1",
    }  # fmt: skip
    return Surveyed(**values | changes)


def turns(lines: list[Surveyed], **closed: Turn) -> dict[str, Turn]:
    open_ = Counter(line.visit for line in lines if line.value is None)
    visits = {line.visit for line in lines}
    return {visit: Turn(open=open_[visit], score=0.0, reason="") for visit in visits} | closed


def labelled(value: str, count: int, begin: int = 100) -> list[Surveyed]:
    """So many labels of a class, of visits that are done."""
    return [line(begin + n, time=moment(n), value=value, who="Anna") for n in range(count)]


def in_order(found: dict[str, tuple[float, str]]) -> list[tuple[str, str]]:
    """Visits with their reasons, the first to be labelled first."""
    return [(visit, reason) for visit, (_, reason) in sorted(found.items(), key=lambda entry: -entry[1][0])]


def test_what_teaches_most_comes_first_and_says_why() -> None:
    lines = [
        line(0),
        line(1, margin=0.05),
        *(line(2, n, suggested=said) for n, said in enumerate(["hen", "hen", "cat"])),
        line(3, suggested="fox"),
        line(4, camera="run"),
        *labelled("hen", 30),
        *labelled("cat", 30, 200),
        *labelled("fox", 1, 300),
    ]
    found = in_order(scores(lines, turns(lines), KINDS, NO_SHARES, UTC))
    assert dict(found) == {
        "visit-0": "",
        "visit-1": "unsure",
        "visit-2": "disagrees",
        "visit-3": "rare",
        "visit-4": "new place",
    }
    assert found[-1] == ("visit-0", "")


def test_an_hour_that_nobody_labelled_yet_comes_before_one_that_is_known() -> None:
    lines = [line(0), line(600), *labelled("hen", 30)]  # 600: ten hours later
    found = in_order(scores(lines, turns(lines), KINDS, NO_SHARES, UTC))
    assert found == [("visit-600", "new place"), ("visit-0", "")]


def test_without_a_model_the_order_is_that_of_chance() -> None:
    lines = [line(n, suggested=None, margin=0.0) for n in range(200)]
    found = in_order(scores(lines, turns(lines), KINDS, NO_SHARES, UTC))
    assert {reason for _, reason in found} == {""}
    numbers = [int(visit.removeprefix("visit-")) for visit, _ in found]
    assert numbers != sorted(numbers)
    assert 60 < sum(numbers[:100]) / 100 < 140  # spread over the whole, not the beginning of it


def test_the_shares_are_kept_and_spread_over_the_whole() -> None:
    lines = [line(n, margin=0.5) for n in range(2000)]
    found = in_order(scores(lines, turns(lines), KINDS, Shares(random=0.2, audit=0.1, double=0.0), UTC))
    for part in (found, found[:500], found[-500:]):
        reasons = Counter(reason for _, reason in part)
        assert 0.07 < reasons["audit"] / len(part) < 0.13
        assert 0.14 < reasons["random"] / len(part) < 0.24


def test_the_audit_is_the_same_whatever_the_model_says() -> None:
    """Else the sample would be of the pictures that a model finds hard, and say nothing of the rest."""
    shares = Shares(random=0.1, audit=0.2, double=0.0)
    audits = []
    for margin in (0.01, 0.99):
        lines = [line(n, margin=margin if n % 3 else 0.5) for n in range(300)]
        found = scores(lines, turns(lines), KINDS, shares, UTC)
        audits.append({visit for visit, (_, reason) in found.items() if reason == "audit"})
    assert audits[0] == audits[1]
    assert 30 < len(audits[0]) < 90


def test_closed_visits_are_chosen_for_a_second_person_but_not_those_of_the_audit() -> None:
    lines = labelled("hen", 400)
    closed = {
        visit: Turn(open=0, score=-3.0, reason="audit" if n % 2 else "unsure")
        for n, visit in enumerate(line.visit for line in lines)
    }
    found = scores(lines, closed, KINDS, Shares(random=0.0, audit=0.0, double=0.25), UTC)
    assert 30 < len(found) < 70  # a quarter of 200
    assert {reason for _, reason in found.values()} == {"double"}
    assert all(closed[visit].reason == "unsure" for visit in found)
    again = {visit: Turn(open=0, score=-3.0, reason=reason) for visit, (_, reason) in found.items()}
    assert scores(lines, closed | again, KINDS, Shares(double=0.25), UTC) == {}


def test_what_has_its_place_already_is_not_written_again() -> None:
    lines = [line(n, margin=0.5) for n in range(2000)]
    first = scores(lines, turns(lines), KINDS, Shares(), UTC)
    placed = {visit: Turn(open=1, score=score, reason=reason) for visit, (score, reason) in first.items()}
    assert scores(lines, placed, KINDS, Shares(), UTC) == {}
    # One more visit at the front moves few at the back.
    lines.append(line(5000, margin=0.0))
    moved = scores(lines, placed | turns(lines[-1:]), KINDS, Shares(), UTC)
    assert len(moved) < 300


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0, 1), st.floats(0, 1))
def test_every_open_visit_has_a_turn(margins: list[float], random: float, audit: float) -> None:
    lines = [line(n, margin=margin) for n, margin in enumerate(margins)]
    found = scores(lines, turns(lines), KINDS, Shares(random=random, audit=audit, double=0.0), UTC)
    assert set(found) == {line.visit for line in lines}
    assert all(score < 0 for score, _ in found.values())
