"""What there is to choose from when looking through a task's pictures."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from coop.store.core import StoreCore
from coop.store.models import CatalogueRow, CurrentLabelRow, PictureRow, SuggestionRow, TaskVisitRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How many pictures each filter would find. ``values`` and ``suggested`` are as labels hold them."""

    values: dict[str, int]
    suggested: dict[str, int]
    people: dict[str, int]
    cameras: dict[str, int]
    sources: dict[str, int]
    first_day: str | None
    last_day: str | None


class Browsing(StoreCore):
    def label_counts(self, task: str) -> dict[str, int]:
        """How many pictures have each value now."""
        query = (
            select(CurrentLabelRow.value, func.count())
            .where(CurrentLabelRow.task == task)
            .group_by(CurrentLabelRow.value)
        )
        return self._read(lambda session: {row[0]: row[1] for row in session.execute(query)})

    def choices(self, task: str) -> Choices:
        """What the pictures of a task can be filtered by. It reads them all: ask for it rarely."""

        def work(session: Session) -> Choices:
            places: dict[str, dict[str, int]] = {"camera": {}, "source": {}}
            query = (
                select(
                    PictureRow.camera,
                    CatalogueRow.source,
                    func.count(),
                    func.min(CatalogueRow.day),
                    func.max(CatalogueRow.day),
                )
                .select_from(TaskVisitRow)
                .join(CatalogueRow, CatalogueRow.visit == TaskVisitRow.visit)
                .join(PictureRow, PictureRow.key == CatalogueRow.picture)
                .where(TaskVisitRow.task == task, PictureRow.deleted.is_(None))
                .group_by(PictureRow.camera, CatalogueRow.source)
            )
            days: list[str] = []
            for camera, source, count, first, last in session.execute(query):
                places["camera"][camera] = places["camera"].get(camera, 0) + count
                places["source"][source] = places["source"].get(source, 0) + count
                days += [day for day in (first, last) if day is not None]
            labelled = (
                select(CurrentLabelRow.value, CurrentLabelRow.who, func.count())
                .where(CurrentLabelRow.task == task)
                .group_by(CurrentLabelRow.value, CurrentLabelRow.who)
            )
            values: dict[str, int] = {}
            people: dict[str, int] = {}
            for value, who, count in session.execute(labelled):
                values[value] = values.get(value, 0) + count
                people[who] = people.get(who, 0) + count
            said = (
                select(SuggestionRow.value, func.count())
                .where(SuggestionRow.task == task)
                .group_by(SuggestionRow.value)
            )
            return Choices(
                values=values,
                suggested={row[0]: row[1] for row in session.execute(said)},
                people=people,
                cameras=places["camera"],
                sources=places["source"],
                first_day=min(days, default=None),
                last_day=max(days, default=None),
            )

        return self._read(work)
