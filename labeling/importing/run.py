"""An import from beginning to end: looked through, put into visits, then stored lot by lot.

Each lot is one transaction with its labels, and every key is made from the picture itself. So an import that
broke off, however hard, is mended by repeating it, and a repeat adds nothing twice.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol, TypeVar

import numpy as np
from PIL import Image

from coop.classify.crop import MAX_SIDE, PAD, at_most, square_around
from coop.domain.box import Box
from coop.domain.catalogue import Entry, Facts
from coop.domain.label import Label
from coop.domain.picture import NewPicture, PictureKind
from coop.domain.task import Task, TaskClass
from coop.domain.times import as_utc, local_day
from coop.errors import LabelError
from coop.store.store import Store
from labeling.facts import NEAR, distances, facts_of
from labeling.importing.found import Found, Manifest, Part, Unusable
from labeling.importing.visits import Timed, visits_of
from labeling.pictures import (
    MOST_BYTES,
    Reading,
    UnreadablePicture,
    encoded,
    picture_time,
    read_picture,
    whole_picture,
)

One = TypeVar("One")
Result = TypeVar("Result")

LOT = 64
"""Pictures in one transaction: so many are in memory at once."""

_NEIGHBOURS = 50
"""A picture is compared with so many before it, to count near-duplicates."""

_FEW = 3

NameTime = Callable[[str], datetime | None]
"""What a file's name says about when the picture was taken."""


class Progress(Protocol):
    """Told of each step and how many pictures of how many are done."""

    def __call__(self, step: str, done: int, total: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How to import. ``batch`` is the name of this run in the log of labels: undoing it undoes the import.

    ``override``: labels of the source replace others; else they only fill gaps. ``add_classes``: classes that
    the task lacks are added to it. ``gap`` ends a visit.
    """

    task: str | None
    source: str
    zone: tzinfo
    batch: str
    who: str = "import"
    camera: str | None = None
    kind: PictureKind | None = None
    gap: timedelta = timedelta(minutes=5)
    override: bool = False
    add_classes: bool = False


@dataclass(slots=True, kw_only=True)
class Report:
    """What an import did; counts are of pictures.

    ``twice``: the same picture came again within the source; ``contradictions`` are those with another label.
    ``labels_kept``: had another label already, which stays.
    """

    found: int = 0
    new: int = 0
    known: int = 0
    twice: int = 0
    near: int = 0
    labels: int = 0
    labels_kept: int = 0
    visits: int = 0
    groups: int = 0
    days: int = 0
    undated: int = 0
    unusable: list[Unusable] = field(default_factory=list)
    contradictions: list[Unusable] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A picture that was looked through: its key (made from its bytes), their hash, and its time if known."""

    found: Found
    key: str
    sha256: str
    time: datetime | None


def import_manifest(
    store: Store,
    manifest: Manifest,
    wanted: Wanted,
    now: datetime,
    *,
    name_time: NameTime,
    progress: Progress,
) -> Report:
    """Bring a source's pictures and labels in. Raises CoopError before anything is stored, or StoreError."""
    task = fitting_task(store, manifest, wanted, now)
    report = Report(found=len(manifest.pictures), unusable=list(manifest.unusable))
    kind = picture_kind(task, wanted)
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        seen = _look_through(manifest.pictures, pool, wanted, name_time, progress, report)
        timed = [Timed(key=s.key, group=s.found.group, visit=s.found.visit, time=s.time) for s in seen]
        visits = visits_of(timed, wanted.source, wanted.gap)
        keeper = _Keeper(store, task, wanted, kind, now, report)
        for start in range(0, len(seen), LOT):
            keeper.keep(seen[start : start + LOT], visits, pool)
            progress("storing", min(start + LOT, len(seen)), len(seen))
    return report


class Tally:
    """Counts what the entries of an import make, near-duplicates among neighbours included."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._recent: deque[int] = deque(maxlen=_NEIGHBOURS)
        self._visits: set[str] = set()
        self._groups: set[str] = set()
        self._days: set[date] = set()

    def add(self, entry: Entry) -> None:
        report = self._report
        if self._recent and distances(tuple(self._recent), entry.facts.phash).min() <= NEAR:
            report.near += 1
        self._recent.append(entry.facts.phash)
        self._visits.add(entry.visit)
        if entry.group is not None:
            self._groups.add(entry.group)
        if entry.day is None:
            report.undated += 1
        else:
            self._days.add(entry.day)
        report.visits, report.groups, report.days = len(self._visits), len(self._groups), len(self._days)


def fitting_task(store: Store, manifest: Manifest, wanted: Wanted, now: datetime) -> Task | None:
    """The task to import into, made or given classes where that is asked for. Raises LabelError."""
    if wanted.task is None:
        return None
    task = next((task for task in store.tasks() if task.name == wanted.task), None)
    if task is None:
        new = Task(
            name=wanted.task,
            kind=manifest.kind,
            classes=tuple(TaskClass(code=name, name=name) for name in manifest.classes),
            pictures=wanted.kind or PictureKind.CROP,
            daemon=False,
        )
        return store.add_task(new, wanted.who, now)
    if wanted.add_classes:
        lacking = [name for name in manifest.classes if not _has(task, name)]
        task = store.add_classes(task.name, lacking, wanted.who, now) if lacking else task
    _check_labels(task, manifest.pictures)
    return task


def picture_kind(task: Task | None, wanted: Wanted) -> PictureKind:
    """What the pictures are kept as. Raises LabelError where the task is about another kind."""
    of_task = None if task is None else task.pictures
    if of_task is not None and wanted.kind not in (None, of_task):
        raise LabelError(
            f"Task {wanted.task!r} is about {of_task.value} pictures, so nobody would see these in it. "
            f"Import them as --kind {of_task.value}, or into another task"
        )
    return wanted.kind or of_task or PictureKind.CROP


def _has(task: Task, name: str) -> bool:
    try:
        task.named(name)
    except LabelError:
        return False
    return True


def _check_labels(task: Task, pictures: Iterable[Found]) -> None:
    """Refuse labels that the task cannot take, before anything is stored: they are seldom a slip."""
    wrong: dict[str, str] = {}
    for text in {found.label for found in pictures if found.label is not None}:
        try:
            task.parse(text)
        except LabelError as error:
            wrong[text] = str(error)
    if wrong:
        more = f" ({len(wrong)} labels in all, such as {', '.join(sorted(wrong)[:_FEW])})"
        first = wrong[min(wrong)]
        raise LabelError(
            f"{first}{more if len(wrong) > 1 else ''}. Correct the labels, or let the task have new classes "
            "by --add-classes"
        )


def _look_through(
    pictures: Sequence[Found],
    pool: ThreadPoolExecutor,
    wanted: Wanted,
    name_time: NameTime,
    progress: Progress,
    report: Report,
) -> list[_Seen]:
    """Hash every file and ask it for its time; the first of equal ones counts."""
    seen: dict[str, _Seen] = {}
    looked = _in_order(pool, lambda one: _look_at(one, wanted.zone, name_time), pictures)
    for done, (found, result) in enumerate(looked, start=1):
        progress("reading", done, len(pictures))
        if isinstance(result, Unusable):
            report.unusable.append(result)
        elif result.key not in seen:
            seen[result.key] = result
        else:
            report.twice += 1
            first = seen[result.key].found
            if found.label is not None and first.label is None:
                seen[result.key] = replace(seen[result.key], found=replace(first, label=found.label))
            elif found.label is not None and found.label != first.label:
                reason = f"it is the same picture as {first.name} with the label {first.label}, which counts"
                report.contradictions.append(Unusable(f"{found.name} ({found.label})", reason))
    return list(seen.values())


def _look_at(found: Found, zone: tzinfo, name_time: NameTime) -> _Seen | Unusable:
    data = _bytes(found)
    if isinstance(data, Unusable):
        return data
    try:
        taken = found.time or picture_time(data, zone) or name_time(found.path.name)
    except UnreadablePicture as error:
        return Unusable(found.name, error.reason)
    sha256 = hashlib.sha256(data).hexdigest()
    if found.part is not None:  # the key of a box is known before it is cut out
        sha256 = hashlib.sha256(f"{sha256} {found.part}".encode()).hexdigest()
    return _Seen(found=found, key=picture_key(sha256), sha256=sha256, time=taken and as_utc(taken))


def picture_key(sha256: str) -> str:
    """The key of an imported picture, from the hash of its file."""
    return f"import-{sha256[:32]}"


def _cut_out(data: bytes, part: Part) -> tuple[Reading, Box] | str:
    """What is in a box of a picture, as the daemon would cut it; or why there is nothing."""
    whole = whole_picture(data)
    box = part.in_picture(*whole.size)
    if box is None:
        return f"its box lies outside the picture of {whole.width} x {whole.height} pixels"
    square = square_around(box, PAD, *whole.size)
    pixels = at_most(np.asarray(whole)[square.y : square.bottom, square.x : square.right], MAX_SIDE)
    return read_picture(encoded(Image.fromarray(np.ascontiguousarray(pixels)))), box


def _bytes(found: Found) -> bytes | Unusable:
    try:
        size = found.path.stat().st_size
        if size > MOST_BYTES:
            return Unusable(found.name, f"{size // 2**20} MiB are more than {MOST_BYTES // 2**20}")
        return found.path.read_bytes()
    except OSError as error:
        return Unusable(found.name, f"it cannot be read ({error.strerror})")


class _Keeper:
    """Stores lots of pictures with their labels, and counts what happened."""

    def __init__(
        self,
        store: Store,
        task: Task | None,
        wanted: Wanted,
        kind: PictureKind,
        now: datetime,
        report: Report,
    ) -> None:
        self._store = store
        self._task = task
        self._wanted = wanted
        self._kind = kind
        self._now = now
        self._report = report
        self._tally = Tally(report)

    def keep(self, lot: Sequence[_Seen], visits: Mapping[str, str], pool: ThreadPoolExecutor) -> None:
        """Store one lot in one transaction."""
        by_hash = self._store.known_hashes([seen.sha256 for seen in lot])
        keys = {seen.key: by_hash.get(seen.sha256, seen.key) for seen in lot}
        there = self._store.entries_of(list(keys.values()))
        pictures, entries, texts = list[NewPicture](), list[Entry](), dict[str, str]()
        for seen, made in _in_order(pool, lambda one: self._made(one, keys, there, visits), lot):
            if isinstance(made, Unusable):
                self._report.unusable.append(made)
                continue
            picture, entry = made
            if picture is not None:
                pictures.append(picture)
            entries.append(entry)
            self._tally.add(entry)
            if seen.found.label is not None:
                texts[entry.picture] = seen.found.label
        labels = self._labels(texts)
        new = self._store.import_pictures(
            pictures, entries, labels, task=None if self._task is None else self._task.name
        )
        self._report.new += new
        self._report.known += len(entries) - new
        self._report.labels += len(labels)

    def _made(
        self, seen: _Seen, keys: Mapping[str, str], there: Mapping[str, Entry], visits: Mapping[str, str]
    ) -> tuple[NewPicture | None, Entry] | Unusable:
        """The picture to be stored, None if it is kept already, and its entry in the catalogue."""
        key = keys[seen.key]
        if key in there:
            return None, there[key]
        data = _bytes(seen.found)
        if isinstance(data, Unusable):
            return data
        box, part = None, seen.found.part
        try:
            if part is None:
                reading = read_picture(data)
            elif isinstance(cut := _cut_out(data, part), str):
                return Unusable(seen.found.name, cut)
            else:
                reading, box = cut
        except UnreadablePicture as error:
            return Unusable(seen.found.name, error.reason)
        picture = NewPicture(
            key=key,
            kind=self._kind,
            data=reading.data,
            suffix=reading.suffix,
            camera=self._wanted.camera or self._wanted.source,
            time=self._time(seen),
            width=reading.width,
            height=reading.height,
            box=box,
        )
        return picture, self._entry(seen, key, facts_of(reading.image), visits[seen.key])

    def _entry(self, seen: _Seen, key: str, facts: Facts, visit: str) -> Entry:
        found = seen.found
        day = found.day or (None if seen.time is None else local_day(seen.time, self._wanted.zone))
        return Entry(
            picture=key, visit=visit, source=self._wanted.source, facts=facts, group=found.group, day=day,
            name=found.name,
        )  # fmt: skip

    def _time(self, seen: _Seen) -> datetime:
        """When it was taken; noon where only the day is known, and this moment where nothing is."""
        if seen.time is not None:
            return seen.time
        if seen.found.day is not None:
            return datetime.combine(seen.found.day, time(12), tzinfo=self._wanted.zone).astimezone(UTC)
        return self._now

    def _labels(self, texts: Mapping[str, str]) -> list[Label]:
        """The labels to add: those of pictures without one, or with another one where that is asked for."""
        if self._task is None or not texts:
            return []
        current = self._store.current_labels(self._task.name, list(texts))
        labels = []
        for picture, text in texts.items():
            value = self._task.parse(text)
            if picture in current:
                if self._task.today(current[picture]) == value:
                    continue
                if not self._wanted.override:
                    self._report.labels_kept += 1
                    continue
            labels.append(
                Label(
                    picture=picture, task=self._task.name, value=value, who=self._wanted.who, at=self._now,
                    how="imported", batch=self._wanted.batch,
                )
            )  # fmt: skip
        return labels


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[One], Result], things: Sequence[One]
) -> Iterator[tuple[One, Result]]:
    return zip(things, pool.map(work, things), strict=True)
