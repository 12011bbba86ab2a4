from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from coop.domain.box import Box
from coop.domain.frame import Picture
from coop.motion.detector import MotionDetector
from coop.motion.faint import Faint

SHAPE = (60, 80)
FOX = (slice(20, 34), slice(20, 50))
FUR = (66, 101, 121)  # at dusk 8 grey levels darker than the ground
DUSK, NOISE = 0.35, 8.0  # of daylight; grey levels of a pixel before the picture is made small


def flat(level: int) -> np.ndarray:
    return np.full((3, *SHAPE), level, np.uint8)


def seen(level: int = 40, noise: float = 4.0, flicker: int = 0) -> Faint:
    """After a look at a background that is so bright and has so much noise."""
    faint = Faint(contrast=8, noise_factor=1)
    planes = [np.full(SHAPE, value, np.uint8) for value in (level, 4, flicker)]
    faint.see(planes[0], planes[1], np.full(SHAPE, noise, np.float32), planes[2])
    return faint


def differing(faint: Faint, now: np.ndarray) -> np.ndarray:
    distance = faint.distance(now, flat(40))
    assert distance is not None
    return faint.differing(distance)[0]


def quiet(faint: Faint) -> None:
    """Patches turn out to have little noise."""
    distance, still = faint.distance(flat(40), flat(40)), np.full(SHAPE, 255, np.uint8)
    assert distance is not None
    faint.learn(distance, still, 0.9, 1.5)


def test_a_patch_needs_less_contrast_once_its_noise_is_known() -> None:
    fox = flat(40)
    fox[(slice(None), *FOX)] -= 5
    faint = seen()
    assert not differing(faint, fox).any()

    quiet(faint)
    faint.see(fox[1], np.full(SHAPE, 4, np.uint8), np.full(SHAPE, 4, np.float32), np.zeros(SHAPE, np.uint8))

    mask = differing(faint, fox)
    assert mask[FOX].mean() > 240
    assert not mask[:15].any()
    assert not mask[:, 55:].any()


def test_a_bright_thread_is_no_patch() -> None:
    faint, thread = seen(), flat(40)
    thread[:, :, 40] = 250

    assert not differing(faint, thread).any()


def test_what_flickers_must_exceed_its_flicker() -> None:
    fox = flat(40)
    fox[(slice(None), *FOX)] += 20

    assert differing(seen(), fox)[FOX].any()
    assert not differing(seen(flicker=30), fox).any()


@pytest.mark.parametrize(
    ("asked", "noise"), [(8, 9.0), (4, 1.0), (0, 0.0)], ids=["by day", "without noise", "black"]
)
def test_only_a_dark_and_noisy_picture_is_worth_it(asked: int, noise: float) -> None:
    faint = seen()

    faint.see(flat(40)[0], np.full(SHAPE, asked, np.uint8), np.full(SHAPE, noise, np.float32), flat(0)[0])

    assert faint.distance(flat(40), flat(40)) is None


def test_a_fox_at_dusk_who_differs_by_less_than_the_noise_is_found_whole(scene: Any) -> None:
    detector = MotionDetector()
    for _ in range(30):
        assert not detector.detect(scene.frame(gain=DUSK, noise=NOISE)).regions
    overlaps = []

    for step in range(20):
        fox = Box(60 + 15 * step, 160, 120, 60)
        motion = detector.detect(scene.frame((fox, FUR), gain=DUSK, noise=NOISE))
        overlaps.append(max((region.box.iou(fox) for region in motion.regions), default=0.0))

    assert min(overlaps) > 0.6


def rain(scene: Any) -> Callable[[Picture], None]:
    def paint(picture: Picture) -> None:
        for x, y in scene.random.integers(0, (scene.width, scene.height), (60, 2)):
            cv2.line(picture, (int(x), int(y)), (int(x) + 3, int(y) + 24), (200, 200, 200), 2)

    return paint


def test_rain_at_dusk_is_nobody(scene: Any) -> None:
    detector = MotionDetector()

    fired = [
        bool(detector.detect(scene.frame(gain=DUSK, noise=NOISE, extra=rain(scene))).regions)
        for _ in range(100)
    ]

    assert sum(fired) <= 1
