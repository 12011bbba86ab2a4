"""A camera that is knocked sees the same coop from some pixels beside."""

from typing import Any

import cv2
import numpy as np
import pytest

from coop.domain.box import Box
from coop.motion.detector import MotionDetector
from coop.motion.shake import Shake

WHITE = (225, 230, 235)


def knocked(x: float, y: float) -> Any:
    """Paints a picture again from so many pixels further left and up."""

    def paint(picture: Any) -> None:
        matrix = np.array([[1, 0, x], [0, 1, y]], np.float32)
        size = picture.shape[1], picture.shape[0]
        picture[:] = cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REFLECT)

    return paint


@pytest.fixture
def edged(scene: Any) -> Any:
    """A coop with boards and posts, whose edges show every move."""
    scene.floor[:, ::40] *= 0.4
    scene.floor[60:70] *= 0.5
    return scene


def test_a_knock_is_nobody_and_hides_nobody(edged: Any) -> None:
    detector = MotionDetector()
    for _ in range(20):
        detector.detect(edged.frame())

    for x, y in [(6, 3), (-4, 2), (3, -3), (-2, 1)]:
        assert not detector.detect(edged.frame(extra=knocked(x, y))).regions
    hen = Box(200, 120, 90, 70)
    found = detector.detect(edged.frame((hen, WHITE), extra=knocked(5, -4))).regions

    assert len(found) == 1
    assert found[0].box.iou(hen) > 0.6


def test_a_camera_that_stays_where_it_was_knocked_to_is_not_put_back_for_ever(edged: Any) -> None:
    detector = MotionDetector()
    for _ in range(20):
        detector.detect(edged.frame())

    after = [detector.detect(edged.frame(extra=knocked(10, 6))) for _ in range(15)]

    assert not any(motion.regions for motion in after)
    hen = Box(200, 120, 90, 70)
    (region,) = detector.detect(edged.frame((hen, WHITE), extra=knocked(10, 6))).regions
    assert region.box.iou(Box(210, 126, 90, 70)) > 0.7  # where she is seen, not where she was before


def test_what_is_no_knock_is_looked_at_once_and_not_again_before_more_differs() -> None:
    rng = np.random.default_rng(4)
    known = rng.integers(0, 255, (3, 180, 320), dtype=np.uint8)
    shake = Shake((180, 320))
    assert shake.put_back(known, known, 0, 0.2) is None
    moved = np.roll(known, 3, axis=2)

    assert shake.put_back(moved, known, 5000, 0.2) is not None
    assert not shake.explains(5000, 4000)

    assert shake.put_back(moved, known, 5100, 0.2) is None
    assert shake.put_back(moved, known, 9000, 0.2) is not None
