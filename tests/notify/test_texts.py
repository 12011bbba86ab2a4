"""The small arithmetic of texts: lengths of time, pages, names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.domain.chat import Role
from coop.domain.event import EggGone
from coop.domain.health import CameraState, CameraStatus
from coop.notify import answers, egg_texts, news, texts
from coop.notify.languages import speaking
from coop.notify.menu import COMMANDS


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=59), "under a minute"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=1, minutes=40), "1 h 40 min"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=2, hours=3, minutes=5), "2 days 3 h"),
    ],
)
def test_a_length_of_time_as_a_person_says_it(length: timedelta, said: str) -> None:
    assert texts.span(length) == said


@given(st.text(alphabet="ab \n🐔", max_size=400), st.integers(min_value=4, max_value=50))
def test_pages_keep_every_letter_and_the_limit(text: str, limit: int) -> None:
    pages = texts.pages(text, limit)
    assert all(texts.units(page) <= limit and page.strip() for page in pages)
    assert "".join("".join(pages).split()) == "".join(text.split())


def test_lines_stay_whole_where_they_fit() -> None:
    assert texts.pages("one\ntwo\nthree", 8) == ["one\ntwo", "three"]


def test_a_name_is_one_line_escaped_and_cut() -> None:
    assert texts.name("a\nb\t<c>\u202e&") == "a b &lt;c&gt; &amp;"
    assert len(texts.name("x" * 500)) == texts.NAME_LENGTH


def test_the_status_names_what_fails() -> None:
    live = CameraStatus(
        camera="run", state=CameraState.LIVE, fps=14.6, dropped=0, reconnects=1, last_frame=None
    )
    lost = CameraStatus(
        camera="nest",
        state=CameraState.LOST,
        fps=0,
        dropped=0,
        reconnects=0,
        last_frame=None,
        problem="no route",
    )
    text = answers.status("Home & away", [live, lost], "kinds: starter 1", timedelta(hours=2), waiting=3)
    assert text.split("\n") == [
        "<b>Home &amp; away</b> · watching for 2 h",
        "🟢 run · live · 15 pictures a second · 1 reconnect",
        "🔴 nest · lost",
        "no route",
        "🧠 kinds: starter 1",
        "⚠️ 3 findings not recorded yet: is the disk full?",
    ]
    half = answers.status("Home", [replace(live, main=lost)], "kinds: starter 1", timedelta(hours=2))
    assert half.split("\n")[1].endswith("1 reconnect · its large stream is lost")


def test_help_names_every_command() -> None:
    told = answers.help_text(Role.KEEPER)
    assert all(f"/{command.name} – " in told for command in COMMANDS)
    assert "/rollback" not in answers.help_text(Role.WATCHER)


def test_below_an_alarm_too_eggs_that_nobody_could_see_taken_may_have_been_collected() -> None:
    egg = EggGone(
        time=datetime(2026, 5, 4, 12, 3, tzinfo=UTC), camera="run", place="nest 1", subject="fox", count=1,
        since=datetime(2026, 5, 4, 9, tzinfo=UTC), visit="fox 1",
    )  # fmt: skip
    assert news.gone_line(egg, UTC) == "⚠️ 1 egg is gone · nest 1 · 12:03"
    unseen = news.gone_line(replace(egg, unseen=True), UTC)
    assert unseen == "🧺 1 egg was collected or is gone · nest 1 · 12:03"


def test_nobody_is_cleared_before_the_nests_were_watched_for_long_enough() -> None:
    none, days = {"Flora": 0.9}, 7.0
    assert "No nest is counted yet" in egg_texts.suspects({}, days, None)
    short = egg_texts.suspects({}, days, timedelta(days=5, hours=20))
    assert short == "The nests have been counted for 5 days 20 h. After 7 days I can say who lays nothing."
    assert egg_texts.suspects({}, days, timedelta(days=7)) == "🎉 Every hen probably laid within 7 days."
    assert "Flora: 90% that she laid nothing" in egg_texts.suspects(none, days, timedelta(days=9))


def test_a_kind_that_we_do_not_know_is_no_hen_on_a_button() -> None:
    assert answers.choice("Clover") == "🐔 Clover"
    assert answers.choice("kea", hen=False) == "🐾 Kea"
    assert answers.choice("rat", hen=False) == "🐀 Rat"
    with speaking("ru"):
        assert answers.choice("rat", hen=False) == "🐀 Крыса"
