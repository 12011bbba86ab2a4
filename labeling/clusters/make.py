"""Clusters of a task's pictures: made from embeddings, and split by hand where one mixes two things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from coop.domain.cluster import Cluster, Member
from coop.domain.survey import Surveyed
from coop.domain.task import SKIP, Task
from coop.errors import LabelError
from coop.store.store import Store
from labeling.clusters.group import Floats, Numbers, components, distances, grouped, halves
from labeling.suggesting.embeddings import EmbeddingCache
from labeling.suggesting.suggest import Parts, Report, embedding_model, embeddings


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    clusters: int
    pictures: int
    model: str


def make_clusters(
    store: Store, task: Task, parts: Parts, at: datetime, report: Report, *, everything: bool = False
) -> Made:
    """Group the pictures of a task that have no label yet (or all of them), instead of its clusters before.

    Raises LabelError where there is nothing to group.
    """
    lines = [line for line in store.survey(task.name) if everything or line.value in (None, SKIP)]
    eye = embedding_model(parts)
    cache, readable = embeddings(eye, parts, lines, report)
    if not readable:
        raise LabelError(f"Task {task.name!r} has no pictures without a label. There is nothing to group")
    points = components(cache.get([line.picture for line in readable]))
    found = [_members(points, group, readable) for group in grouped(points)]
    store.make_clusters(task.name, eye.card.model, at, found)
    return Made(clusters=len(found), pictures=len(readable), model=eye.card.model)


def split(store: Store, task: Task, cache_dir: Path, number: int, at: datetime) -> tuple[Cluster, ...]:
    """Make one cluster into two; ``cache_dir`` is that of the embeddings.

    Raises LabelError for a cluster of a single picture, or without embeddings.
    """
    cluster = store.cluster(task.name, number)
    cache = EmbeddingCache(cache_dir, cluster.model)
    if len(cluster.pictures) < 2:
        raise LabelError(f"Cluster {number} has one picture only, so it cannot be split")
    if cache.missing(cluster.pictures):
        raise LabelError(
            "The embeddings of these pictures are gone. Make the clusters again: coop label clusters"
        )
    points = components(cache.get(cluster.pictures))
    side = halves(points)
    lines = store.survey(task.name, cluster.pictures)
    place = {key: n for n, key in enumerate(cluster.pictures)}
    ordered = sorted(lines, key=lambda line: place[line.picture])
    cut = [np.flatnonzero(~side), np.flatnonzero(side)]
    return store.split_cluster(task.name, number, [_members(points, part, ordered) for part in cut], at)


def _members(points: Floats, group: Numbers, lines: Sequence[Surveyed]) -> list[Member]:
    return [
        (lines[int(n)].picture, float(far)) for n, far in zip(group, distances(points[group]), strict=True)
    ]
