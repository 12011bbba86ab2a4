"""Two things in one box are followed by its edges."""

import pytest

from coop.domain.box import Box
from coop.track.sharing import places_of_two

LEFT, RIGHT = Box(100, 100, 60, 50), Box(150, 104, 64, 50)


def test_side_by_side_each_begins_at_its_end() -> None:
    shared = Box(90, 98, 130, 58)
    assert places_of_two([LEFT, RIGHT], shared) == [Box(90, 100, 60, 50), Box(156, 104, 64, 50)]
    assert places_of_two([RIGHT, LEFT], shared) == [Box(156, 104, 64, 50), Box(90, 100, 60, 50)]


def test_one_above_the_other_too() -> None:
    upper, lower = Box(100, 100, 60, 50), Box(104, 130, 60, 50)
    shared = Box(98, 96, 70, 100)
    assert places_of_two([upper, lower], shared) == [Box(100, 96, 60, 50), Box(104, 146, 60, 50)]


@pytest.mark.parametrize("shared", [Box(100, 100, 70, 55), Box(100, 100, 64, 50)])
def test_one_behind_the_other_cannot_be_told(shared: Box) -> None:
    assert places_of_two([LEFT, RIGHT], shared) is None
