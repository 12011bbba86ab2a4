"""Labels: a log that only grows, and what it says now of each picture."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from coop.domain.label import Label
from coop.domain.task import UNLABELLED
from coop.errors import LabelError, StoreError
from coop.store.core import StoreCore, upsert
from coop.store.models import CatalogueRow, CurrentLabelRow, LabelRow, PictureRow, TaskVisitRow

_LABEL = tuple(field.name for field in fields(Label))
_MANY = 500
"""Values in one IN list: SQLite allows some thousands of them in one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What an undo or a redo did. ``left``: pictures that somebody labelled anew meanwhile: they stay."""

    batch: str
    pictures: tuple[str, ...]
    left: tuple[str, ...]


class Labels(StoreCore):
    def add_label(self, label: Label) -> None:
        """Add one judgement. Raises StoreError for a picture that is unknown."""
        self.add_labels((label,))

    def add_labels(self, labels: Sequence[Label]) -> bool:
        """Add judgements, all or none: the pictures of one visit are labelled by one action.

        A batch that is in the log already is not added again, so whoever heard no answer may repeat the call;
        returns whether the labels were new.
        """
        batches = {label.batch for label in labels if label.batch is not None}

        def work(session: Session) -> bool:
            if batches and session.scalar(select(exists().where(LabelRow.batch.in_(batches)))):
                return False
            add_labels(session, labels)
            return bool(labels)

        return self._write(work)

    def undo(self, batch: str, *, who: str, at: datetime, as_batch: str) -> Undone:
        """Give the pictures of a batch the labels that they had before it, by labels of their own.

        Undoing an undo brings the labels back (a redo). Pictures that were labelled anew since are left.
        Calling again with the same ``as_batch`` changes nothing. Raises LabelError for an unknown batch.
        """

        def work(session: Session) -> Undone:
            done = session.scalars(select(LabelRow).where(LabelRow.batch == as_batch)).all()
            if not done:
                _undo(session, batch, who, at, as_batch)
                done = session.scalars(select(LabelRow).where(LabelRow.batch == as_batch)).all()
            undone = {row.picture for row in done}
            those = session.scalars(select(LabelRow.picture).where(LabelRow.batch == batch).distinct()).all()
            left = tuple(sorted(set(those) - undone))
            return Undone(batch=batch, pictures=tuple(sorted(undone)), left=left)

        return self._write(work)

    def undoable(self, task: str, who: str, *, redo: bool = False) -> str | None:
        """The batch that a person's next undo (or redo) takes back; None where there is none."""
        first = func.min(LabelRow.id)
        query = (
            select(LabelRow.batch, func.max(LabelRow.undoes))
            .where(LabelRow.task == task, LabelRow.who == who, LabelRow.batch.is_not(None))
            .group_by(LabelRow.batch)
            .order_by(first)
        )
        rows = self._read(lambda session: [(str(row[0]), row[1]) for row in session.execute(query)])
        done, undone = stacks(rows)
        stack = undone if redo else done
        return stack[-1] if stack else None

    def labels(
        self,
        *,
        picture: str | None = None,
        task: str | None = None,
        batch: str | None = None,
        who: str | None = None,
        after: int = 0,
    ) -> tuple[Label, ...]:
        """The judgements in the order in which they were given, of one picture, task, batch or person."""
        query = select(LabelRow).where(LabelRow.id > after).order_by(LabelRow.id)
        wanted = {"picture": picture, "task": task, "batch": batch, "who": who}
        for name, value in wanted.items():
            if value is not None:
                query = query.where(getattr(LabelRow, name) == value)
        return self._read(lambda session: tuple(read_label(row) for row in session.scalars(query)))

    def current_labels(self, task: str, pictures: Collection[str] | None = None) -> dict[str, str]:
        """The value that holds now of each labelled picture, by its key; of some pictures if given."""
        query = select(CurrentLabelRow.picture, CurrentLabelRow.value).where(CurrentLabelRow.task == task)

        def work(session: Session) -> dict[str, str]:
            if pictures is None:
                return {row[0]: row[1] for row in session.execute(query)}
            return {
                row[0]: row[1]
                for some in in_lots(pictures)
                for row in session.execute(query.where(CurrentLabelRow.picture.in_(some)))
            }

        return self._read(work)

    def newest_label(self) -> datetime | None:
        """When anybody last labelled anything; None where nobody ever did."""
        query = select(LabelRow.at).order_by(LabelRow.id.desc()).limit(1)
        return self._read(lambda session: session.scalar(query))

    def is_labelled(self, picture: str) -> bool:
        """Whether anybody ever judged this picture; such pictures are never deleted."""
        query = select(LabelRow.id).where(LabelRow.picture == picture).limit(1)
        return self._read(lambda session: session.scalar(query)) is not None


def add_labels(session: Session, labels: Sequence[Label]) -> None:
    """Add to the log, and keep what holds now and what is still open in step with it."""
    _require_pictures(session, {label.picture for label in labels})
    rows = [LabelRow(**{name: getattr(label, name) for name in _LABEL}) for label in labels]
    session.add_all(rows)
    session.flush()
    newest = {(row.task, row.picture): row for row in rows}
    kept = [row for row in newest.values() if row.value != UNLABELLED]
    for row in newest.values():
        if row.value == UNLABELLED:
            session.execute(
                delete(CurrentLabelRow).where(
                    CurrentLabelRow.task == row.task, CurrentLabelRow.picture == row.picture
                )
            )
    values = [
        {name: getattr(row, name) for name in ("task", "picture", "value", "who", "at")} | {"label": row.id}
        for row in kept
    ]
    upsert(session, CurrentLabelRow, ["task", "picture"], values)
    for task in {row.task for row in rows}:
        of_task = {row.picture for row in rows if row.task == task}
        for some in in_lots(of_task):
            visits = session.scalars(
                select(CatalogueRow.visit).where(CatalogueRow.picture.in_(some)).distinct()
            )
            count_open(session, task, visits.all())


def count_open(session: Session, task: str, visits: Collection[str]) -> None:
    """Count anew how many pictures of these visits have no label yet, and how many there are."""
    there = (
        select(func.count())
        .select_from(CatalogueRow)
        .join(PictureRow, PictureRow.key == CatalogueRow.picture)
        .where(CatalogueRow.visit == TaskVisitRow.visit, PictureRow.deleted.is_(None))
    )
    labelled = exists().where(CurrentLabelRow.task == task, CurrentLabelRow.picture == CatalogueRow.picture)
    for some in in_lots(visits):
        session.execute(
            update(TaskVisitRow)
            .where(TaskVisitRow.task == task, TaskVisitRow.visit.in_(some))
            .values(pictures=there.scalar_subquery(), open=there.where(~labelled).scalar_subquery())
            .execution_options(synchronize_session=False)
        )


def count_open_again(session: Session, pictures: Collection[str]) -> None:
    """Count anew for every task, after these pictures' files were deleted."""
    for some in in_lots(pictures):
        query = (
            select(TaskVisitRow.task, TaskVisitRow.visit)
            .join(CatalogueRow, CatalogueRow.visit == TaskVisitRow.visit)
            .where(CatalogueRow.picture.in_(some))
            .distinct()
        )
        visits: dict[str, list[str]] = {}
        for task, visit in session.execute(query):
            visits.setdefault(task, []).append(visit)
        for task, of_task in visits.items():
            count_open(session, task, of_task)


def in_lots(keys: Collection[str]) -> Iterable[Sequence[str]]:
    """Keys in lots that fit into one statement."""
    listed = sorted(keys)
    return (listed[start : start + _MANY] for start in range(0, len(listed), _MANY))


def _require_pictures(session: Session, keys: Collection[str]) -> None:
    for some in in_lots(keys):
        there = set(session.scalars(select(PictureRow.key).where(PictureRow.key.in_(some))))
        for missing in sorted(set(some) - there):
            raise StoreError(f"The picture {missing!r} is not stored, so it cannot be labelled")


def _undo(session: Session, batch: str, who: str, at: datetime, as_batch: str) -> None:
    rows = session.scalars(select(LabelRow).where(LabelRow.batch == batch).order_by(LabelRow.id)).all()
    if not rows:
        raise LabelError(f"There is no batch {batch!r} of labels to take back")
    back = []
    for task, picture in {(row.task, row.picture): None for row in rows}:
        same = select(LabelRow).where(LabelRow.task == task, LabelRow.picture == picture)
        log = session.scalars(same.order_by(LabelRow.id)).all()
        value = _value_without(batch, [(row.batch, row.undoes, row.value) for row in log])
        if value is not None:
            back.append(
                Label(
                    picture=picture, task=task, value=value, who=who, at=at, how="undo", batch=as_batch,
                    undoes=batch,
                )
            )  # fmt: skip
    add_labels(session, back)


def _value_without(batch: str, log: Sequence[tuple[str | None, str | None, str]]) -> str | None:
    """What a picture's label is once ``batch`` is taken back; None where something newer stands.

    ``log``: batch, what it undoes, and value of each label of the picture, oldest first.
    """
    done, undone = stacks([(name or "", undoes) for name, undoes, _ in log])
    values = {name or "": value for name, _, value in log}
    if undone and undone[-1] == batch:  # a redo: what the undo took away comes back
        taken = next(undoes for name, undoes, _ in log if name == batch)
        return values[taken or ""]
    if done and done[-1] == batch:
        return values[done[-2]] if len(done) > 1 else UNLABELLED
    return None


def stacks(batches: Sequence[tuple[str, str | None]]) -> tuple[list[str], list[str]]:
    """What can be undone and redone, the next one last, from batches in order with what each took back."""
    done: list[str] = []
    undone: list[str] = []  # undo batches: undoing one of them is a redo
    for batch, undoes in batches:
        if undoes is None:
            done.append(batch)
            undone.clear()
        elif undoes in done:
            done.remove(undoes)
            undone.append(batch)
        elif undoes in undone:
            undone.remove(undoes)
            done.append(batch)
    return done, undone


def read_label(row: LabelRow) -> Label:
    return Label(**{name: getattr(row, name) for name in _LABEL})
