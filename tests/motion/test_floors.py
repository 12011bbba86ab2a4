"""The motion detector does not fall below what it once reached, on a fast part of the generated suite."""

from __future__ import annotations

import numpy as np
import pytest
from bench.motion.detectors import OURS
from bench.motion.floors import FAST, FAST_RATE, below, measure_fast, read_floors
from bench.motion.measure import Result
from bench.motion.scene import Kind
from bench.motion.scenes import SCENES, build
from bench.motion.score import Tally

from coop.domain.box import Box


@pytest.mark.parametrize("scene", FAST)
def test_no_worse_than_before(scene: str) -> None:
    assert below(measure_fast(scene), read_floors().fast[scene]) == []


def test_a_worse_detector_would_be_caught() -> None:
    """One that never sees anything, and one that always sees something where nothing is."""
    box, elsewhere = Box(600, 300, 100, 100), Box(10, 10, 50, 50)
    blind, nervous = Tally(), Tally()
    for _ in range(100):
        blind.add((box,), (), ())
        nervous.add((), (), (elsewhere,))
    floors = read_floors().fast
    for kind, scene, tally in ((Kind.DETECT, "hen-day", blind), (Kind.IGNORE, "noise-infrared", nervous)):
        result = Result(scene=scene, kind=kind, tallies={(FAST_RATE, OURS): tally})
        assert below(result, floors[scene])


def test_every_scene_has_a_floor() -> None:
    assert set(read_floors().suite) == set(SCENES)


def test_the_same_seed_gives_the_same_frames_and_another_one_does_not() -> None:
    first, again, other = (next(iter(build("hen-rain", seed, 20).shots(5))).frame.image for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("region", "missed", "false", "covered"),
    [
        (Box(600, 300, 100, 100), 0, 0, 1),
        (Box(620, 320, 60, 60), 0, 0, 1),  # IoU 0.36
        (Box(660, 300, 40, 60), 0, 0, 0),  # on it, but it fits badly
        (Box(0, 0, 1280, 720), 1, 0, 0),  # the whole picture is on nothing in it
        (Box(10, 10, 50, 50), 1, 1, 0),
    ],
)
def test_what_counts_as_found(region: Box, missed: int, false: int, covered: int) -> None:
    tally = Tally()
    assert tally.add((Box(600, 300, 100, 100),), (), (region,)) == (missed, false)
    assert (tally.found, tally.covered, tally.false) == (1 - missed, covered, false)


def test_a_spared_thing_may_be_found_or_not() -> None:
    tally = Tally()
    spared = Box(600, 300, 100, 100)
    tally.add((), (spared,), (spared,))
    tally.add((), (spared,), ())
    assert (tally.false, tally.with_things) == (0, 0)


def test_two_things_in_one_region_are_merged_and_one_in_two_is_split() -> None:
    left, right = Box(100, 100, 100, 100), Box(220, 100, 100, 100)
    merged, split = Tally(), Tally()
    merged.add((left, right), (), (left.union(right),))
    split.add((left,), (), (Box(100, 100, 100, 40), Box(100, 150, 100, 50)))
    assert (merged.merged, merged.split) == (1, 0)
    assert (split.merged, split.split) == (0, 1)
