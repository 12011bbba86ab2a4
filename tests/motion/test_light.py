import numpy as np
import pytest

from coop.motion.light import is_whole_change, light_gains


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
