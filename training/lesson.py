"""A dataset version as training reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from coop.classify.card import NONE, TaskMode
from coop.domain.dataset import DatasetItem, DatasetVersion, Part
from coop.domain.task import TaskKind, codes_in, counts_in
from training.labelled import Example, LabelledDataError, LabelledSet


def lesson(version: DatasetVersion) -> tuple[LabelledSet, LabelledSet]:
    """What to learn from (training and validation parts) and what to be judged by (the test part).

    Heads choose by folds of what they learn from, so the validation part needs no use of its own. Raises
    LabelledDataError where either is empty.
    """
    learned = _pictures(version, [*version.part(Part.TRAIN), *version.part(Part.VAL)])
    judged = _pictures(version, version.part(Part.TEST))
    for part, what in ((learned, "to learn from"), (judged, "held out to judge by")):
        if not part.examples:
            raise LabelledDataError(
                part.source,
                f"it has no pictures {what}",
                "Label pictures of more days, then: coop label version",
            )
    return learned, judged


def _pictures(version: DatasetVersion, items: Iterable[DatasetItem]) -> LabelledSet:
    mode = TaskMode(version.kind.value)
    examples = tuple(
        Example(
            path=item.path,
            answer=_answer(item.value, version.kind, version.classes),
            group=item.group,
            picture=item.picture,
        )
        for item in items
    )
    return LabelledSet(
        source=Path(f"{version.task} version {version.version}"),
        mode=mode,
        classes=tuple(sorted(version.classes.values())),
        examples=examples,
    )


def _answer(value: str, kind: TaskKind, names: Mapping[str, str]) -> frozenset[str]:
    """The answer by today's names: `none` is a class of its own, the empty set, or a count of nothing."""
    if kind is TaskKind.COUNT:
        counts = counts_in(value)
        return frozenset(f"{name}={counts.get(code, 0)}" for code, name in names.items())
    codes = codes_in(value)
    if not codes and kind is TaskKind.SINGLE:
        return frozenset({NONE})
    return frozenset(names[code] for code in codes)
