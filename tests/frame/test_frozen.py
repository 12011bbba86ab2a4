from datetime import UTC, datetime

import numpy as np
import pytest

from coop.domain.frame import Frame
from coop.frame.frozen import FrozenPicture

NOON = datetime(2026, 6, 21, 12, tzinfo=UTC)


def frame(seed: int, brightest: int = 256) -> Frame:
    image = np.random.default_rng(seed).integers(0, brightest, (90, 160, 3)).astype(np.uint8)
    return Frame(camera="run", time=NOON, image=image)


def test_since_when_a_picture_is_the_same() -> None:
    frozen = FrozenPicture(10)
    assert [frozen.since(frame(n), float(n)) for n in range(3)] == [None] * 3
    assert [frozen.since(frame(2), float(n)) for n in (3, 11, 12, 99)] == [None, None, 2.0, 2.0]
    assert frozen.since(frame(3), 100.0) is None


def test_one_pixel_that_differs_is_enough() -> None:
    frozen = FrozenPicture(10)
    frozen.since(frame(1), 0.0)
    other = frame(1)
    other.image[37, 91, 2] ^= 1
    assert frozen.since(other, 50.0) is None
    assert frozen.since(other, 60.0) == 50.0


def test_another_size_is_another_picture() -> None:
    frozen = FrozenPicture(10)
    for now, shape in ((0.0, (90, 160, 3)), (50.0, (45, 80, 3))):
        image = np.full(shape, 7, np.uint8)
        image[0] = 200
        assert frozen.since(Frame(camera="run", time=NOON, image=image), now) is None


@pytest.mark.parametrize("brightest", [1, 20])
def test_the_dark_never_is(brightest: int) -> None:
    frozen = FrozenPicture(10)
    assert [frozen.since(frame(1, brightest), now) for now in (0.0, 100.0, 1e6)] == [None] * 3


def test_it_can_be_switched_off() -> None:
    frozen = FrozenPicture(0)
    assert [frozen.since(frame(1), now) for now in (0.0, 100.0, 1e6)] == [None] * 3
