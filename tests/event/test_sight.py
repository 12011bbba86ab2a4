"""A fault of the picture is told once, when it has lasted, and so is its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from coop.domain.event import Event, PictureBad, PictureGood
from coop.event.sight import SightRule

WHERE = {"camera": "coop", "place": "coop", "subject": "coop"}
START = datetime(2026, 5, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def bad(fault: str, minutes: float) -> PictureBad:
    return PictureBad(**WHERE, time=at(minutes), fault=fault)


def restarted(events: list[Event]) -> SightRule:
    rule = SightRule("coop")
    rule.restore(events)
    return rule


def told(rule: SightRule, *looks: tuple[float, str]) -> list[tuple[str, str]]:
    """The events of looks, each at a minute with what it found."""
    found = [rule.update(fault, START + timedelta(minutes=m)) for m, fault in looks]
    return [(e.name, e.fault) for e in found if isinstance(e, PictureBad | PictureGood)]


def test_a_fault_that_lasts_is_told_once_and_so_is_its_end() -> None:
    looks = [(0, ""), (1, "dark"), (1.5, "dark"), (2, "dark"), (9, "dark"), (10, ""), (11, ""), (12, "")]
    assert told(SightRule("coop"), *looks) == [("PictureBad", "dark"), ("PictureGood", "dark")]


def test_a_hen_before_the_lens_is_no_fault() -> None:
    near = [(n / 6, "blurred") for n in range(30)]
    assert told(SightRule("coop"), (0, ""), *near, (6, "")) == []
    assert told(SightRule("coop"), *[(n, "blurred") for n in range(12)]) == [("PictureBad", "blurred")]


def test_a_look_alone_is_not_enough_however_long_ago_the_one_before() -> None:
    assert told(SightRule("coop"), (0, "dark"), (30, ""), (60, "dark"), (61, "")) == []


def test_after_a_restart_it_is_not_told_again_but_its_end_is() -> None:
    rule = SightRule("coop", told=("dark", START - timedelta(hours=1)))
    assert told(rule, (0, "dark"), (5, "dark"), (6, ""), (8, "")) == [("PictureGood", "dark")]


def test_a_fault_soon_after_another_is_told_once_more_when_it_lasts() -> None:
    """Its first telling changed a message without a sound."""
    dark = [(0, ""), *((n, "dark") for n in range(1, 4)), (4, ""), (5, "")]
    looks = [*dark, *((n, "frozen") for n in range(6, 99))]
    assert told(SightRule("coop"), *looks) == [
        ("PictureBad", "dark"),
        ("PictureGood", "dark"),
        ("PictureBad", "frozen"),
        ("PictureBad", "frozen"),
    ]
    before: list[Event] = [
        bad("dark", -40),
        PictureGood(**WHERE, time=at(-5), fault="dark", away=timedelta()),
        bad("frozen", -3),
    ]
    lasting = [(n, "frozen") for n in range(60)]
    assert told(restarted(before), *lasting) == [("PictureBad", "frozen")], "a restart does not forget it"
    assert told(restarted([*before, bad("frozen", -1)]), *lasting) == [], "it was told already"
    late = [*dark, *((n, "frozen") for n in range(40, 99))]
    assert len(told(SightRule("coop"), *late)) == 3, "it was told with a sound"
