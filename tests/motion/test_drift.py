"""How far a picture has crept, told from its edges, and when that is believed."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from coop.motion.drift import Drift, shift_of

Picture = npt.NDArray[np.uint8]
NOTHING = np.zeros((180, 320), np.uint8)


def straw(seed: int = 4) -> Picture:
    """A picture with edges that go every way."""
    rough = np.random.default_rng(seed).integers(60, 200, (23, 40), dtype=np.uint8)
    return cv2.resize(rough, (320, 180), interpolation=cv2.INTER_CUBIC)


def moved(picture: Picture, x: float, y: float) -> Picture:
    matrix = np.array([[1, 0, x], [0, 1, y]], dtype=np.float32)
    return cv2.warpAffine(picture, matrix, (320, 180), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def planes(picture: Picture) -> npt.NDArray[np.uint8]:
    return np.stack((picture, picture, picture))


@pytest.mark.parametrize(("x", "y"), [(0.4, 0.0), (-0.3, 0.8), (0.0, -0.5), (0.0, 0.0)])
def test_a_small_move_is_measured(x: float, y: float) -> None:
    noise = np.random.default_rng(5).normal(0, 2, (180, 320))
    picture = np.clip(moved(straw(), x, y) + noise, 0, 255).astype(np.uint8)

    found = shift_of(picture, straw(), NOTHING)

    if (x, y) == (0.0, 0.0):
        assert found is None  # nothing but noise, which no move explains
    else:
        assert found == pytest.approx((x, y), abs=0.1)


def test_what_moves_by_itself_has_no_say() -> None:
    known, picture, moving = straw(), moved(straw(), 0.5, 0), NOTHING.copy()
    picture[20:120, 40:200] = straw(6)[20:120, 40:200]
    moving[20:120, 40:200] = 255

    assert shift_of(picture, known, moving) == pytest.approx((0.5, 0), abs=0.1)


@pytest.mark.parametrize(
    "picture",
    [straw(6), cv2.convertScaleAbs(straw(), alpha=0.8), np.full_like(straw(), 120)],
    ids=["another picture", "another light", "nothing to be seen"],
)
def test_what_no_move_explains_is_none(picture: Picture) -> None:
    assert shift_of(picture, straw(), NOTHING) is None


def test_edges_that_all_go_one_way_prove_nothing() -> None:
    fence = np.repeat(straw()[:1], 180, axis=0)

    assert shift_of(moved(fence, 0.5, 0), fence, NOTHING) is None


def shifts(drift: Drift, *moves: float) -> list[tuple[float, float] | None]:
    """What is said when the picture stands at each of these, for two seconds and more each."""
    return [drift.shift(planes(moved(straw(), x, 0)), planes(straw()), NOTHING, 2.1) for x in moves]


def test_a_creeping_picture_is_followed_once_it_is_sure() -> None:
    said = shifts(Drift(), 0.3, 0.4, 0.5)

    assert said[:2] == [None, None]
    assert said[2] == pytest.approx((0.4, 0), abs=0.1)


@pytest.mark.parametrize("moves", [(0.6, -0.6, 0.05, 0.6, -0.6, 0.02), (0.1, 0.12, 0.1, 0.12)])
def test_one_who_trembles_or_has_hardly_moved_is_not(moves: tuple[float, ...]) -> None:
    assert not any(shifts(Drift(), *moves))
