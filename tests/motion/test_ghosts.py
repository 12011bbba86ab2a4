import cv2
import numpy as np
import pytest

from coop.motion.ghosts import is_ghost


@pytest.fixture
def floor() -> np.ndarray:
    """Fine straw, (3, h, w)."""
    return np.random.default_rng(5).integers(110, 126, (3, 80, 100), dtype=np.uint8)


@pytest.fixture
def shape() -> np.ndarray:
    mask = np.zeros((80, 100), np.uint8)
    cv2.ellipse(mask, (50, 40), (30, 20), 0, 0, 360, 255, cv2.FILLED)
    return mask


@pytest.mark.parametrize("colour", [20, 60, 220])
def test_a_hen_is_no_ghost_but_the_hole_she_leaves_is(
    floor: np.ndarray, shape: np.ndarray, colour: int
) -> None:
    with_hen = floor.copy()
    with_hen[:, shape > 0] = colour

    assert not is_ghost(shape, with_hen, floor)
    assert is_ghost(shape, floor, with_hen)


def test_a_hen_of_one_bright_colour_is_told_by_that_colour(floor: np.ndarray, shape: np.ndarray) -> None:
    with_hen = floor.copy()
    with_hen[2, shape > 0] = 240  # red only

    assert is_ghost(shape, floor, with_hen)
    assert not is_ghost(shape, with_hen, floor)


def test_what_has_no_edge_anywhere_is_no_ghost(floor: np.ndarray, shape: np.ndarray) -> None:
    assert not is_ghost(shape, floor, floor)


def test_a_hole_between_edges_is_told_by_its_colour(floor: np.ndarray, shape: np.ndarray) -> None:
    """Coarse straw has edges of its own everywhere, as strong as those of a speckled hen."""
    coarse = np.random.default_rng(6).integers(70, 170, floor.shape, dtype=np.uint8)
    with_hen = coarse.copy()
    with_hen[:, shape > 0] = np.random.default_rng(7).integers(20, 110, with_hen[:, shape > 0].shape)

    assert is_ghost(shape, coarse, with_hen)
    assert not is_ghost(shape, with_hen, coarse)


def test_a_hole_where_light_and_dark_ground_meet_is_told_by_the_two_sides_of_its_outline(
    floor: np.ndarray, shape: np.ndarray
) -> None:
    """She is as bright as all around her on average, and the ground has stronger edges than she has."""
    ground = np.random.default_rng(8).integers(0, 90, floor.shape, dtype=np.uint8)
    ground[:, 40:] += 130
    with_hen = ground.copy()
    with_hen[:, shape > 0] = np.random.default_rng(9).integers(90, 126, with_hen[:, shape > 0].shape)

    assert is_ghost(shape, ground, with_hen)
    assert not is_ghost(shape, with_hen, ground)
