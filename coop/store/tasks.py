"""Tasks and their classes. Whatever changes, labels given before keep their meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from coop.domain.picture import PictureKind
from coop.domain.task import (
    PALETTE,
    Task,
    TaskClass,
    TaskKind,
    check_class_name,
    check_key,
    free_key,
)
from coop.errors import LabelError
from coop.store.core import StoreCore
from coop.store.models import TaskChangeRow, TaskClassRow, TaskRow


class Tasks(StoreCore):
    def tasks(self) -> tuple[Task, ...]:
        """Every task, by name."""
        return self._read(lambda session: tuple(_task(session, row) for row in _rows(session)))

    def task(self, name: str) -> Task:
        """One task. Raises LabelError for a name that no task has."""
        return self._read(lambda session: task_in(session, name))

    def add_task(self, task: Task, who: str, at: datetime) -> Task:
        """Add a task; classes without a key or a colour get one. Raises LabelError for a name taken."""

        def work(session: Session) -> Task:
            if session.get(TaskRow, task.name) is not None:
                raise LabelError(f"There is a task {task.name!r} already. Choose another name")
            name = check_class_name(task.name)
            session.add(
                TaskRow(
                    name=name,
                    kind=task.kind.value,
                    title=task.title or name,
                    pictures=None if task.pictures is None else task.pictures.value,
                    daemon=task.daemon,
                )
            )
            _note(session, name, who, at, "task added", kind=task.kind.value)
            session.flush()
            for cls in task.classes:
                _add_class(session, name, task.kind, cls, who, at)
            return task_in(session, name)

        return self._write(work)

    def add_classes(self, task: str, names: Sequence[str], who: str, at: datetime) -> Task:
        """Add classes at the end of a task's list; names that it has already are left alone."""

        def work(session: Session) -> Task:
            known = task_in(session, task)
            there = {cls.name for cls in known.classes if cls.merged_into is None}
            for name in dict.fromkeys(check_class_name(name) for name in names):
                if name not in there:
                    _add_class(session, task, known.kind, TaskClass(code=name, name=name), who, at)
            return task_in(session, task)

        return self._write(work)

    def rename_class(self, task: str, code: str, name: str, who: str, at: datetime) -> Task:
        """Call a class otherwise from now on; what was labelled before is called so too."""

        def work(session: Session) -> Task:
            new = check_class_name(name)
            known = task_in(session, task)
            if any(cls.name == new and cls.code != code and cls.merged_into is None for cls in known.classes):
                raise LabelError(
                    f"Task {task!r} has a class {new!r} already. To make one of both, merge them instead"
                )
            row = _class_row(session, task, code)
            _note(session, task, who, at, "class renamed", code=code, before=row.name, after=new)
            row.name = new
            session.flush()
            return task_in(session, task)

        return self._write(work)

    def merge_class(self, task: str, code: str, into: str, who: str, at: datetime) -> Task:
        """Make one class a part of another: its pictures count as the other's. `part_class` takes it back."""

        def work(session: Session) -> Task:
            if task_in(session, task).current(into).code == code:
                raise LabelError(f"Class {code!r} of task {task!r} cannot be merged into itself")
            _class_row(session, task, into)
            _class_row(session, task, code).merged_into = into
            _note(session, task, who, at, "class merged", code=code, into=into)
            session.flush()
            return task_in(session, task)

        return self._write(work)

    def part_class(self, task: str, code: str, who: str, at: datetime) -> Task:
        """Take a merging back: labels given before it mean again what they meant."""

        def work(session: Session) -> Task:
            row = _class_row(session, task, code)
            if any(
                cls.name == row.name and cls.merged_into is None for cls in task_in(session, task).classes
            ):
                raise LabelError(
                    f"Task {task!r} has another class {row.name!r} by now. Rename that one first"
                )
            row.merged_into = None
            _note(session, task, who, at, "class parted", code=code)
            session.flush()
            return task_in(session, task)

        return self._write(work)

    def retire_class(self, task: str, code: str, who: str, at: datetime, *, back: bool = False) -> Task:
        """Offer a class no more (``back``: again). Its labels stay as they are."""

        def work(session: Session) -> Task:
            _class_row(session, task, code).retired = None if back else at
            _note(session, task, who, at, "class offered again" if back else "class retired", code=code)
            session.flush()
            return task_in(session, task)

        return self._write(work)

    def describe_class(
        self,
        task: str,
        code: str,
        who: str,
        at: datetime,
        *,
        definition: str | None = None,
        colour: str | None = None,
        key: str | None = None,
        examples: Sequence[str] | None = None,
    ) -> Task:
        """Change what is given of a class's definition, colour (#rrggbb), key and example pictures."""

        def work(session: Session) -> Task:
            changes: dict[str, Any] = {}
            if definition is not None:
                changes["definition"] = definition.strip()
            if colour is not None:
                changes["colour"] = _checked_colour(colour)
            if key is not None:
                changes["key"] = check_key(key)
                holder = next((c for c in task_in(session, task).offered if key and c.key == key), None)
                if holder is not None and holder.code != code:
                    raise LabelError(f"The key {key!r} belongs to {holder.name!r}. Choose another one")
            if examples is not None:
                changes["examples"] = list(dict.fromkeys(examples))
            row = _class_row(session, task, code)
            for name, value in changes.items():
                setattr(row, name, value)
            _note(session, task, who, at, "class described", code=code, **changes)
            session.flush()
            return task_in(session, task)

        return self._write(work)

    def order_classes(self, task: str, codes: Sequence[str], who: str, at: datetime) -> Task:
        """Put a task's classes into this order; those not named come after them."""

        def work(session: Session) -> Task:
            rest = [cls.code for cls in task_in(session, task).classes if cls.code not in codes]
            for position, code in enumerate((*codes, *rest)):
                _class_row(session, task, code).position = position
            _note(session, task, who, at, "classes ordered", codes=list(codes))
            session.flush()
            return task_in(session, task)

        return self._write(work)

    def task_changes(self, task: str) -> tuple[Mapping[str, Any], ...]:
        """What was done to a task, oldest first, each with ``at``, ``who``, ``what`` and its details."""
        query = select(TaskChangeRow).where(TaskChangeRow.task == task).order_by(TaskChangeRow.id)
        return self._read(
            lambda session: tuple(
                {"at": row.at, "who": row.who, "what": row.what, **row.details}
                for row in session.scalars(query)
            )
        )


def task_in(session: Session, name: str) -> Task:
    """A task as one moment of the database has it. Raises LabelError for a name that no task has."""
    row = session.get(TaskRow, name)
    if row is None:
        names = ", ".join(row.name for row in _rows(session)) or "none yet"
        raise LabelError(f"There is no task {name!r}. There are: {names}. `coop label task add` makes one")
    return _task(session, row)


def _rows(session: Session) -> Sequence[TaskRow]:
    return session.scalars(select(TaskRow).order_by(TaskRow.name)).all()


def _task(session: Session, row: TaskRow) -> Task:
    query = select(TaskClassRow).where(TaskClassRow.task == row.name)
    classes = session.scalars(query.order_by(TaskClassRow.position, TaskClassRow.code))
    return Task(
        name=row.name,
        kind=TaskKind(row.kind),
        title=row.title,
        pictures=None if row.pictures is None else PictureKind(row.pictures),
        daemon=row.daemon,
        classes=tuple(
            TaskClass(
                code=cls.code,
                name=cls.name,
                definition=cls.definition,
                colour=cls.colour,
                key=cls.key,
                examples=tuple(cls.examples),
                retired=cls.retired,
                merged_into=cls.merged_into,
            )
            for cls in classes
        ),
    )


def _class_row(session: Session, task: str, code: str) -> TaskClassRow:
    row = session.get(TaskClassRow, (task, code))
    if row is None:
        raise LabelError(f"Task {task!r} has no class with the code {code!r}")
    return row


def _add_class(session: Session, task: str, kind: TaskKind, cls: TaskClass, who: str, at: datetime) -> None:
    there = task_in(session, task).classes
    name = check_class_name(cls.name)
    if any(other.name == name and other.merged_into is None for other in there):
        raise LabelError(f"Task {task!r} has a class {name!r} already. Choose another name")
    code = _free_code(name, {other.code for other in there})
    key = check_key(cls.key) or free_key(kind, name, [other.key for other in there if other.is_offered])
    session.add(
        TaskClassRow(
            task=task,
            code=code,
            name=name,
            position=len(there),
            definition=cls.definition,
            colour=_checked_colour(cls.colour or PALETTE[len(there) % len(PALETTE)]),
            key=key,
            examples=list(cls.examples),
            retired=cls.retired,
            merged_into=None,
        )
    )
    _note(session, task, who, at, "class added", code=code, name=name)
    session.flush()


def _free_code(name: str, taken: set[str]) -> str:
    """Codes are never used again: another class of a name that was in use gets a number behind it."""
    n, code = 1, name
    while code in taken:
        n += 1
        code = f"{name} {n}"
    return code


def _checked_colour(colour: str) -> str:
    digits = colour.removeprefix("#")
    if len(colour) != 7 or len(digits) != 6 or any(c not in "0123456789abcdef" for c in digits.lower()):
        raise LabelError(f"A colour looks like '#c2410c'. Received: {colour!r}")
    return colour.lower()


def _note(session: Session, task: str, who: str, at: datetime, what: str, **details: Any) -> None:
    session.add(TaskChangeRow(task=task, at=at, who=who, what=what, details=details))
