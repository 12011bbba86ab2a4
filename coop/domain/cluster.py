"""Clusters: pictures of a task that look alike, shown together to be named together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Member = tuple[str, float]
"""A picture's key and its distance from the middle of its cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """``pictures``: the most typical first. ``values``: how often each label stands in it.

    ``model`` made the embeddings. ``came_from`` is the cluster it was split from; ``joined`` says that it was
    made by merging, which can be taken back.
    """

    id: int
    task: str
    made: datetime
    model: str
    pictures: tuple[str, ...]
    values: Mapping[str, int]
    came_from: int | None = None
    joined: bool = False

    @property
    def open(self) -> int:
        """How many of its pictures have no label yet."""
        return len(self.pictures) - sum(self.values.values())
