"""A dataset version out of the labels as they are: what is left out, how it is split, what to say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from coop.domain.dataset import (
    DatasetHead,
    DatasetItem,
    DatasetVersion,
    LabelledPicture,
    Part,
    dataset_digest,
)
from coop.domain.task import NONE, SKIP, UNSURE, Task, TaskKind
from coop.errors import LabelError
from coop.store.store import Store
from labeling.datasets.components import components
from labeling.datasets.split import Lump, split
from labeling.datasets.thinning import thinned
from labeling.quality.doubles import disagreements, doubles

_FEW = 8
"""Classes named in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionWanted:
    """How to make a version.

    ``near``: of a visit's pictures that look alike so many are taken. ``fresh``: split anew, instead of
    leaving pictures in the part that they had in the version before.
    """

    val: float = 0.15
    test: float = 0.15
    seed: int = 1
    near: int = 3
    note: str = ""
    include_disputed: bool = False
    fresh: bool = False

    def __post_init__(self) -> None:
        if not (0 <= self.val < 1 and 0 <= self.test < 1 and self.val + self.test < 1):
            raise LabelError(
                "The shares of val and test are from 0 to 1, and leave something to train on. "
                f"Received: {self.val} and {self.test}"
            )

    @property
    def shares(self) -> dict[Part, float]:
        return {Part.TRAIN: 1 - self.val - self.test, Part.VAL: self.val, Part.TEST: self.test}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """How many labelled pictures are not in a version, and why."""

    strange: int = 0
    unsure: int = 0
    skipped: int = 0
    disputed: int = 0
    copies: int = 0
    contradictory: int = 0
    near: int = 0

    def sentences(self) -> Iterator[str]:
        if self.strange:
            yield f"{self.strange} labels name no class of the task and are left out: add it, or relabel."
        if self.unsure or self.skipped:
            yield f"{self.unsure} unsure and {self.skipped} skipped pictures are left out."
        if self.disputed:
            yield f"{self.disputed} pictures that two people judged differently are left out until reviewed."
        if self.copies:
            yield f"{self.copies} exact copies of other pictures are left out."
        if self.contradictory:
            yield f"{self.contradictory} exact copies with different labels are left out: correct them."
        if self.near:
            yield f"{self.near} near-duplicates within a visit are left out; the sharpest are kept."


def make_version(
    store: Store, task: Task, wanted: VersionWanted, who: str, now: datetime
) -> tuple[DatasetVersion, bool]:
    """Make and keep a version; returns it and whether it is new.

    Where nothing changed since the newest one, that is returned. Raises LabelError where no label is fit.
    """
    chosen, left = _chosen(store, task, wanted)
    if not chosen:
        why = " ".join(left.sentences()) or "Nothing is labelled yet."
        raise LabelError(
            f"Task {task.name!r} has no pictures for a dataset. {why} "
            "Label some with `coop label`, or bring labels in with `coop label import`"
        )
    before = _version_before(store, task.name)
    items, said = _split_up(task, chosen, wanted, None if wanted.fresh else before)
    classes = _classes(task, items)
    digest = dataset_digest(task.name, task.kind, classes, items)
    if before is not None and before.digest == digest:
        return before, False
    made = DatasetVersion(
        task=task.name, version=0, made=now, who=who, kind=task.kind, classes=classes, digest=digest,
        about=_about(wanted, left, items, [*left.sentences(), *said]), items=items,
    )  # fmt: skip
    return store.add_dataset(made), True


def _version_before(store: Store, task: str) -> DatasetVersion | None:
    return store.dataset(task) if store.datasets(task) else None


def _chosen(store: Store, task: Task, wanted: VersionWanted) -> tuple[list[LabelledPicture], LeftOut]:
    """The pictures that go in, their values in today's classes, and how many do not."""
    everything = store.labelled_pictures(task.name)
    labelled = [
        each if now == each.value else replace(each, value=now)
        for each in everything
        if (now := _today(task, each.value)) is not None
    ]
    disputed = set[str]()
    if not wanted.include_disputed:
        disputed = {double.picture for double in disagreements(doubles(store, task))}
    fit = [each for each in labelled if each.value not in (UNSURE, SKIP)]
    settled = [each for each in fit if each.picture not in disputed]
    single, copies, contradictory = _without_copies(settled)
    kept = thinned(single, wanted.near)
    return kept, LeftOut(
        strange=len(everything) - len(labelled),
        unsure=sum(each.value == UNSURE for each in labelled),
        skipped=sum(each.value == SKIP for each in labelled),
        disputed=len(fit) - len(settled),
        copies=copies,
        contradictory=contradictory,
        near=len(single) - len(kept),
    )


def _today(task: Task, value: str) -> str | None:
    """A value in today's classes; None for one of a class that the task never had."""
    try:
        return task.today(value)
    except LabelError:
        return None


def _without_copies(pictures: Sequence[LabelledPicture]) -> tuple[list[LabelledPicture], int, int]:
    """One picture for each file content, how many copies fell away, and how many that contradict another."""
    same: dict[str, list[LabelledPicture]] = {}
    for picture in pictures:
        same.setdefault(picture.sha256, []).append(picture)
    kept, copies, contradictory = list[LabelledPicture](), 0, 0
    for equal in same.values():
        if len({picture.value for picture in equal}) > 1:
            contradictory += len(equal)
            continue
        kept.append(min(equal, key=lambda picture: picture.picture))
        copies += len(equal) - 1
    return kept, copies, contradictory


def _split_up(
    task: Task, chosen: Sequence[LabelledPicture], wanted: VersionWanted, before: DatasetVersion | None
) -> tuple[tuple[DatasetItem, ...], list[str]]:
    """The items with their parts, and what is to be said of the split."""
    held = {} if before is None else {item.sha256: item.part for item in before.items}
    wholes = components(chosen)
    lumps, moved = list[Lump](), 0
    for whole in wholes:
        fixed, moves = _part_before(whole, held, wanted.shares)
        moved += moves
        classes = Counter(name for picture in whole for name in strata(task.kind, picture.value))
        lumps.append(Lump(name=whole[0].sha256, pictures=len(whole), classes=classes, fixed=fixed))
    parts = split(lumps, wanted.shares, wanted.seed)
    items = tuple(
        DatasetItem(
            picture=picture.picture, path=picture.path, sha256=picture.sha256, value=picture.value,
            part=parts[whole[0].sha256], group=_group(picture), visit=picture.visit, day=picture.day,
        )
        for whole in wholes
        for picture in whole
    )  # fmt: skip
    said = [*_said_of_split(task, lumps, parts, wanted)]
    if moved:
        said.append(
            f"{moved} pictures changed their part since version {0 if before is None else before.version}, "
            "since what ties them to others is new: they are trained on from now on."
        )
    return tuple(sorted(items, key=lambda item: (item.sha256, item.picture))), said


def _part_before(
    whole: Sequence[LabelledPicture], held: Mapping[str, Part], shares: Mapping[Part, float]
) -> tuple[Part | None, int]:
    """The part that a component had, and how many of its pictures must change theirs.

    Where pictures of different parts are tied together by now, all are trained on: held-out pictures that
    were seen in training would make every later score a lie.
    """
    parts = [held[picture.sha256] for picture in whole if picture.sha256 in held]
    wished = {part for part in parts if shares[part] > 0}
    if not wished:
        return None, 0
    kept = wished.pop() if len(wished) == 1 and len(set(parts)) == 1 else Part.TRAIN
    return kept, sum(part is not kept for part in parts)


def _group(picture: LabelledPicture) -> str:
    if picture.group is not None:
        return picture.group
    return picture.visit if picture.day is None else picture.day.isoformat()


def strata(kind: TaskKind, value: str) -> tuple[str, ...]:
    """What a split shall have in every part: the classes of a value, or its counts, or nothing at all."""
    if value == NONE or kind is TaskKind.SINGLE:
        return (value,)
    return tuple(value.split("|"))


def _classes(task: Task, items: Iterable[DatasetItem]) -> dict[str, str]:
    """Names by code: the classes that are offered, and those that labels name all the same."""
    used = {name.rpartition("=")[0] or name for item in items for name in strata(task.kind, item.value)}
    return {
        cls.code: cls.name
        for cls in task.classes
        if cls.merged_into is None and (cls.is_offered or cls.code in used)
    }


def _said_of_split(
    task: Task, lumps: Sequence[Lump], parts: Mapping[str, Part], wanted: VersionWanted
) -> Iterator[str]:
    wished = [part for part in Part if wanted.shares[part] > 0]
    found = {part: [lump for lump in lumps if parts[lump.name] is part] for part in Part}
    empty = [part for part in wished if not found[part]]
    if empty:
        sets = "only one set" if len(lumps) == 1 else f"only {len(lumps)} sets"
        yield (
            f"{' and '.join(empty)} {'are' if len(empty) > 1 else 'is'} empty: what shares a visit, a day "
            f"or a group stays together, and that leaves {sets}. Label pictures of other days."
        )
    total = sum(lump.pictures for lump in lumps)
    for part in wished:
        share = sum(lump.pictures for lump in found[part]) / total
        if found[part] and abs(share - wanted.shares[part]) > 0.1:
            yield (
                f"{part} holds {share:.0%} of the pictures instead of {wanted.shares[part]:.0%}, since no "
                "visit, day or group is divided."
            )
    for part in wished:
        if found[part]:
            yield from _said_of_classes(task, part, found[part], lumps)


def _said_of_classes(task: Task, part: Part, held: Sequence[Lump], lumps: Sequence[Lump]) -> Iterator[str]:
    """Which classes a part lacks, and why."""
    there = {name for lump in held for name in lump.classes}
    times = Counter(name for lump in lumps for name in lump.classes)
    lacking: dict[int, list[str]] = {}
    for name in sorted(times.keys() - there):
        lacking.setdefault(times[name], []).append(task.shown(name))
    for often, names in sorted(lacking.items()):
        listed = ", ".join(names[:_FEW]) + (f" and {len(names) - _FEW} more" if len(names) > _FEW else "")
        each = "each" if len(names) > 1 else "it"
        sets = f"{often} sets of days and groups have" if often > 1 else "one day or group has"
        yield f"{part} has no {listed}: only {sets} {each}."


def _about(
    wanted: VersionWanted, left: LeftOut, items: Sequence[DatasetItem], said: Sequence[str]
) -> dict[str, Any]:
    return {
        "note": wanted.note,
        "seed": wanted.seed,
        "val": wanted.val,
        "test": wanted.test,
        "near": wanted.near,
        "include_disputed": wanted.include_disputed,
        "left_out": {name: getattr(left, name) for name in left.__slots__},
        "pictures": {part.value: sum(item.part is part for item in items) for part in Part},
        "said": list(said),
    }


def class_counts(version: DatasetVersion, task: Task) -> dict[str, dict[Part, int]]:
    """How many pictures of each class (or count) each part has, by the names of the version."""
    counts: dict[str, Counter[Part]] = {}
    for item in version.items:
        for name in strata(version.kind, item.value):
            counts.setdefault(named(version, name), Counter())[item.part] += 1
    return {name: {part: counts[name][part] for part in Part} for name in sorted(counts)}


def named(version: DatasetHead, value: str) -> str:
    """A value by the names that the version's classes had."""
    if value == NONE:
        return value
    if version.kind is TaskKind.COUNT:
        pairs = [part.rpartition("=") for part in value.split("|")]
        return "|".join(sorted(f"{version.classes[code]}={n}" for code, _, n in pairs))
    return "|".join(sorted(version.classes[code] for code in value.split("|")))
