"""A picture that is of no use, on the simulated coop through a whole day's light."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

import cv2
import numpy as np
import pytest

from coop.domain.frame import Frame, Picture
from coop.frame.sight import Sight
from coop.frame.sim.source import open_sim

START = datetime(2026, 5, 4, tzinfo=UTC)
EVERY = timedelta(minutes=15)
NOON = 48


@cache
def day() -> tuple[Picture, ...]:
    """A picture each quarter of an hour, from midnight to midnight."""
    source = open_sim("sim://?flock=1&seed=7&days=1&start=2026-05-04", "coop")
    return tuple(source.picture(START + n * EVERY) for n in range(96))


def faults(pictures: Sequence[Picture], **options: object) -> list[str]:
    """What is found in the pictures of a day, one after the other."""
    sight = Sight(lambda moment: 6 <= moment.hour < 18, **options)  # type: ignore[arg-type]
    found = []
    for n, image in enumerate(pictures):
        assert sight.look(Frame(camera="coop", time=START + n * EVERY, image=image))
        found.append(sight.fault)
    return found


def learned_and(change: Callable[[Picture], Picture]) -> list[str]:
    """What is found in a noon's pictures after a morning that was well."""
    noon = day()[NOON - 2 : NOON + 2]
    return faults([*day()[: NOON + 8], *(np.asarray(change(p), np.uint8) for p in noon)])[-len(noon) :]


def test_no_light_of_a_day_and_no_hen_is_a_fault() -> None:
    assert set(faults(day())) == {""}


def shift(image: Picture) -> Picture:
    matrix = np.array([[1, 0, 26], [0, 1, 11]], np.float32)
    return np.asarray(
        cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT), np.uint8
    )


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("dark", lambda p: p // 25),
        ("covered", lambda p: np.full_like(p, 90) + p // 60),
        ("blurred", lambda p: cv2.GaussianBlur(p, (0, 0), 6)),
        ("moved", shift),
    ],
)
def test_each_fault_is_found(fault: str, change: Callable[[Picture], Picture]) -> None:
    assert set(learned_and(change)) == {fault}


def test_a_dark_night_is_no_fault() -> None:
    night = [picture // 25 for picture in day()[80:]]
    assert set(faults([*day()[:80], *night])) == {""}


def test_one_and_the_same_picture_is_frozen_where_nobody_else_looks_after_that() -> None:
    same = [*day()[40:44], *[day()[44]] * 4]
    assert faults(same, frozen_after=timedelta(minutes=30)) == [*[""] * 6, "frozen", "frozen"]
    assert set(faults(same)) == {""}


def test_it_looks_now_and_then_and_goes_on_when_the_clock_is_set_back() -> None:
    sight = Sight(lambda moment: True, every=timedelta(seconds=10))
    seconds = (0, 5, 9, 10, 15, 3)
    frames = [Frame(camera="c", time=START + timedelta(seconds=s), image=day()[NOON]) for s in seconds]
    assert [sight.look(frame) for frame in frames] == [True, False, False, True, False, True]


def test_a_camera_that_stays_moved_is_where_it_belongs() -> None:
    sight = Sight(lambda moment: True)
    for n, image in enumerate([*day()[20:60], shift(day()[60])]):
        sight.look(Frame(camera="c", time=START + n * EVERY, image=image))
    assert sight.fault == "moved"
    sight.accept()
    sight.look(Frame(camera="c", time=START + 100 * EVERY, image=shift(day()[61])))
    assert sight.fault == ""


def test_pictures_of_another_shape_are_learned_anew() -> None:
    half = [picture[:, : picture.shape[1] // 2] for picture in day()[NOON : NOON + 4]]
    assert faults([*day()[:NOON], *half, *day()[NOON : NOON + 4]])[NOON:] == [""] * 8
