"""The day in one message: sums, hours where the clock changes, names of any kind."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from fakes.botapi import photo_size, visible
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

from coop.domain.event import (
    AnimalSeen,
    CameraLost,
    EggGone,
    Event,
    FlockComplete,
    FlockIncomplete,
    PictureBad,
    PredatorSeen,
    StrangerSeen,
)
from coop.domain.sighting import Visit
from coop.domain.times import day_bounds
from coop.notify.chart import _bars, hours_of, visits_by_hour
from coop.notify.digest import digest, week_digest
from coop.notify.languages import speaking

BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2024, 10, 4)
SPRING, AUTUMN = date(2024, 3, 31), date(2024, 10, 27)


def visit(hen: str, began: datetime, minutes: int = 10, kind: str = "hen") -> Visit:
    return Visit(
        key=f"{hen}{began}",
        camera="nest",
        place="nest box",
        kind=kind,
        subject=hen,
        began=began,
        last_seen=began + timedelta(minutes=minutes),
        ended=None,
        sightings=2,
        confidence=0.9,
    )


def at(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


def test_the_text_sums_up_the_day() -> None:
    visits = [
        visit("Clover", at(7, 12), 20),
        visit("Clover", at(17), 50),
        visit("Ada", at(9)),
        visit("cat", at(3), kind="cat"),
        visit("Ada", at(9) - timedelta(days=1)),
    ]
    events = [
        PredatorSeen(time=at(21, 14), camera="run", place="run", subject="fox"),
        AnimalSeen(time=at(3), camera="run", place="run", subject="cat"),
        CameraLost(time=at(4), camera="<run>", place="run", subject="run"),
        CameraLost(time=at(4) - timedelta(days=1), camera="old", place="run", subject="run"),
    ]
    assert digest(DAY, visits, events, BERLIN).text.split("\n") == [
        "📋 <b>Friday 4 October</b>",
        "3 visits by 2 hens.",
        "• Clover: 2 × · 1 h 10 min · 07:12 – 17:00",
        "• Ada: 1 × · 10 min · 09:00",
        "🚨 fox at 21:14",
        "👀 cat 1 ×",
        "📷 &lt;run&gt; lost 1 ×",
    ]


ODD: list[Event] = [
    PredatorSeen(time=at(13), camera="run", place="run", subject="rat"),
    EggGone(time=at(13, 3), camera="run", place="nest 1", subject="rat", since=at(9), count=2),
    EggGone(time=at(15), camera="run", place="nest 2", subject="nest 2", since=at(9), count=1, unseen=True),
    StrangerSeen(time=at(17), camera="run", place="run", subject="hen"),
    FlockIncomplete(time=at(18), camera="run", place="run", subject="flock", missing=("Ada",), hens=3),
    FlockIncomplete(
        time=at(19), camera="run", place="run", subject="flock", missing=("Ada", "Flora"), hens=3
    ),
    PictureBad(time=at(7), camera="run", place="run", subject="run", fault="dark"),
    PictureBad(time=at(8), camera="run", place="run", subject="run", fault="dark"),
]
"""A day on which much went wrong. What nobody saw taken may have been collected, and is not odd."""


@pytest.mark.parametrize(
    ("language", "of_the_day", "of_the_week"),
    [
        (
            "en",
            [
                "🚨 rat at 13:00",
                "⚠️ 2 eggs are gone",
                "❗ strange bird at 17:00",
                "⚠️ Not home: Ada and Flora",
                "📷 run · dark 2 ×",
            ],
            [
                "🚨 rat (4 Oct, 13:00)",
                "⚠️ 2 eggs are gone",
                "❗ strange bird (4 Oct, 17:00)",
                "⚠️ Not home: Ada and Flora (4 Oct)",
                "📷 run · dark 2 ×",
            ],
        ),
        (
            "ru",
            [
                "🚨 крыса в 13:00",
                "⚠️ 2 яйца пропали",
                "❗ чужая птица в 17:00",
                "⚠️ Не дома: Ada и Flora",
                "📷 run · темно 2 ×",
            ],
            [
                "🚨 крыса (4 окт., 13:00)",
                "⚠️ 2 яйца пропали",
                "❗ чужая птица (4 окт., 17:00)",
                "⚠️ Не дома: Ada и Flora (4 окт.)",
                "📷 run · темно 2 ×",
            ],
        ),
    ],
)
def test_whatever_is_odd_is_in_the_digest_of_the_day_and_of_the_week(
    language: str, of_the_day: list[str], of_the_week: list[str]
) -> None:
    with speaking(language):
        day = digest(DAY, [], ODD, BERLIN).text.split("\n")
        week = week_digest([DAY - timedelta(days=1), DAY], [], ODD, BERLIN).text.split("\n")
    assert day[2:] == of_the_day
    assert week[2:] == of_the_week


def test_a_hen_that_came_home_late_is_not_missing_in_the_digest() -> None:
    home = FlockComplete(time=at(19, 30), camera="run", place="run", subject="flock", hens=3)
    assert not any("Not home" in line for line in digest(DAY, [], [*ODD, home], BERLIN).text.split("\n"))


def test_a_day_without_visits_is_told_too() -> None:
    quiet = digest(DAY, [], [], BERLIN)
    assert quiet.text == "📋 <b>Friday 4 October</b>\nNo hen visited."
    assert photo_size(quiet.png) == (quiet.width, quiet.height)


@pytest.mark.parametrize(("day", "count"), [(DAY, 24), (SPRING, 23), (AUTUMN, 25)])
def test_a_day_has_as_many_hours_as_the_clock_makes(day: date, count: int) -> None:
    hours = hours_of(day, BERLIN)
    assert len(hours) == count
    assert hours[0] == day_bounds(day, BERLIN)[0]
    assert hours[-1] + timedelta(hours=1) == day_bounds(day, BERLIN)[1]


def test_the_repeated_hour_of_autumn_is_two_bars() -> None:
    hours = hours_of(AUTUMN, BERLIN)
    first = datetime(2024, 10, 27, 0, 30, tzinfo=UTC)  # 02:30 summer time
    visits = [visit("Ada", first), visit("Ada", first + timedelta(hours=1))]  # 02:30 winter time
    counts = visits_by_hour(visits, hours, ["Ada"], "rest")["Ada"]
    assert counts.tolist() == [0, 0, 1, 1, *[0] * 21]


@settings(deadline=None, max_examples=200)
@given(
    day=st.sampled_from([DAY, SPRING, AUTUMN]),
    shares=st.lists(st.floats(0, 0.999999), max_size=40),
    hens=st.lists(st.sampled_from(["Ada", "Clover", "hen", "Zoe"]), min_size=40, max_size=40),
)
def test_every_visit_stands_in_exactly_one_bar(day: date, shares: list[float], hens: list[str]) -> None:
    start, end = day_bounds(day, BERLIN)
    visits = [visit(hen, start + (end - start) * share) for share, hen in zip(shares, hens, strict=False)]
    counts = visits_by_hour(visits, hours_of(day, BERLIN), ["Ada", "Zoe"], "rest")
    assert sum(int(bars.sum()) for bars in counts.values()) == len(visits)


@pytest.mark.parametrize("day", [DAY, SPRING, AUTUMN])
def test_names_of_any_kind_in_any_number(day: date) -> None:
    """Warnings are errors here: a missing letter, a formula or a hidden legend entry would be one."""
    names = ["_x", "$a$b", "日本 🐔", "<b>", "a\nb", "M" * 200, *(f"Hen number {n}" for n in range(40))]
    start, _ = day_bounds(day, BERLIN)
    visits = [visit(hen, start + timedelta(minutes=20 * n)) for n, hen in enumerate(names * 2) if n < 68]
    made = digest(day, visits, [], BERLIN)
    assert photo_size(made.png) == (1080, 1080)
    assert len(visible(made.text, "HTML").encode("utf-16-le")) // 2 <= 1024
    assert "more" in made.text.split("\n")[-1]


def test_the_only_hen_without_a_colour_of_her_own_is_named() -> None:
    """Seven hens have one; of an eighth "other hens" would be wrong, of a ninth it is right."""
    names = [f"Hen {n}" for n in range(8)]
    visits = [visit(hen, at(8 + n)) for n, hen in enumerate(names) for _ in range(2 if n < 7 else 1)]

    def legend(*more: Visit) -> list[str]:
        figure = Figure()
        _bars(axes := figure.subplots(), [*visits, *more], hours_of(DAY, BERLIN))
        return axes.get_legend_handles_labels()[1]

    assert legend() == names
    assert legend(visit("Zoe", at(17))) == [*names[:7], "other hens"]
    assert legend(visit("hen", at(17))) == [*names[:7], "other hens"], "one that nobody knows is another"


def test_the_chart_shows_the_visits() -> None:
    def coloured(visits: list[Visit]) -> int:
        with Image.open(io.BytesIO(digest(DAY, visits, [], BERLIN).png)) as image:
            pixels = np.asarray(image.convert("RGB")).astype(int)
        return int((pixels.max(axis=2) - pixels.min(axis=2) > 60).sum())

    one, three = coloured([visit("Ada", at(9))]), coloured([visit("Ada", at(9 + n)) for n in range(3)])
    assert coloured([]) == 0
    assert 2.4 < three / one < 3.1
