"""Tasks: closed lists of classes over one kind of picture, and what a label of one may say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from coop.domain.picture import PictureKind
from coop.errors import LabelError

NONE = "none"
"""Nothing of the task is there: an empty picture, not a bird, the empty set, no egg. Training learns it."""

UNSURE = "unsure"
"""A person looked and cannot tell. It is an answer, but not one to train on."""

SKIP = "skip"
"""A person passed the picture by. It is no answer: the grid finds it again."""

UNLABELLED = ""
"""The value of a picture whose label was taken back."""

SPECIAL = (NONE, UNSURE, SKIP)

RESERVED_KEYS = frozenset("0uszy?")
"""Keys of the labelling page itself: none, unsure, skip, undo, redo, help. Classes get other ones."""

PALETTE = (
    "#c2410c", "#1d4ed8", "#15803d", "#a21caf", "#b45309", "#0f766e",
    "#be123c", "#4338ca", "#4d7c0f", "#7e22ce", "#0369a1", "#78716c",
)  # fmt: skip
"""Colours of classes that were given none, dark enough for white letters on them."""
_JOIN, _IS = "|", "="
_LONGEST_NAME = 60
_MOST = 999


class TaskKind(StrEnum):
    """How many classes one label names."""

    SINGLE = "single"
    MULTI = "multi"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskClass:
    """One class of a task.

    ``code`` is what labels hold; it never changes and is never used again. ``name`` is what people and models
    call it now. A class ``merged_into`` another lives on in that one; a ``retired`` one is offered no more.
    """

    code: str
    name: str
    definition: str = ""
    colour: str = ""
    key: str = ""
    examples: tuple[str, ...] = ()
    retired: datetime | None = None
    merged_into: str | None = None

    @property
    def is_offered(self) -> bool:
        return self.retired is None and self.merged_into is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A closed list of classes over one kind of picture.

    ``pictures`` is the kind that the task is about (None: any). ``daemon``: the daemon's own pictures belong
    to it by themselves; else only what is imported for it.

    A label's value is, by class codes: ``hen`` (single); ``brown|white`` or ``none`` (multi, sorted);
    ``eggs=3|hens=1`` (count, sorted); or one of ``SPECIAL``.
    """

    name: str
    kind: TaskKind
    classes: tuple[TaskClass, ...] = ()
    title: str = ""
    pictures: PictureKind | None = None
    daemon: bool = True
    _by_code: Mapping[str, TaskClass] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_code", {cls.code: cls for cls in self.classes})

    @property
    def offered(self) -> tuple[TaskClass, ...]:
        """The classes that a person may choose from, in their order."""
        return tuple(cls for cls in self.classes if cls.is_offered)

    def current(self, code: str) -> TaskClass:
        """The class that a code stands for today, merges followed. Raises LabelError for a strange one."""
        seen = set()
        while code in self._by_code and code not in seen:
            seen.add(code)
            found = self._by_code[code]
            if found.merged_into is None:
                return found
            code = found.merged_into
        raise LabelError(f"Task {self.name!r} has no class with the code {code!r}")

    def named(self, name: str) -> TaskClass:
        """The class with this name (or code) today. Raises LabelError with the names that there are."""
        for cls in self.classes:
            if cls.name == name and cls.merged_into is None:
                return cls
        if name in self._by_code:
            return self.current(name)
        names = ", ".join(cls.name for cls in self.offered) or "none yet"
        raise LabelError(f"Task {self.name!r} has no class {name!r}. It has: {names}")

    def parse(self, text: str) -> str:
        """The value that a text by names says, such as "white | brown". Raises LabelError."""
        text = text.strip()
        if text in SPECIAL:
            return text
        parts = [part.strip() for part in text.split(_JOIN)]
        match self.kind:
            case TaskKind.SINGLE:
                if len(parts) != 1:
                    raise LabelError(
                        f"Task {self.name!r} allows one class for a picture. Received: {text!r}. "
                        "Make the task a multi one, or choose one class"
                    )
                return self.named(text).code
            case TaskKind.MULTI:
                return joined(self.named(part).code for part in parts)
            case TaskKind.COUNT:
                counts = dict(_count_of(part) for part in parts)
                return counted({self.named(name).code: n for name, n in counts.items()})

    def today(self, value: str) -> str:
        """A value in terms of today's classes: those that were merged are what they were merged into."""
        if value in SPECIAL or value == UNLABELLED:
            return value
        match self.kind:
            case TaskKind.SINGLE:
                return self.current(value).code
            case TaskKind.MULTI:
                return joined(self.current(code).code for code in value.split(_JOIN))
            case TaskKind.COUNT:
                total: dict[str, int] = {}
                for code, n in counts_in(value).items():
                    now = self.current(code).code
                    total[now] = total.get(now, 0) + n
                return counted(total)

    def shown(self, value: str) -> str:
        """A value by today's names, as exports and people read it; what `parse` takes."""
        value = self.today(value)
        if value in SPECIAL or value == UNLABELLED:
            return value
        if self.kind is TaskKind.COUNT:
            named = sorted((self._by_code[code].name, n) for code, n in counts_in(value).items())
            return _JOIN.join(f"{name}{_IS}{n}" for name, n in named)
        return _JOIN.join(sorted(self._by_code[code].name for code in value.split(_JOIN)))


def codes_in(value: str) -> tuple[str, ...]:
    """The codes that a value names; for a count those counted at least once."""
    if value in SPECIAL or value == UNLABELLED:
        return ()
    if _IS in value:
        return tuple(code for code, n in counts_in(value).items() if n > 0)
    return tuple(value.split(_JOIN))


def counts_in(value: str) -> dict[str, int]:
    """The counts of a count value by code; empty for `NONE`, which counts nothing at all."""
    if value in SPECIAL or value == UNLABELLED:
        return {}
    return dict(_count_of(part) for part in value.split(_JOIN))


def joined(codes: Iterable[str]) -> str:
    """The multi value of some codes."""
    return _JOIN.join(sorted(set(codes))) or NONE


def counted(counts: Mapping[str, int]) -> str:
    """The count value of some counts by code."""
    return _JOIN.join(f"{code}{_IS}{n}" for code, n in sorted(counts.items())) or NONE


def check_class_name(name: str) -> str:
    """A class name without the blanks around it. Raises LabelError for one that could be misread."""
    name = name.strip()
    if not 0 < len(name) <= _LONGEST_NAME:
        raise LabelError(f"A class name has 1 to {_LONGEST_NAME} characters. Received: {name[:80]!r}")
    if _JOIN in name or _IS in name or not name.isprintable():
        raise LabelError(f"A class name holds no '|', no '=' and nothing invisible. Received: {name!r}")
    if name in SPECIAL:
        raise LabelError(f"{name!r} is an answer of every task, so no class can be called that")
    return name


def check_key(key: str) -> str:
    """A class's key: a digit from 1 to 9 or a small letter that the page does not need, or none at all."""
    if key and (len(key) != 1 or not (key.isascii() and key.isalnum()) or key != key.lower()):
        raise LabelError(f"A key is one digit or one small letter. Received: {key!r}")
    if key in RESERVED_KEYS:
        raise LabelError(f"The key {key!r} belongs to the page itself. Choose another one")
    return key


def free_key(kind: TaskKind, name: str, taken: Iterable[str]) -> str:
    """A key for a new class: the next digit (where digits do not count things), else a letter of its name."""
    used = {*taken, *RESERVED_KEYS}
    digits = "" if kind is TaskKind.COUNT else "123456789"
    letters = [c for c in name.lower() if c.isascii() and c.isalpha()]
    return next((c for c in (*digits, *letters, *"abcdefghijklmnopqrstuvwxyz") if c not in used), "")


def _count_of(part: str) -> tuple[str, int]:
    name, is_, number = part.rpartition(_IS)
    if not is_ or not number.strip().isascii() or not number.strip().isdigit() or int(number) > _MOST:
        raise LabelError(f"A count looks like 'eggs=3', from 0 to {_MOST}. Received: {part!r}")
    return name.strip(), int(number)
