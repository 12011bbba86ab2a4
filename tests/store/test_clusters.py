"""Clusters: made, split, merged, and every one of these taken back."""

from __future__ import annotations

import pytest
from fakes.labelling import label, stock
from fakes.records import NOON, moment

from coop.errors import LabelError
from coop.store.store import Store


def members(*numbers: int) -> list[tuple[str, float]]:
    """Pictures by number, each as far from the middle as its number."""
    return [(f"picture-{n}", float(n)) for n in numbers]


def keys(*numbers: int) -> tuple[str, ...]:
    return tuple(f"picture-{n}" for n in numbers)


def test_the_most_typical_comes_first_and_the_emptiest_cluster_too(store: Store) -> None:
    stock(store, 8)
    store.make_clusters("kinds", "starter 1", NOON, [members(2, 0, 1), members(5, 4, 3, 6), members(7)])
    store.add_labels([label(n, "hen", "b1") for n in (3, 4, 5)])
    first, second, third = store.clusters("kinds")
    assert (first.pictures, first.open, first.values) == (keys(0, 1, 2), 3, {})
    assert {second.pictures, third.pictures} == {keys(7), keys(3, 4, 5, 6)}
    (half,) = [cluster for cluster in (second, third) if len(cluster.pictures) == 4]
    assert (half.open, half.values) == (1, {"hen": 3})
    store.add_labels([label(7, "fox", "b2")])
    assert [cluster.pictures for cluster in store.clusters("kinds", named=True)] == [keys(7)]
    assert len(store.clusters("kinds", named=False)) == 2
    (most,) = store.clusters("kinds", limit=1)
    assert most.pictures == keys(0, 1, 2)


def test_remade_clusters_replace_those_before(store: Store) -> None:
    stock(store, 8)
    store.make_clusters("kinds", "starter 1", NOON, [members(0, 1)])
    (old,) = store.clusters("kinds")
    store.make_clusters("kinds", "kinds 2", moment(1), [members(0), members(1)])
    assert [cluster.model for cluster in store.clusters("kinds")] == ["kinds 2", "kinds 2"]
    with pytest.raises(LabelError, match="any more"):
        store.split_cluster("kinds", old.id, [members(0), members(1)], NOON)


def test_a_split_and_taking_it_back(store: Store) -> None:
    stock(store, 8)
    store.make_clusters("kinds", "starter 1", NOON, [members(0, 1, 2, 3)])
    (whole,) = store.clusters("kinds")
    first, second = store.split_cluster("kinds", whole.id, [members(0, 2), members(1, 3)], moment(1))
    assert (first.pictures, second.pictures, first.came_from) == (keys(0, 2), keys(1, 3), whole.id)
    store.split_cluster("kinds", first.id, [members(0), members(2)], moment(2))
    with pytest.raises(LabelError, match="split again"):
        store.unmerge_cluster("kinds", second.id, moment(3))
    inner = next(c for c in store.clusters("kinds") if c.pictures == keys(2))
    assert store.unmerge_cluster("kinds", inner.id, moment(4))[0].pictures == keys(0, 2)
    store.unmerge_cluster("kinds", second.id, moment(5))
    assert [cluster.pictures for cluster in store.clusters("kinds")] == [keys(0, 1, 2, 3)]
    with pytest.raises(LabelError, match="neither"):
        store.unmerge_cluster("kinds", whole.id, moment(6))


def test_a_merge_and_taking_it_back(store: Store) -> None:
    stock(store, 8)
    store.make_clusters("kinds", "starter 1", NOON, [members(0, 3), members(1, 2), members(4)])
    numbers = [cluster.id for cluster in store.clusters("kinds") if len(cluster.pictures) == 2]
    merged = store.merge_clusters("kinds", numbers, moment(1))
    assert merged.pictures == keys(0, 1, 2, 3) and merged.joined
    again = store.merge_clusters("kinds", [c.id for c in store.clusters("kinds")], moment(2))
    assert len(again.pictures) == 5
    assert {c.pictures for c in store.unmerge_cluster("kinds", again.id, moment(3))} == {
        keys(0, 1, 2, 3),
        keys(4),
    }
    assert {c.pictures for c in store.unmerge_cluster("kinds", merged.id, moment(4))} == {
        keys(0, 3),
        keys(1, 2),
    }
    assert len(store.clusters("kinds")) == 3
    with pytest.raises(LabelError, match="at least two"):
        store.merge_clusters("kinds", numbers[:1], NOON)


def test_a_split_keeps_every_picture(store: Store) -> None:
    stock(store, 8)
    store.make_clusters("kinds", "starter 1", NOON, [members(0, 1, 2)])
    (whole,) = store.clusters("kinds")
    for parts in ([members(0), members(1)], [members(0, 1, 2), []], [members(0, 1), members(1, 2)]):
        with pytest.raises(LabelError, match="do not have its pictures"):
            store.split_cluster("kinds", whole.id, parts, NOON)
    assert [c.id for c in store.clusters("kinds")] == [whole.id]


def test_deleted_pictures_are_in_no_cluster(store: Store) -> None:
    stock(store, 8)
    store.make_clusters("kinds", "starter 1", NOON, [members(0, 1), members(2)])
    store.add_labels([label(0, "hen", "b1")])
    store.retain(moment(90 * 86_400), max_age_days=30, free_bytes=lambda: 1 << 40)
    assert [cluster.pictures for cluster in store.clusters("kinds")] == [keys(0)]
