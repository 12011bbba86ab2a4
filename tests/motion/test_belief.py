import numpy as np
import pytest

from coop.domain.box import Box
from coop.motion.belief import Belief

SHAPE = (180, 320)
NOTHING = np.zeros(SHAPE, np.uint8)
DT = 0.2


def mask_of(*boxes: Box) -> np.ndarray:
    mask = np.zeros(SHAPE, np.uint8)
    for box in boxes:
        mask[box.y : box.bottom, box.x : box.right] = 255
    return mask


def judged(belief: Belief, *boxes: Box, flickering: np.ndarray = NOTHING) -> list[bool]:
    verdicts = belief.judge(boxes, mask_of(*boxes), flickering, [], DT)
    return [believed for believed, _ in verdicts]


def restless() -> Belief:
    """After ten moths."""
    belief = Belief()
    for number in range(10):
        judged(belief, Box(20 + 25 * number, 10 + 14 * number, 9, 6))
        judged(belief)
    return belief


def test_a_thin_thing_is_believed_at_once_while_the_scene_is_calm() -> None:
    assert judged(Belief(), Box(100, 100, 12, 5)) == [True]


def test_after_moths_a_thin_thing_must_be_seen_again() -> None:
    belief = restless()

    seen = [judged(belief, Box(100 + 2 * step, 100, 9, 6)) for step in range(3)]

    assert seen == [[False], [True], [True]]


def test_a_moth_that_is_elsewhere_in_each_frame_is_never_believed() -> None:
    belief = restless()

    assert not any(judged(belief, Box(20 + 30 * step, 100, 9, 6)) == [True] for step in range(8))


def test_it_is_calm_until_things_flash() -> None:
    hen = Belief()
    for step in range(10):
        judged(hen, Box(40 + 8 * step, 100, 30, 24))
    judged(hen)

    assert hen.is_calm
    assert not restless().is_calm


def test_a_thick_thing_is_believed_at_once_even_then() -> None:
    assert judged(restless(), Box(100, 100, 30, 24)) == [True]


def test_what_is_kept_is_believed_at_once_even_then() -> None:
    box = Box(100, 100, 9, 6)
    verdicts = restless().judge([box], mask_of(box), NOTHING, [(slice(90, 120), slice(90, 120))], DT)

    assert verdicts == [(True, True)]


def test_many_thin_things_at_once_are_not_believed() -> None:
    crowd = [Box(20 + 40 * n, 30 + 20 * n, 10, 6) for n in range(5)]

    assert judged(Belief(), *crowd) == [False] * 5


@pytest.mark.parametrize(("step", "comes"), [(0, False), (3, True)])
def test_where_things_flicker_a_thin_one_is_believed_when_it_travels(step: int, comes: bool) -> None:
    belief, leaves = Belief(), np.full(SHAPE, 255, np.uint8)

    seen = [judged(belief, Box(100 + step * n, 100, 9, 6), flickering=leaves) for n in range(6)]

    assert seen[0] == [False]
    assert seen[-1] == [comes]


def test_the_way_of_a_thing_that_turns_out_to_be_alive_is_told_once() -> None:
    belief, ways = Belief(), []
    for n in range(8):
        judged(belief, Box(100 + 3 * n, 100, 9, 6))
        ways += belief.came

    assert len(ways) == 1
    assert ways[0].x == 100


def test_in_the_wind_leaves_that_move_together_are_believed_no_more_than_one_leaf() -> None:
    """Thick as they are; but a hen walks on, and is larger than a clump of leaves when she is near."""
    clump, hen, leaves = Box(200, 100, 24, 20), Box(20, 60, 50, 44), np.full(SHAPE, 255, np.uint8)
    belief = Belief()
    for number in range(60):
        moths = [Box(20 + 4 * number, 10 + number, 9, 6), Box(290 - 4 * number, 150 - number, 9, 6)]
        judged(belief, *(moths if number % 2 else ()))

    swaying = [judged(belief, Box(200 + n % 3, 100, 24, 20), flickering=leaves) for n in range(8)]
    walking = [judged(belief, Box(100 + 8 * n, 140, 24, 20), flickering=leaves) for n in range(8)]

    assert not any(swaying[n] == [True] for n in range(8))
    assert walking[-1] == [True]
    assert judged(belief, hen, flickering=leaves) == [True]
    assert judged(Belief(), clump, flickering=leaves) == [True], "without wind it may be anybody"
