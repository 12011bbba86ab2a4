import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.classify.preprocess import prepare

sides = st.integers(1, 300)


@given(sides, sides, st.integers(1, 256))
def test_the_aspect_is_kept_and_the_rest_is_grey(height: int, width: int, size: int) -> None:
    blue = np.zeros((height, width, 3), dtype=np.uint8)
    blue[:, :, 0] = 255
    square = prepare(blue, size)
    assert square.shape == (size, size, 3)
    assert square.dtype == np.uint8
    inside = (square == (0, 0, 255)).all(axis=2)  # RGB: blue is last
    assert ((square == 127).all(axis=2) | inside).all()
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    assert inside.sum() == len(rows) * len(columns)  # one rectangle
    scale = size / max(height, width)
    assert abs(len(rows) - height * scale) < 1.01
    assert abs(len(columns) - width * scale) < 1.01
    assert abs(rows[0] - (size - 1 - rows[-1])) <= 1  # centred
    assert abs(columns[0] - (size - 1 - columns[-1])) <= 1


def test_fine_noise_is_averaged_away() -> None:
    noise = np.random.default_rng(0).integers(0, 2, (640, 640, 3), dtype=np.uint8) * 255
    assert prepare(noise, 64).std() < 20  # a hundredth of the pixels each, of a spread of 127


def test_a_picture_of_the_right_size_only_changes_its_channel_order() -> None:
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    np.testing.assert_array_equal(prepare(image, 32), image[:, :, ::-1])


def test_the_picture_given_is_left_alone_and_not_shared() -> None:
    image = np.full((32, 32, 3), 9, dtype=np.uint8)
    square = prepare(image, 32)
    square[:] = 0
    assert (image == 9).all()


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((0, 5, 3), dtype=np.uint8),
        np.zeros((5, 5), dtype=np.uint8),
        np.zeros((5, 5, 4), dtype=np.uint8),
        np.zeros((5, 5, 3), dtype=np.float32),
    ],
)
def test_what_is_no_picture_is_refused(image: npt.NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="Received"):
        prepare(image, 32)


def test_a_size_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="size=0"):
        prepare(np.zeros((5, 5, 3), dtype=np.uint8), 0)
