"""Labelled pictures as training and evaluation read them: a CSV, or a folder for each class.

    path,label,group
    20161002124153.jpg,white|brown,2016-10-02

``path`` is relative to the CSV; ``group`` (a day or a visit, never split) may be left out. The columns
``time`` (2016-10-02T12:41:53, by the coop's clock) and ``camera`` may stand beside them: `coop evaluate` then
tells each hour and each camera by itself. So may ``second``, what another person said of the picture without
knowing the label: `coop evaluate` then says how good a person is. Several labels are joined by ``|``,
``none`` is the empty set, a count is written ``eggs=3``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np

from coop.classify.card import NONE, TaskMode
from coop.domain.frame import Picture
from coop.errors import CoopError

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
_NAME_ONE = "Name a folder of pictures: --unlabelled DIR"
_FEW = 5  # examples of a problem are enough


class LabelledDataError(CoopError, ValueError):
    """Labelled pictures that cannot be used; names the file, what is wrong with it, and what to do."""

    def __init__(self, source: Path, problem: str, remedy: str) -> None:
        self.source = source
        self.problem = problem
        super().__init__(f"{source}: {problem}. {remedy}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A picture's file with what it shows and the group that must not be split.

    ``answer`` holds the classes that are there: one in a ``single`` task, any number in a ``multi`` task, one
    ``name=number`` for each counted name in a ``count`` task. ``hour`` of the day and ``camera`` where known;
    ``second`` is what another person said of it, where one was asked; ``picture`` its key in the record.
    """

    path: Path
    answer: frozenset[str]
    group: str
    hour: int | None = None
    camera: str | None = None
    second: frozenset[str] | None = None
    picture: str | None = None

    @property
    def label(self) -> str:
        """The answer as a CSV has it."""
        return "|".join(sorted(self.answer)) or NONE


@dataclass(frozen=True, kw_only=True)
class LabelledSet:
    """Examples of one task. ``classes``: in a ``count`` task the names that are counted, else all labels."""

    source: Path
    mode: TaskMode
    classes: tuple[str, ...]
    examples: tuple[Example, ...]

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups in the order of their names."""
        return tuple(sorted({example.group for example in self.examples}))

    def of_groups(self, groups: Iterable[str]) -> LabelledSet:
        """The examples of some groups; the classes stay those of the whole."""
        wanted = set(groups)
        kept = tuple(example for example in self.examples if example.group in wanted)
        return LabelledSet(source=self.source, mode=self.mode, classes=self.classes, examples=kept)


def read_labelled(source: Path, *, mode: TaskMode | None = None) -> LabelledSet:
    """Read a labelled CSV, or a folder with a folder of pictures for each class.

    Without ``mode`` the labels decide: any ``name=number`` makes it a count task, any ``|`` or ``none`` a
    multi one (``none`` is the empty set, so every set can be told), else a picture has one class. Raises
    LabelledDataError with the first few lines that are wrong.
    """
    if source.is_dir():
        examples = list(_from_folders(source))
        mode = mode or TaskMode.SINGLE
    elif source.is_file():
        rows = _rows(source)
        mode = mode or _mode_of([row.label for row in rows])
        examples = _examples(source, rows, mode)
    else:
        raise LabelledDataError(source, "there is no such file or folder", "Check the name")
    if not examples:
        raise LabelledDataError(source, "it names no pictures", "Label some first, or choose another file")
    return LabelledSet(source=source, mode=mode, classes=_classes(examples, mode), examples=tuple(examples))


def unlabelled_in(folder: Path) -> tuple[Example, ...]:
    """The pictures of a folder, each a group of its own. Raises LabelledDataError where there are none."""
    if not folder.is_dir():
        raise LabelledDataError(folder, "there is no such folder", _NAME_ONE)
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES and p.is_file())
    if not paths:
        raise LabelledDataError(folder, "it holds no pictures", _NAME_ONE)
    return tuple(Example(path=path, answer=frozenset(), group=f"unlabelled {path.name}") for path in paths)


def read_picture(path: Path) -> Picture:
    """A picture as BGR (h, w, 3). Raises LabelledDataError for one that cannot be read."""
    try:
        data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise LabelledDataError(path, f"it cannot be read ({error.strerror})", "Restore the file") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise LabelledDataError(path, "it is no picture, or is cut off", "Remove it from the labels")
    return np.asarray(image, dtype=np.uint8)


def unreadable(pictures: LabelledSet) -> tuple[Path, ...]:
    """The files that cannot be read as pictures."""
    return tuple(example.path for example in pictures.examples if not is_readable(example.path))


def is_readable(path: Path) -> bool:
    """Whether a file is a picture."""
    try:
        read_picture(path)
    except LabelledDataError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A line of a CSV, as it is written there."""

    path: str
    label: str
    group: str
    time: str
    camera: str
    second: str


def _rows(source: Path) -> list[_Row]:
    """The lines; one without a group is a group of its own."""
    try:
        return _lines(source)
    except (UnicodeDecodeError, csv.Error) as error:
        problem = f"it is no CSV in UTF-8 ({error})"
        raise LabelledDataError(source, problem, "Save it as CSV in UTF-8, with plain commas") from None


def _lines(source: Path) -> list[_Row]:
    with source.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = {"path", "label"} - set(reader.fieldnames or ())
        if missing:
            problem = f"its first line lacks the column {' and '.join(sorted(missing))}"
            raise LabelledDataError(source, problem, "Begin it with: path,label,group")
        rows = []
        for number, row in enumerate(reader, start=2):
            path, label = (row["path"] or "").strip(), (row["label"] or "").strip()
            if not path or not label:
                problem = f"line {number} has no {'path' if not path else 'label'}"
                raise LabelledDataError(source, problem, f"Write {NONE!r} where nothing of the task is there")
            group, time, camera, second = (
                (row.get(name) or "").strip() for name in ("group", "time", "camera", "second")
            )
            rows.append(
                _Row(path=path, label=label, group=group or path, time=time, camera=camera, second=second)
            )
    return rows


def _mode_of(labels: Sequence[str]) -> TaskMode:
    if any("=" in label for label in labels):
        return TaskMode.COUNT
    if any("|" in label or label == NONE for label in labels):
        return TaskMode.MULTI
    return TaskMode.SINGLE


def _examples(source: Path, rows: Sequence[_Row], mode: TaskMode) -> list[Example]:
    examples, problems = [], []
    for number, row in enumerate(rows, start=2):
        file = source.parent / row.path
        try:
            answer, hour = _answer(row.label, mode), _hour(row.time)
            second = _answer(row.second, mode) if row.second else None
        except ValueError as error:
            problems.append(f"line {number}: {error}")
            continue
        if not file.is_file():
            problems.append(f"line {number}: there is no file {row.path}")
        camera = row.camera or None
        examples.append(
            Example(path=file, answer=answer, group=row.group, hour=hour, camera=camera, second=second)
        )
    if problems:
        more = f" (and {len(problems) - _FEW} more)" if len(problems) > _FEW else ""
        raise LabelledDataError(
            source, "; ".join(problems[:_FEW]) + more, "Correct these lines, or take them out"
        )
    return examples


def _answer(label: str, mode: TaskMode) -> frozenset[str]:
    parts = [part.strip() for part in label.split("|")]
    match mode:
        case TaskMode.SINGLE:
            if len(parts) > 1:
                raise ValueError(f"{label!r} names several classes, where a picture has one")
            return frozenset(parts)
        case TaskMode.MULTI:
            return frozenset() if label == NONE else frozenset(parts)
        case TaskMode.COUNT:
            return frozenset(f"{name}={number}" for name, number in map(_count, parts))


def _hour(time: str) -> int | None:
    if not time:
        return None
    try:
        return datetime.fromisoformat(time).hour
    except ValueError:
        raise ValueError(f"{time!r} is no time such as '2016-10-02T12:41:53'") from None


def _count(part: str) -> tuple[str, int]:
    name, _, number = part.rpartition("=")
    if not name or not number.isascii() or not number.isdigit():
        raise ValueError(f"{part!r} is no count such as 'eggs=3'")
    return name.strip(), int(number)


def _classes(examples: Sequence[Example], mode: TaskMode) -> tuple[str, ...]:
    names = {name for example in examples for name in example.answer}
    if mode is TaskMode.COUNT:
        names = {name.partition("=")[0] for name in names}
    return tuple(sorted(names))


def _from_folders(source: Path) -> Iterator[Example]:
    """Pictures in folders named by their class; each picture is a group of its own."""
    for folder in sorted(entry for entry in source.iterdir() if entry.is_dir()):
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in _SUFFIXES and path.is_file():
                name = path.relative_to(source).as_posix()
                yield Example(path=path, answer=frozenset({folder.name}), group=name)
