"""What is exported, and what of it a format cannot hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from coop.domain.dataset import DatasetVersion, LabelledPicture, Part
from coop.domain.task import NONE, SKIP, SPECIAL, UNSURE, Task, TaskKind
from coop.store.media import safe_name
from labeling.datasets.make import named


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportItem:
    """One picture. ``label`` as people write it: ``hen``, ``brown|white``, ``eggs=3``, ``none``.

    ``file`` is what its file is called in every export; ``part`` is None where nothing is split.
    """

    picture: str
    path: Path
    sha256: str
    label: str
    part: Part | None
    group: str | None
    visit: str
    day: date | None

    @property
    def file(self) -> str:
        return f"{safe_name(self.picture)}{self.path.suffix}"

    @property
    def names(self) -> tuple[str, ...]:
        """The classes that the label names; for a count those that are there at least once."""
        if self.label in SPECIAL:
            return ()
        pairs = [part.rpartition("=") for part in self.label.split("|")]
        return tuple(name if is_ else number for name, is_, number in pairs if not is_ or number != "0")

    @property
    def counts(self) -> dict[str, int]:
        """The counts that the label says."""
        if "=" not in self.label:
            return {}
        pairs = [part.rpartition("=") for part in self.label.split("|")]
        return {name: int(number) for name, _, number in pairs}


@dataclass(frozen=True, kw_only=True)
class Export:
    """Everything of a version (or of the labels as they are: ``version`` is None)."""

    task: str
    version: int | None
    digest: str | None
    kind: TaskKind
    classes: Sequence[str]
    items: Sequence[ExportItem]


@dataclass(kw_only=True)
class Losses:
    """What an export does not hold, exactly.

    ``pictures``: those left out, with the reason. ``labels``: labels that mean less than before, with what is
    left of them. ``fields``: what is not told of any picture (group, visit, day, part). ``notes`` are other
    sentences.
    """

    pictures: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """The losses for people, the largest first."""
        said = []
        reasons: dict[str, int] = {}
        for reason in self.pictures.values():
            reasons[reason] = reasons.get(reason, 0) + 1
        for reason, count in sorted(reasons.items()):
            said.append(f"{count} picture{'s are' if count > 1 else ' is'} left out: {reason}.")
        if self.labels:
            some = ", ".join(f"{label} became {left}" for label, left in sorted(self.labels.items())[:5])
            said.append(f"Labels lost meaning: {some}{' and so on' if len(self.labels) > 5 else ''}.")
        if self.fields:
            said.append(f"Not told of the pictures: {', '.join(self.fields)}.")
        return [*said, *self.notes]

    def as_json(self) -> dict[str, Any]:
        return {
            "pictures": dict(sorted(self.pictures.items())),
            "labels": dict(sorted(self.labels.items())),
            "fields": list(self.fields),
            "sentences": self.sentences(),
        }


def version_export(version: DatasetVersion) -> Export:
    """A dataset version, by the names that its classes had."""
    items = [
        ExportItem(
            picture=item.picture, path=item.path, sha256=item.sha256, label=named(version, item.value),
            part=item.part, group=item.group, visit=item.visit, day=item.day,
        )
        for item in version.items
    ]  # fmt: skip
    return Export(
        task=version.task, version=version.version, digest=version.digest, kind=version.kind,
        classes=sorted(version.classes.values()), items=items,
    )  # fmt: skip


def current_export(task: Task, pictures: Sequence[LabelledPicture]) -> Export:
    """The labels as they are now, unsure and skipped ones too, not split."""
    items = [
        ExportItem(
            picture=each.picture, path=each.path, sha256=each.sha256, label=task.shown(each.value),
            part=None, group=each.group, visit=each.visit, day=each.day,
        )
        for each in pictures
    ]  # fmt: skip
    return Export(
        task=task.name, version=None, digest=None, kind=task.kind,
        classes=sorted(cls.name for cls in task.classes if cls.merged_into is None), items=items,
    )  # fmt: skip


def without_answers(export: Export, losses: Losses) -> list[ExportItem]:
    """The pictures without those of which nobody knows what they show, which are then lost."""
    kept = []
    for item in export.items:
        if item.label in (UNSURE, SKIP):
            losses.pictures[item.picture] = f'"{item.label}" is no class to learn'
        else:
            kept.append(item)
    return kept


def class_list(export: Export) -> list[str]:
    """The classes with what says "nothing" at the end, where it occurs."""
    nothing = any(item.label == NONE for item in export.items)
    return [*export.classes, *([NONE] if nothing else [])]


def by_part(items: Sequence[ExportItem]) -> Mapping[Part | None, list[ExportItem]]:
    """The pictures of each part that has any, in the order of parts."""
    found: dict[Part | None, list[ExportItem]] = {}
    for part in (*Part, None):
        of_part = [item for item in items if item.part is part]
        if of_part:
            found[part] = of_part
    return found
