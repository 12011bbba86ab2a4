import cv2
import numpy as np
import pytest

from coop.motion.light import colourfulness, has_switched, is_light, is_whole_change, light_gains, local_gains


@pytest.fixture
def straw() -> np.ndarray:
    """A place with a fine texture in three colours, (3, h, w)."""
    grain = np.random.default_rng(8).uniform(70, 130, (180, 320))
    grain = cv2.GaussianBlur(grain, (0, 0), 0.8)
    return np.stack([grain * 0.8, grain, grain * 1.1]).astype(np.uint8)


def lamp() -> np.ndarray:
    """Light that falls off from a corner, (h, w)."""
    y, x = np.mgrid[0:180, 0:320].astype(np.float32)
    return 1 + 0.6 * np.exp(-(((x - 60) / 120) ** 2) - ((y - 20) / 100) ** 2)


def lit(planes: np.ndarray) -> np.ndarray:
    return np.clip(planes * lamp(), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("gain", [0.7, 0.9, 1.0, 1.2, 1.6])
def test_a_common_change_of_brightness_is_measured_beside_a_large_hen(gain: float) -> None:
    known = np.random.default_rng(4).uniform(60, 140, (3, 180, 320)).astype(np.float32)
    now = known * gain
    now[:, 40:160, 20:200] = 15  # more than a third of the picture

    gains = light_gains(np.round(now).astype(np.uint8), known)

    assert gains == pytest.approx([gain] * 3, rel=0.06)


def test_each_colour_has_its_own_gain() -> None:
    known = np.full((3, 60, 60), 100, np.float32)
    now = np.stack([np.full((60, 60), level, np.uint8) for level in (80, 100, 130)])

    gains = light_gains(now, known)

    assert gains[0] < 0.9 < gains[1] < 1.1 < gains[2]


@pytest.mark.parametrize(
    ("share", "last_share", "dt", "whole"),
    [
        (0.05, 0.0, 0.1, False),
        (0.27, 0.0, 0.1, False),  # a hen that jumps before the lens
        (0.45, 0.4, 0.1, False),
        (0.45, 0.0, 0.1, True),  # so much at once is a lamp
        (0.45, 0.0, 60.0, False),  # in a minute much may have walked in
        (0.6, 0.55, 0.1, True),
        (0.6, 0.0, 60.0, True),
    ],
)
def test_what_counts_as_a_change_of_the_whole_picture(
    share: float, last_share: float, dt: float, whole: bool
) -> None:
    assert is_whole_change(share, last_share, dt) is whole


def test_the_light_of_a_lamp_is_measured_from_place_to_place_and_a_hen_has_no_say(straw: np.ndarray) -> None:
    now = lit(straw)
    now[:, 20:60, 40:80] = 30  # a black hen under the lamp

    gains = local_gains(now, straw)

    assert gains is not None
    assert np.abs(gains - lamp()).max() < 0.12


def test_a_picture_with_nothing_in_common_gives_no_hint_of_the_light(straw: np.ndarray) -> None:
    assert local_gains(np.roll(straw, 7, axis=(1, 2)), straw) is None


def test_where_a_hen_hides_all_textures_it_is_not_the_light(straw: np.ndarray) -> None:
    now = straw.copy()
    now[:, 20:120, 40:140] = 200
    differing = np.zeros((180, 320), np.uint8)
    differing[20:120, 40:140] = 255

    assert local_gains(now, straw, differing=differing) is None
    assert local_gains(lit(straw), straw, differing=differing) is not None


@pytest.mark.parametrize("blurred", [False, True])
def test_lit_straw_is_light_and_a_hen_is_not(straw: np.ndarray, blurred: bool) -> None:
    shape = np.zeros((180, 320), np.uint8)
    cv2.ellipse(shape, (100, 60), (30, 20), 0, 0, 360, 255, cv2.FILLED)
    with_hen = straw.copy()
    feathers = np.random.default_rng(9).integers(20, 80, (180, 320)) * (not blurred) + 60 * blurred
    with_hen[:, shape > 0] = feathers[shape > 0]

    assert is_light(shape, lit(straw), straw)
    assert not is_light(shape, with_hen, straw)


def test_the_infrared_switch_is_told_by_the_colours(straw: np.ndarray) -> None:
    grey = np.repeat(straw[1:2], 3, axis=0)
    noisy = np.clip(grey + np.random.default_rng(1).normal(0, 1.5, grey.shape), 0, 255).astype(np.uint8)

    assert has_switched(colourfulness(straw), colourfulness(grey))
    assert has_switched(colourfulness(noisy), colourfulness(straw))
    assert not has_switched(colourfulness(noisy), colourfulness(grey))
    assert not has_switched(colourfulness(lit(straw)), colourfulness(straw))
