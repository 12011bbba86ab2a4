import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.domain.box import Box
from coop.motion.regions import despeckled, followed, merged, regions_in_source, things

boxes = st.builds(Box, st.integers(0, 300), st.integers(0, 160), st.integers(1, 120), st.integers(1, 90))


def blank() -> np.ndarray:
    return np.zeros((180, 320), np.uint8)


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
def test_despeckling_is_the_median_of_a_mask(seed: int, density: float) -> None:
    mask = (np.random.default_rng(seed).random((40, 50)) < density).astype(np.uint8) * 255

    assert np.array_equal(despeckled(mask), cv2.medianBlur(mask, 5))


def test_a_thing_is_found_whole_and_filled() -> None:
    perhaps, surely = blank(), blank()
    cv2.rectangle(perhaps, (100, 50), (139, 79), 255, 4)  # an outline
    surely[50:54, 110:120] = 255

    mask, found = things(perhaps, surely, 20)

    assert len(found) == 1
    assert found[0].iou(Box(98, 48, 44, 34)) > 0.9
    assert mask[65, 120] == 255  # its middle, which did not differ


def test_what_only_may_differ_is_nothing() -> None:
    perhaps = blank()
    perhaps[50:90, 100:160] = 255

    mask, found = things(perhaps, blank(), 20)

    assert found == ()
    assert not mask.any()


def test_what_is_too_small_is_nothing() -> None:
    perhaps = blank()
    perhaps[50:54, 100:104] = 255

    assert things(perhaps, perhaps, 40)[1] == ()
    assert len(things(perhaps, perhaps, 10)[1]) == 1


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([Box(0, 0, 40, 40), Box(42, 10, 8, 10)], 1),  # a tail
        ([Box(0, 0, 40, 40), Box(43, 0, 40, 40)], 2),  # two hens with a gap between them
        ([Box(0, 0, 40, 40), Box(60, 10, 8, 10)], 2),  # a chick farther away
        ([Box(0, 0, 40, 40), Box(5, 5, 30, 30)], 1),  # a part of the same
        ([Box(0, 0, 30, 30), Box(34, 0, 10, 10), Box(47, 0, 10, 10), Box(60, 0, 10, 10)], 3),  # no chain
    ],
)
def test_fragments_join_the_thing_they_belong_to(parts: list[Box], expected: int) -> None:
    assert len(merged(parts)) == expected


@given(st.lists(boxes, max_size=12))
def test_merging_keeps_every_box_inside_some_result_and_invents_nothing(parts: list[Box]) -> None:
    results = merged(parts)

    assert len(results) <= len(parts)
    for part in parts:
        assert any(result.union(part) == result for result in results)


@given(st.lists(boxes, max_size=12), st.randoms())
def test_merging_does_not_depend_on_the_order(parts: list[Box], random: object) -> None:
    shuffled = parts.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert merged(shuffled) == merged(parts)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ([Box(105, 100, 40, 40)], Box(105, 100, 40, 40)),  # a step on
        ([Box(130, 100, 42, 40)], Box(130, 100, 42, 40)),  # she walked on
        ([Box(130, 100, 42, 40), Box(170, 100, 3, 4)], Box(130, 100, 42, 40)),  # and something glitters
        ([Box(130, 100, 42, 40), Box(60, 100, 42, 40)], Box(100, 100, 40, 40)),  # which of the two?
        ([Box(230, 100, 40, 40)], Box(100, 100, 40, 40)),  # out of her reach
        ([Box(80, 80, 90, 90)], Box(100, 100, 40, 40)),  # much larger: the light is not known yet
        ([], Box(100, 100, 40, 40)),
    ],
)
def test_a_thing_is_followed_through_a_change_of_light(now: list[Box], expected: Box) -> None:
    assert followed([Box(100, 100, 40, 40)], now, [Box(50, 90, 140, 60)]) == (expected,)


@given(boxes, st.integers(1, 4000), st.integers(1, 3000))
def test_a_region_lies_within_the_source_picture(box: Box, width: int, height: int) -> None:
    inside = box.clipped(320, 180)
    assert inside is not None

    (region,) = regions_in_source([inside], np.full((180, 320), 255, np.uint8), width, height)

    assert region.box.clipped(width, height) == region.box
    assert region.fill == 1.0
