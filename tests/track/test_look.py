"""Hens are told apart by colour, roughly."""

import cv2
import numpy as np
import pytest

from coop.domain.box import Box
from coop.domain.frame import Picture
from coop.track.look import followed, look_of, unlikeness

BOX = Box(100, 60, 80, 60)
BROWN, WHITE, BLACK = (40, 70, 110), (235, 240, 240), (35, 35, 40)


def hen(colour: tuple[int, int, int], light: float = 1.0) -> Picture:
    picture = np.full((200, 320, 3), (90, 150, 170), np.uint8)
    cv2.ellipse(picture, ((140, 90), (80, 60), 0), colour, -1)
    return (picture * light).astype(np.uint8)


@pytest.mark.parametrize(("one", "other"), [(BROWN, WHITE), (BROWN, BLACK), (WHITE, BLACK)])
def test_hens_of_different_plumage_look_unlike_and_the_same_hen_alike(
    one: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    known = look_of(hen(one), BOX)
    in_shade = unlikeness(known, look_of(hen(one, 0.85), Box(97, 62, 84, 57)))
    unlike = unlikeness(known, look_of(hen(other), BOX))
    assert in_shade < 0.5 * unlike
    assert unlike > 0.4


def test_what_is_not_known_decides_nothing() -> None:
    assert unlikeness(None, look_of(hen(BROWN), BOX)) == 0.0
    assert look_of(hen(BROWN), Box(400, 400, 20, 20)) is None
    assert look_of(hen(BROWN), Box(100, 60, 1, 1)) is None


def test_a_look_follows_slowly() -> None:
    known, now = look_of(hen(BROWN), BOX), look_of(hen(WHITE), BOX)
    assert followed(None, now) is now
    assert followed(known, None) is known
    between = followed(known, now)
    assert between is not None
    assert 0 < unlikeness(known, between) < unlikeness(now, between)
