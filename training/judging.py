"""The new model beside the one at work, on the same held-out days."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from coop.classify.package import ModelPackage
from coop.domain.dataset import DatasetVersion
from coop.domain.training import Verdict
from coop.errors import ModelPackageError
from training.evaluate import score
from training.labelled import LabelledDataError, LabelledSet
from training.lesson import lesson
from training.metrics import best_constant


def judge(dataset: DatasetVersion, new: Path, other: Path | None, never_lose: Collection[str]) -> Verdict:
    """Compare two packages on the test part of a dataset version.

    ``never_lose``: classes that the new one must know if ``other`` does. Where ``other`` cannot be used for
    these pictures, the new one has to beat the most frequent answer.
    """
    _, judged = lesson(dataset)
    package = ModelPackage.load(new)
    rival = usable(other, package)
    before = None if rival is None else _share_right(rival, judged)
    known = set() if rival is None else set(rival.card.classes)
    return Verdict(
        right=_share_right(package, judged) or 0.0,
        before=best_constant([example.label for example in judged.examples]) if before is None else before,
        pictures=len(judged),
        days=len(judged.groups),
        lacks=tuple(sorted(known.intersection(never_lose) - set(package.card.classes))),
    )


def sentences(name: str, task: str, other: str | None, verdict: Verdict) -> Iterator[str]:
    """What came of a comparison, for whoever trained."""
    rival = other or "Always giving the most frequent answer"
    if verdict.better:
        yield f"{rival} had {verdict.before:.1%} of them right."
        yield f"{name} is at work now. To go back: coop model rollback {task}"
        return
    if verdict.lacks:
        yield f"{name} does not know {', '.join(verdict.lacks)}, which {rival} does."
    stays = f"{other} stays at work: it has" if other else f"Nothing was put to work: {rival.lower()} has"
    yield (
        f"{stays} {verdict.before:.1%} of the same pictures right. "
        f"To use the new one all the same: coop model use {name}"
    )


def usable(other: Path | None, package: ModelPackage) -> ModelPackage | None:
    """Another package, where it can be read and is for the same mode of task."""
    if other is None:
        return None
    try:
        rival = ModelPackage.load(other)
    except ModelPackageError:
        return None
    return rival if rival.card.mode is package.card.mode else None


def _share_right(package: ModelPackage, pictures: LabelledSet) -> float | None:
    """None where the package tells none of the classes."""
    try:
        return float(score(package, pictures).right.mean())
    except LabelledDataError:
        return None
