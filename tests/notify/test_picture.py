"""The picture of a message: what Telegram takes, what stays visible, which letters it can write."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest
from fakes.botapi import photo_size
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from coop.domain.box import Box
from coop.domain.event import PredatorSeen
from coop.domain.frame import Frame, Picture
from coop.domain.picture import PictureKind
from coop.notify.drawing import YOLK, font, legible, to_image, to_picture
from coop.notify.picture import event_picture, render_event_picture

SMALL_HEN = Box(178, 228, 45, 90)
LARGE_HEN = Box(440, 140, 130, 250)


def decoded(data: bytes) -> Picture:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)


def changed(before: Picture, data: bytes) -> np.ndarray:
    """Where the drawing differs from the frame by more than JPEG does."""
    return np.abs(decoded(data).astype(int) - before.astype(int)).max(axis=2) > 60


@settings(deadline=None, max_examples=40)
@given(
    width=st.integers(1, 2500),
    height=st.integers(1, 2500),
    x=st.integers(-50, 2600),
    y=st.integers(-50, 2600),
    side=st.integers(1, 1500),
    title=st.text(max_size=80),
)
def test_telegram_takes_it_whatever_the_frame_and_the_box(
    width: int, height: int, x: int, y: int, side: int, title: str
) -> None:
    frame = np.full((height, width, 3), 90, dtype=np.uint8)
    data, w, h = render_event_picture(frame, Box(x, y, side, side), title=title, where=title)
    assert photo_size(data) == (w, h)
    assert max(w, h) <= 1280 and max(w, h) / min(w, h) <= 3.01


def test_a_large_frame_is_reduced_and_keeps_its_shape(hens: Picture) -> None:
    data, width, height = render_event_picture(
        cv2.resize(hens, (3840, 1920)).astype(np.uint8), None, title="", where="run"
    )
    assert (width, height) == (1280, 640)
    assert len(data) < 1_000_000


def test_the_hen_herself_is_never_drawn_over(hens: Picture) -> None:
    for box in (SMALL_HEN, LARGE_HEN):
        data, _, _ = render_event_picture(hens, box, title="Clover", where="run")
        # JPEG carries a line's colour a few pixels further.
        inside = changed(hens, data)[box.y + 4 : box.bottom - 4, box.x + 4 : box.right - 4]
        assert not inside.any()


def test_a_small_hen_gets_a_closer_look_and_a_large_one_does_not(hens: Picture) -> None:
    def corner_changes(box: Box) -> float:
        data, _, _ = render_event_picture(hens, box, title="Clover", where="run")
        return float(changed(hens, data)[20:190, 790:960].mean())

    assert corner_changes(SMALL_HEN) > 0.2
    assert corner_changes(LARGE_HEN) < 0.01


def test_the_box_is_drawn_where_the_hen_is(hens: Picture) -> None:
    data, _, _ = render_event_picture(hens, LARGE_HEN, title="Clover", where="run")
    picture = decoded(data).astype(int)
    band = picture[LARGE_HEN.y + 40 : LARGE_HEN.bottom - 40, LARGE_HEN.x - 12 : LARGE_HEN.x]
    assert np.abs(band - np.array(YOLK[::-1])).max(axis=2).min() < 60


@pytest.mark.parametrize("title", ["Clover", "Клара", "Müller", "Ωμέγα"])
def test_names_in_many_scripts_are_written_with_real_letters(title: str) -> None:
    assert legible(title) == title
    grey = np.full((480, 640, 3), 128, dtype=np.uint8)
    one, _, _ = render_event_picture(grey, Box(200, 200, 200, 200), title=title, where="x")
    other, _, _ = render_event_picture(grey, Box(200, 200, 200, 200), title="□" * len(title), where="x")
    assert changed(decoded(one), other).any()


def test_what_has_no_letter_becomes_a_box() -> None:
    assert legible("日a\n🐔") == "□a □"
    assert font(20).getlength("□") > 0


def test_an_event_becomes_a_picture_to_store(hens: Picture) -> None:
    when = datetime(2024, 10, 4, 5, 12, tzinfo=UTC)
    event = PredatorSeen(time=when, camera="run-cam", place="run", subject="fox")
    frame = Frame(camera="run-cam", time=when, image=hens)
    new = event_picture(frame, SMALL_HEN, event, ZoneInfo("Europe/Berlin"))
    assert (new.kind, new.suffix, new.camera, new.time) == (PictureKind.FRAME, ".jpg", "run-cam", when)
    assert new.key == f"event-{event.key}" and new.box == SMALL_HEN
    with Image.open(io.BytesIO(new.data)) as image:
        assert image.size == (new.width, new.height) == (980, 490)
    assert event_picture(frame, SMALL_HEN, event, ZoneInfo("Europe/Berlin")).data == new.data


def test_pillow_and_opencv_agree_on_colours(hens: Picture) -> None:
    assert np.array_equal(to_picture(to_image(hens)), hens)
