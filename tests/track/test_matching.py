import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.domain.box import Box
from coop.track.matching import match, share_inside

boxes = st.builds(Box, st.integers(0, 600), st.integers(0, 400), st.integers(1, 200), st.integers(1, 200))


def test_each_box_goes_to_the_track_it_continues() -> None:
    predicted = [Box(0, 0, 50, 50), Box(100, 0, 50, 50)]
    found = [Box(104, 2, 50, 50), Box(3, 1, 50, 50)]

    assert match(predicted, found, [0.05, 0.05]) == {0: 1, 1: 0}


def test_the_whole_pairing_is_best_not_the_first_pair() -> None:
    # The left box is nearer to the second track, but then the first would go without.
    predicted = [Box(0, 0, 50, 50), Box(30, 0, 50, 50)]
    found = [Box(22, 0, 50, 50), Box(52, 0, 50, 50)]

    assert match(predicted, found, [0.2, 0.2]) == {0: 0, 1: 1}


def test_what_is_too_far_is_no_match_unless_the_prediction_is_uncertain() -> None:
    predicted, found = [Box(0, 0, 50, 50)], [Box(60, 0, 50, 50)]

    assert match(predicted, found, [0.05]) == {}
    assert match(predicted, found, [0.5]) == {0: 0}


@given(st.lists(boxes, max_size=8), st.lists(boxes, max_size=8), st.floats(0, 5))
def test_no_track_and_no_box_is_used_twice(predicted: list[Box], found: list[Box], doubt: float) -> None:
    pairs = match(predicted, found, [doubt] * len(predicted))

    assert len(set(pairs.values())) == len(pairs)
    assert set(pairs) <= set(range(len(predicted)))
    assert set(pairs.values()) <= set(range(len(found)))


@given(st.lists(boxes, min_size=1, max_size=6, unique=True))
def test_a_still_picture_matches_itself(still: list[Box]) -> None:
    pairs = match(still, still, [0.05] * len(still))

    assert [still[j] for _, j in sorted(pairs.items())] == still


@pytest.mark.parametrize(
    ("box", "share"),
    [(Box(10, 10, 20, 20), 1.0), (Box(90, 10, 20, 20), 0.5), (Box(200, 10, 20, 20), 0.0)],
)
def test_share_inside(box: Box, share: float) -> None:
    assert share_inside(box, Box(0, 0, 100, 100)) == share
