"""Groups of similar pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.clusters.group import components, grouped, halves, sizes


def blobs(count: int, each: int, d: int = 40, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Well apart groups of points, in mixed order, and which group each point is of."""
    rng = np.random.default_rng(seed)
    of = rng.permutation(np.repeat(np.arange(count), each))
    points = rng.normal(0, 1, (count, d))[of] * 3 + rng.normal(0, 0.3, (len(of), d))
    return points.astype(np.float32), of


def purity(groups: list[np.ndarray], of: np.ndarray) -> float:
    return sum(np.bincount(of[group]).max() for group in groups) / len(of)


def test_natural_groups_are_found() -> None:
    points, of = blobs(20, 30)
    groups = grouped(components(points), target=30)
    assert purity(groups, of) > 0.97
    assert 15 <= len(groups) <= 40


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.integers(2, 40), st.integers(0, 5))
def test_every_picture_is_in_one_group(count: int, target: int, seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    groups = grouped(components(points), target)
    assert sorted(int(n) for group in groups for n in group) == list(range(count))
    assert sizes(groups)[2] <= max(2 * 1.4 * target, 1)


def test_the_most_typical_comes_first_and_the_odd_one_last() -> None:
    points, _ = blobs(1, 20)
    points[7] += 2
    (group,) = grouped(points, target=30)
    assert group[-1] == 7
    far = np.linalg.norm(points[group] - points[group].mean(axis=0), axis=1)
    assert (np.diff(far) >= 0).all()


def test_the_same_pictures_give_the_same_groups() -> None:
    points, _ = blobs(7, 25)
    one, other = grouped(components(points)), grouped(components(points))
    assert [group.tolist() for group in one] == [group.tolist() for group in other]


@pytest.mark.parametrize("count", [2, 3, 50])
def test_halves_of_pictures_that_are_all_the_same(count: int) -> None:
    side = halves(np.ones((count, 4), dtype=np.float32))
    assert 0 < side.sum() < count
    groups = grouped(components(np.ones((count, 4), dtype=np.float32)), target=5)
    assert sum(len(group) for group in groups) == count


def test_two_things_in_one_cluster_are_told_apart() -> None:
    points, of = blobs(2, 15)
    side = halves(components(points))
    assert len(set(zip(side.tolist(), of.tolist(), strict=True))) == 2
