"""Labels: a log that only grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import select
from sqlalchemy.orm import Session

from coop.domain.label import Label
from coop.errors import StoreError
from coop.store.core import StoreCore
from coop.store.models import LabelRow, PictureRow

_LABEL = tuple(field.name for field in fields(Label))


class Labels(StoreCore):
    def add_label(self, label: Label) -> None:
        """Add one judgement. Raises StoreError for a picture that is unknown."""
        self.add_labels((label,))

    def add_labels(self, labels: Sequence[Label]) -> None:
        """Add judgements, all or none: the pictures of one visit are labelled by one action."""

        def work(session: Session) -> None:
            for label in labels:
                if session.get(PictureRow, label.picture) is None:
                    raise StoreError(f"The picture {label.picture!r} is not stored, so it cannot be labelled")
                session.add(LabelRow(**{name: getattr(label, name) for name in _LABEL}))

        self._write(work)

    def labels(self, *, picture: str | None = None, task: str | None = None) -> tuple[Label, ...]:
        """The judgements in the order in which they were given, of one picture or task where named."""
        query = select(LabelRow).order_by(LabelRow.id)
        if picture is not None:
            query = query.where(LabelRow.picture == picture)
        if task is not None:
            query = query.where(LabelRow.task == task)
        return self._read(lambda session: tuple(_label(row) for row in session.scalars(query)))

    def is_labelled(self, picture: str) -> bool:
        """Whether anybody ever judged this picture; such pictures are never deleted."""
        query = select(LabelRow.id).where(LabelRow.picture == picture).limit(1)
        return self._read(lambda session: session.scalar(query)) is not None


def _label(row: LabelRow) -> Label:
    return Label(**{name: getattr(row, name) for name in _LABEL})
