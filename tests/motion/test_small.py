import numpy as np
import pytest

from coop.motion.small import shrink


@pytest.mark.parametrize(
    ("width", "height", "small"),
    [
        (1280, 720, (180, 320)),
        (1920, 1080, (180, 320)),
        (980, 490, (160, 320)),
        (768, 576, (288, 384)),
        (320, 240, (240, 320)),
        (641, 361, (180, 320)),
        (40, 30, (30, 40)),
        (4000, 1, (1, 320)),
        (1, 1, (1, 1)),
    ],
)
def test_every_size_is_made_about_as_wide_as_wished(width: int, height: int, small: tuple[int, int]) -> None:
    planes = shrink(np.zeros((height, width, 3), np.uint8), 320)

    assert planes.shape == (3, *small)


def test_the_planes_are_blue_green_and_red() -> None:
    planes = shrink(np.full((720, 1280, 3), (10, 20, 30), np.uint8), 320)

    assert [int(plane.mean()) for plane in planes] == [10, 20, 30]


def test_averaging_takes_the_noise_away() -> None:
    noise = np.random.default_rng(1).normal(128, 12, (720, 1280, 3))

    planes = shrink(np.clip(noise, 0, 255).astype(np.uint8), 320)

    assert planes.std() < 12 / 8**0.5 * 1.05  # the mean of 8 pixels


def test_a_quarter_is_the_mean_of_every_other_row() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (720, 1280, 3), dtype=np.uint8)

    mean = picture.reshape(180, 4, 320, 4, 3)[:, ::2].mean(axis=(1, 3)).transpose(2, 0, 1)

    assert np.abs(shrink(picture, 320) - mean).max() <= 1
