"""What `coop replay --video` draws into a frame."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from coop.domain.box import Box
from coop.domain.frame import Picture
from coop.notify.annotate import Mark, annotated

GREY = 90


def plain(width: int = 640, height: int = 360) -> Picture:
    return np.full((height, width, 3), GREY, np.uint8)


def changed(picture: Picture) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is not grey."""
    rows, columns = np.nonzero((picture != GREY).any(axis=2))
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


def test_without_marks_nothing_changes() -> None:
    picture = plain()
    assert (annotated(picture, []) == picture).all()


def test_a_mark_is_drawn_around_its_box_and_the_original_is_left_alone() -> None:
    picture = plain()
    drawn = annotated(picture, [Mark(box=Box(200, 150, 120, 90))])
    assert (picture == GREY).all()
    assert drawn.shape == picture.shape
    assert drawn.dtype == np.uint8
    assert changed(drawn) == pytest.approx((200, 150, 320, 240), abs=6)
    assert (drawn[170:220, 220:300] == GREY).all(), "what is in the box stays visible"


def test_the_name_stands_above_the_box() -> None:
    box = Box(200, 150, 120, 90)
    named, bare = annotated(plain(), [Mark(box=box, text="Berta 97%")]), annotated(plain(), [Mark(box=box)])
    _, top, _, _ = changed(named)
    assert top < 150 - 10
    assert (named[151:] == bare[151:]).all()


@pytest.mark.parametrize(
    "xywh", [(0, 0, 60, 40), (600, 0, 60, 40), (-20, -20, 50, 50), (620, 340, 90, 90), (0, 0, 640, 360)]
)
def test_names_stay_inside_the_picture(xywh: tuple[int, int, int, int]) -> None:
    drawn = annotated(plain(), [Mark(box=Box(*xywh), text="Mechthild 100%")])
    assert drawn.shape == (360, 640, 3)
    assert (drawn != GREY).any()


@pytest.mark.parametrize("size", [(33, 21), (8, 8), (3840, 2160)])
def test_any_size_of_picture(size: tuple[int, int]) -> None:
    width, height = size
    drawn = annotated(plain(width, height), [Mark(box=Box(1, 1, width - 2, height - 2), text="hen 80%")])
    assert drawn.shape == (height, width, 3)


def test_two_marks_on_a_real_frame(hens: Picture, tmp_path: Path) -> None:
    marks = [Mark(box=Box(300, 200, 120, 110), text="hen 92%"), Mark(box=Box(600, 150, 90, 100), text="")]
    drawn = annotated(hens, marks)
    assert cv2.imwrite(str(tmp_path / "annotated.png"), drawn), "kept by pytest, for people to look at"
    untouched = (drawn == hens).all(axis=2)
    assert untouched[320:, :290].all()
    assert not untouched[198:203, 320:400].all()
