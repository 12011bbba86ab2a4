import numpy as np
import pytest

from coop.motion.flicker import Flicker

SHAPE = (20, 30)
LEAF = (slice(5, 8), slice(5, 8))


def sway(
    flicker: Flicker, times: int, *, spell_s: float = 0.4, alive: bool = False, begin: float = 0.0
) -> None:
    """A leaf that shows and hides, further from the background by 30 grey levels."""
    nothing, leaf = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    leaf[LEAF] = 255
    areas = [(slice(3, 10), slice(3, 10))] if alive else []
    for number in range(times):
        now = begin + number * (spell_s + 0.5)
        flicker.watch(leaf, leaf & 30, areas, now)
        flicker.watch(nothing, nothing, areas, now + spell_s)


def test_a_leaf_that_sways_is_known_for_it_and_its_surroundings_are_not() -> None:
    flicker = Flicker(SHAPE)

    sway(flicker, 3)

    assert (flicker.limits()[1][LEAF] >= 30).all()
    assert np.count_nonzero(flicker.limits()[1]) == 9


@pytest.mark.parametrize(
    ("times", "spell_s", "alive"),
    [(1, 0.4, False), (3, 2.0, False), (3, 0.4, True)],
    ids=["once", "for long", "in a hen"],
)
def test_what_comes_once_or_stays_or_lives_does_not_flicker(times: int, spell_s: float, alive: bool) -> None:
    flicker = Flicker(SHAPE)

    sway(flicker, times, spell_s=spell_s, alive=alive)

    assert not flicker.limits()[1].any()


def test_a_single_spell_is_noted_as_a_place() -> None:
    flicker = Flicker(SHAPE)

    sway(flicker, 1)

    assert (flicker.limits()[0][LEAF] == 255).all()


def test_flicker_is_forgotten_when_the_wind_is_gone() -> None:
    flicker = Flicker(SHAPE)
    sway(flicker, 3)

    for _ in range(120):
        flicker.fade(1.0)

    assert not flicker.limits()[1].any()
    assert not flicker.limits()[0].any()


def test_the_way_of_a_hen_is_forgiven() -> None:
    flicker = Flicker(SHAPE)
    sway(flicker, 3)

    flicker.forgive((slice(0, 20), slice(0, 30)))

    assert not flicker.limits()[1].any()
