"""What an importer finds, whatever it was written by: pictures with what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from coop.domain.box import Box
from coop.domain.task import NONE, SPECIAL, TaskKind
from coop.errors import CoopError


class ImportProblem(CoopError, ValueError):
    """A source that cannot be imported at all, with what to do about it."""

    def __init__(self, source: Path | str, problem: str, remedy: str) -> None:
        super().__init__(f"{source}: {problem}. {remedy}")


class Unusable(NamedTuple):
    """A picture or line that is left out, and why; the rest of the import goes on."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One picture of a source.

    ``name`` is what it is called there and stays with it. ``label`` by names, as `Task.parse` takes it; None
    where nothing is said. ``box``: only this part of the file, ``whole`` file if None. ``group`` must not be
    split, ``visit`` is one thing's stay; ``time`` and ``day`` where the source itself says so.
    """

    path: Path
    name: str
    label: str | None = None
    group: str | None = None
    visit: str | None = None
    time: datetime | None = None
    day: date | None = None
    box: Box | None = None


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """All that a source holds. ``kind`` and ``classes`` are those of the task that fits its labels."""

    pictures: Sequence[Found]
    kind: TaskKind
    classes: Sequence[str] = ()
    unusable: Sequence[Unusable] = field(default=())


def fitting_kind(labels: Sequence[str]) -> TaskKind:
    """The kind of task that labels need: ``name=n`` makes it a count, else any ``|`` a multi one."""
    said = [label for label in labels if label not in SPECIAL]
    if said and all("=" in part for label in said for part in label.split("|")):
        return TaskKind.COUNT
    return TaskKind.MULTI if any("|" in label for label in said) else TaskKind.SINGLE


def class_names(labels: Sequence[str], kind: TaskKind) -> tuple[str, ...]:
    """The classes that labels name, sorted."""
    parts = {part.strip() for label in labels if label not in SPECIAL for part in label.split("|")}
    if kind is TaskKind.COUNT:
        parts = {part.rpartition("=")[0].strip() for part in parts}
    return tuple(sorted(parts - {"", NONE}))
