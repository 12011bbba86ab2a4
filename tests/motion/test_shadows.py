import numpy as np
import pytest

from coop.domain.box import Box
from coop.motion.shadows import without_shadow

BODY, WHOLE = Box(100, 40, 60, 50), Box(100, 40, 60, 56)


@pytest.fixture
def ground() -> np.ndarray:
    return np.random.default_rng(3).integers(116, 125, (3, 180, 320)).astype(np.uint8)


def painted(ground: np.ndarray, colour: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A thing with a shadow of six rows at its foot, and the mask of both."""
    planes = ground.copy()
    planes[:, BODY.bottom : WHOLE.bottom, 100:160] = planes[:, BODY.bottom : WHOLE.bottom, 100:160] * 0.4
    planes[:, BODY.y : BODY.bottom, 100:160] = np.reshape(colour, (3, 1, 1))
    mask = np.zeros((180, 320), np.uint8)
    mask[WHOLE.y : WHOLE.bottom, 100:160] = 255
    return planes, mask


def test_the_shadow_at_the_foot_of_a_hen_is_no_part_of_her(ground: np.ndarray) -> None:
    planes, mask = painted(ground, (40, 70, 160))

    box = without_shadow(mask, WHOLE, planes, ground)

    assert abs(box.bottom - BODY.bottom) <= 1
    assert not mask[BODY.bottom + 1 : WHOLE.bottom].any()
    assert mask[BODY.y : BODY.bottom - 1, 100:160].all()


def test_a_black_hen_loses_no_more_than_her_feet(ground: np.ndarray) -> None:
    planes, mask = painted(ground, (20, 20, 20))

    box = without_shadow(mask, WHOLE, planes, ground)

    assert box.iou(WHOLE) > 0.85


def test_what_reaches_out_of_the_picture_has_no_foot_in_it(ground: np.ndarray) -> None:
    mask = np.zeros((180, 320), np.uint8)
    box = Box(100, 140, 60, 40)
    mask[140:180, 100:160] = 255

    assert without_shadow(mask, box, ground // 3, ground) == box
    assert mask[140:180, 100:160].all()
