from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.frame.filetime import time_in_name

BERLIN = ZoneInfo("Europe/Berlin")
MOMENT = datetime(2016, 10, 4, 10, 11, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    [
        "20161004-101112.jpg",
        "20161004101112.jpg",
        "20161004_101112.mp4",
        "2016-10-04_10-11-12.jpg",
        "2016-10-04 10.11.12.png",
        "2016_10_04_10_11_12.jpg",
        "cam1_20161004T101112Z_motion.jpg",
        "2016-10-04T12:11:12+02:00.jpg",
        "D01_20161004101112_7.jpg",
        "20161004101112-00.jpg",
        "1475575872.jpg",
        "1475575872000.jpg",
    ],
)
def test_names_that_tell_the_time(name: str) -> None:
    assert time_in_name(name, UTC) == MOMENT


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("20161004101112.250.jpg", 250),
        ("20161004101112250.jpg", 250),
        ("1475575872250.jpg", 250),
        ("1475575872.250-x.jpg", 250),
    ],
)
def test_fractions_of_a_second(name: str, after: int) -> None:
    assert time_in_name(name, UTC) == MOMENT + timedelta(milliseconds=after)


def test_times_without_seconds() -> None:
    found = time_in_name("EggCheck_image_2016-06-14_1630.jpg", UTC)
    assert found == datetime(2016, 6, 14, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    [
        "hens-in-run.mp4",
        "in000123.jpg",
        "20161004.jpg",
        "20161304101112.jpg",
        "20161004256112.jpg",
        "IMG_4711.jpg",
    ],
)
def test_names_that_do_not(name: str) -> None:
    assert time_in_name(name, UTC) is None


def test_a_naive_time_is_local() -> None:
    assert time_in_name("20160704-101112.jpg", BERLIN) == datetime(2016, 7, 4, 8, 11, 12, tzinfo=UTC)
    assert time_in_name("20161204-101112.jpg", BERLIN) == datetime(2016, 12, 4, 9, 11, 12, tzinfo=UTC)


def test_the_hours_of_a_clock_change() -> None:
    """In spring 02:30 does not exist and means 03:30; in autumn it comes twice and means the first."""
    assert time_in_name("20260329-023000.jpg", BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert time_in_name("20261025-023000.jpg", BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(
    moment=st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31)).map(lambda t: t.replace(microsecond=0)),  # noqa: DTZ001
    form=st.sampled_from(["%Y%m%d-%H%M%S", "%Y-%m-%d_%H-%M-%S", "%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%SZ"]),
    before=st.sampled_from(["", "cam_", "hen-", "7 "]),
)
def test_every_written_time_is_read_back(moment: datetime, form: str, before: str) -> None:
    assert time_in_name(f"{before}{moment.strftime(form)}.jpg", UTC) == moment.replace(tzinfo=UTC)
