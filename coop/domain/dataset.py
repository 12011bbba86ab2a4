"""Dataset versions: which pictures with which labels a model was trained and judged on, for good."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from coop.domain.task import TaskKind


class Part(StrEnum):
    """What a picture of a dataset is for."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPicture:
    """A picture with the label that holds, and what a version needs to know of it. ``path`` is absolute."""

    picture: str
    path: Path
    sha256: str
    value: str
    time: datetime
    visit: str
    source: str
    group: str | None
    day: date | None
    phash: int
    sharpness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetItem:
    """One picture of a version.

    ``value`` as labels are, by class codes. ``group``: what must not be split, by name: the declared group,
    else the day, else the visit. ``path`` is absolute; it may change, the hash may not.
    """

    picture: str
    path: Path
    sha256: str
    value: str
    part: Part
    group: str
    visit: str
    day: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetHead:
    """What a version says of itself. ``classes``: names by code, as they were when it was made.

    ``about``: how it was made (seed, shares, what was left out) and ``said``, its sentences for people.
    """

    task: str
    version: int
    made: datetime
    who: str
    kind: TaskKind
    classes: Mapping[str, str]
    digest: str
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetVersion(DatasetHead):
    """A version with its pictures, in the order of their hashes."""

    items: tuple[DatasetItem, ...]

    def part(self, part: Part) -> tuple[DatasetItem, ...]:
        """The pictures of one part."""
        return tuple(item for item in self.items if item.part is part)


def dataset_digest(
    task: str, kind: TaskKind, classes: Mapping[str, str], items: Iterable[DatasetItem]
) -> str:
    """SHA-256 over everything that a model could learn from: the same labels and split, the same digest."""
    digest = hashlib.sha256()
    for line in _lines(task, kind, classes, items):
        digest.update(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


def _lines(
    task: str, kind: TaskKind, classes: Mapping[str, str], items: Iterable[DatasetItem]
) -> Iterable[Sequence[Any]]:
    yield task, kind.value, sorted(classes.items())
    for item in sorted(items, key=lambda item: (item.sha256, item.picture)):
        day = None if item.day is None else item.day.isoformat()
        yield item.sha256, item.value, item.part.value, item.group, item.visit, day
