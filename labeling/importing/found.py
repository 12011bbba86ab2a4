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
class Part:
    """A box in an upright picture from its top left: in pixels, or in shares of its sides if ``relative``."""

    x: float
    y: float
    w: float
    h: float
    relative: bool = False

    def in_picture(self, width: int, height: int) -> Box | None:
        """The box in whole pixels, as far as it lies inside; None where it does not, or is empty."""
        across, down = (width, height) if self.relative else (1, 1)
        left, top = round(self.x * across), round(self.y * down)
        right, bottom = round((self.x + self.w) * across), round((self.y + self.h) * down)
        if right <= left or bottom <= top:
            return None
        return Box(left, top, right - left, bottom - top).clipped(width, height)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One picture of a source.

    ``name`` is what it is called there and stays with it. ``label`` by names, as `Task.parse` takes it; None
    where nothing is said. ``part``: only this box of the file, as the daemon would cut it; None: the whole.
    ``group`` must not be split, ``visit`` is one thing's stay; ``time`` and ``day`` where the source says so.
    """

    path: Path
    name: str
    label: str | None = None
    group: str | None = None
    visit: str | None = None
    time: datetime | None = None
    day: date | None = None
    part: Part | None = None


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


def labelled(
    pictures: Sequence[Found], unusable: Sequence[Unusable], classes: Sequence[str] = ()
) -> Manifest:
    """A manifest of the kind that its labels need; ``classes`` are those that the source lists itself."""
    labels = [one.label for one in pictures if one.label is not None]
    kind = fitting_kind(labels)
    named = class_names(labels, kind)
    return Manifest(
        pictures=pictures,
        kind=kind,
        classes=(*classes, *(name for name in named if name not in classes)),
        unusable=unusable,
    )
