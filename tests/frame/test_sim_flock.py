"""The flock: who they are and that they can be told apart."""

import cv2
import numpy as np
import pytest

from coop.frame.sim.animals import Pose, hen_sprite
from coop.frame.sim.flock import MAX_HENS, Hen, make_flock


def colours(hen: Hen) -> np.ndarray:
    """A standing hen from the side: the share of each of 64 colours, and the strength of her pattern."""
    sprite = hen_sprite(hen.plumage, Pose(), 0, 120)
    solid = sprite.alpha > 200
    bins = (sprite.bgr[solid] // 64).astype(int) @ np.array([16, 4, 1])
    share = np.bincount(bins, minlength=64) / solid.sum()
    grey = cv2.cvtColor(sprite.bgr, cv2.COLOR_BGR2GRAY).astype(np.float32)
    inner = cv2.erode(solid.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    texture = np.abs(cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), 1.0), cv2.CV_32F))[inner].mean() / 255
    return np.append(share, 6 * texture)


def test_a_number_means_one_flock() -> None:
    assert make_flock(3) == make_flock(3)
    assert make_flock(3).names != make_flock(4).names


@pytest.mark.parametrize("number", range(8))
def test_names_and_plumages_are_unique(number: int) -> None:
    flock = make_flock(number, MAX_HENS)
    assert len(set(flock.names)) == MAX_HENS
    assert len({hen.plumage.name for hen in flock.hens}) == MAX_HENS


@pytest.mark.parametrize("number", range(4))
def test_every_two_hens_look_different(number: int) -> None:
    looks = [colours(hen) for hen in make_flock(number).hens]
    for i, one in enumerate(looks):
        for other in looks[:i]:
            assert np.abs(one - other).sum() > 0.4


@pytest.mark.parametrize("number", range(20))
def test_some_hens_lay_and_some_do_not(number: int) -> None:
    lays = [hen.lays for hen in make_flock(number, MAX_HENS).hens]
    assert any(lays) and not all(lays)
    assert make_flock(number, 1).hens[0].lays


def test_a_hen_is_found_by_name() -> None:
    flock = make_flock(1)
    assert flock.hen(flock.names[3]) is flock.hens[3]
    with pytest.raises(KeyError, match=r"no hen is called 'Nobody'; there are "):
        flock.hen("Nobody")


@pytest.mark.parametrize("hens", [0, 13])
def test_impossible_flock(hens: int) -> None:
    with pytest.raises(ValueError, match=f"1 to 12 hens. Received: hens={hens}"):
        make_flock(1, hens)
