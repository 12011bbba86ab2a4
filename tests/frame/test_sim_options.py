"""What a ``sim://`` address may say, and what is said to the rest."""

import re
from datetime import UTC, date
from zoneinfo import ZoneInfo

import pytest

from coop.errors import SourceError
from coop.frame.sim.options import SimOptions, parse_options


def test_defaults() -> None:
    assert parse_options("sim://") == SimOptions()
    assert SimOptions().zone is UTC


def test_every_parameter() -> None:
    options = parse_options(
        "sim://?flock=2&seed=9&days=3&start=2026-07-01&hens=5&w=1280&h=720&faults=1"
        "&tz=Europe/Berlin&speed=60&from=6.5&to=9"
    )
    assert options == SimOptions(
        flock=2,
        seed=9,
        days=3,
        start=date(2026, 7, 1),
        hens=5,
        width=1280,
        height=720,
        faults=True,
        zone=ZoneInfo("Europe/Berlin"),
        speed=60.0,
        from_hour=6.5,
        to_hour=9.0,
    )


@pytest.mark.parametrize(("query", "size"), [("w=1280", (1280, 720)), ("h=540", (960, 540))])
def test_one_side_gives_the_other(query: str, size: tuple[int, int]) -> None:
    options = parse_options(f"sim://?{query}")
    assert (options.width, options.height) == size


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("sed=7", ["no parameter sed=7", "Did you mean seed?", "flock, seed, days"]),
        ("qqq=7", ["no parameter qqq=7", "It knows flock, seed"]),
        ("days=0", ["days=0 is not possible", "a whole number from 1 to 366"]),
        ("days=1_0", ["days=1_0 is not possible", "a whole number from 1 to 366"]),
        ("seed=-1", ["seed=-1 is not possible", "a whole number from 0"]),
        ("seed=", ["seed= is not possible"]),
        ("hens=13", ["hens=13 is not possible", "from 1 to 12"]),
        ("w=99999", ["w=99999 is not possible", "from 160 to 1920"]),
        ("w=1280&h=360", ["w=1280 and h=360", "1.25 to 2.4 times"]),
        ("start=May", ["start=May is not possible", "a day such as 2026-05-01"]),
        ("start=0001-01-01", ["start=0001-01-01 is not possible", "1970 to 2200"]),
        ("faults=yes", ["faults=yes is not possible", "faults is 0 or 1"]),
        ("tz=Mars/Base", ["tz=Mars/Base is not possible", "Europe/Berlin"]),
        ("tz=../etc", ["tz=../etc is not possible"]),
        ("tz=Europe", ["tz=Europe is not possible"]),
        ("speed=nan", ["speed=nan is not possible", "from 0.01 to 100000"]),
        ("from=9&to=9", ["from=9 is not before to=9", "local hours"]),
        ("to=25", ["to=25 is not possible", "from 0 to 24"]),
        ("seed=1&seed=2", ["seed is given twice: 1 and 2", "Give it once"]),
    ],
)
def test_refusals_name_key_value_and_what_is_allowed(query: str, parts: list[str]) -> None:
    url = f"sim://?{query}"
    with pytest.raises(SourceError, match=re.escape(url)) as refused:
        parse_options(url)
    for part in parts:
        assert part in str(refused.value)


@pytest.mark.parametrize("url", ["sim://coop?seed=7", "sim:///a?seed=7", "sim://?seed=7#x", "rtsp://?seed=7"])
def test_other_addresses(url: str) -> None:
    with pytest.raises(SourceError, match=r"sim://\?flock=1&seed=7"):
        parse_options(url)
