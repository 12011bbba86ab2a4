"""Dataset versions: written once, never changed, and checked whenever they are read."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from coop.domain.dataset import (
    DatasetHead,
    DatasetItem,
    DatasetVersion,
    LabelledPicture,
    Part,
    dataset_digest,
)
from coop.domain.task import TaskKind
from coop.errors import LabelError, StoreCorrupt
from coop.store.catalogue import SIGN
from coop.store.core import StoreCore
from coop.store.models import CatalogueRow, CurrentLabelRow, DatasetItemRow, DatasetRow, PictureRow


class Datasets(StoreCore):
    def labelled_pictures(self, task: str) -> tuple[LabelledPicture, ...]:
        """Every catalogued picture with a file that has a label for a task, in the order of keys."""
        query = (
            select(
                PictureRow.key, PictureRow.path, PictureRow.sha256, PictureRow.time, PictureRow.deleted,
                CurrentLabelRow.value, CatalogueRow.visit, CatalogueRow.source, CatalogueRow.grouping,
                CatalogueRow.day, CatalogueRow.phash, CatalogueRow.sharpness,
            )
            .select_from(CurrentLabelRow)
            .join(PictureRow, PictureRow.key == CurrentLabelRow.picture)
            .join(CatalogueRow, CatalogueRow.picture == CurrentLabelRow.picture)
            .where(CurrentLabelRow.task == task)
        )  # fmt: skip

        def work(session: Session) -> tuple[LabelledPicture, ...]:
            # Sifted and sorted here: asked for that, SQLite walks through all pictures.
            rows = [row for row in session.execute(query) if row.deleted is None]
            return tuple(sorted((self._labelled(row) for row in rows), key=lambda each: each.picture))

        return self._read(work)

    def add_dataset(self, made: DatasetVersion) -> DatasetVersion:
        """Keep a version under the task's next number; the one in ``made`` does not count."""

        def work(session: Session) -> int:
            newest = select(func.max(DatasetRow.version)).where(DatasetRow.task == made.task)
            number = (session.scalar(newest) or 0) + 1
            session.add(
                DatasetRow(
                    task=made.task, version=number, made=made.made, who=made.who, kind=made.kind.value,
                    classes=sorted(made.classes), digest=made.digest,
                    about={**made.about, "names": dict(made.classes)},
                )
            )  # fmt: skip
            session.flush()
            values = [
                {
                    "task": made.task, "version": number, "picture": item.picture, "sha256": item.sha256,
                    "value": item.value, "part": item.part.value, "grouping": item.group,
                    "visit": item.visit, "day": None if item.day is None else item.day.isoformat(),
                }
                for item in made.items
            ]  # fmt: skip
            if values:
                session.execute(insert(DatasetItemRow), values)
            return number

        return replace(made, version=self._write(work))

    def datasets(self, task: str | None = None) -> tuple[DatasetHead, ...]:
        """The versions there are, without their pictures, by task, oldest first."""
        query = select(DatasetRow).order_by(DatasetRow.task, DatasetRow.version)
        if task is not None:
            query = query.where(DatasetRow.task == task)
        return self._read(lambda session: tuple(DatasetHead(**_head(row)) for row in session.scalars(query)))

    def dataset(self, task: str, version: int | None = None) -> DatasetVersion:
        """One version (None: the newest) with its pictures. Raises LabelError for one that is not there."""

        def work(session: Session) -> DatasetVersion:
            query = select(DatasetRow).where(DatasetRow.task == task).order_by(DatasetRow.version.desc())
            rows = session.scalars(query).all()
            row = next((row for row in rows if version in (None, row.version)), None)
            if row is None:
                raise LabelError(_missing(task, version, [row.version for row in rows]))
            items = (
                select(*DatasetItemRow.__table__.columns, PictureRow.path)
                .join(PictureRow, PictureRow.key == DatasetItemRow.picture)
                .where(DatasetItemRow.task == task, DatasetItemRow.version == row.version)
            )
            found = [self._item(row) for row in session.execute(items)]
            found.sort(key=lambda item: (item.sha256, item.picture))
            return DatasetVersion(**_head(row), items=tuple(found))

        found = self._read(work)
        if dataset_digest(found.task, found.kind, found.classes, found.items) != found.digest:
            raise StoreCorrupt(
                self.where,
                f"version {found.version} of dataset {task!r} is not what it was when it was made",
                "Put back the latest backup with `coop restore`, or make a new version",
            )
        return found

    def _labelled(self, row: Any) -> LabelledPicture:
        return LabelledPicture(
            picture=row.key,
            path=self._media.locate(row.path),
            sha256=row.sha256,
            value=row.value,
            time=row.time,
            visit=row.visit,
            source=row.source,
            group=row.grouping,
            day=_day(row.day),
            phash=row.phash & (2 * SIGN - 1),
            sharpness=row.sharpness,
        )

    def _item(self, row: Any) -> DatasetItem:
        return DatasetItem(
            picture=row.picture,
            path=self._media.locate(row.path),
            sha256=row.sha256,
            value=row.value,
            part=Part(row.part),
            group=row.grouping,
            visit=row.visit,
            day=_day(row.day),
        )


def _head(row: DatasetRow) -> dict[str, Any]:
    values = {field.name: getattr(row, field.name) for field in fields(DatasetHead)}
    about = dict(row.about)
    return values | {"kind": TaskKind(row.kind), "classes": about.pop("names"), "about": about}


def _missing(task: str, version: int | None, there: list[int]) -> str:
    wanted = "no dataset version yet" if version is None else f"no dataset version {version}"
    known = (
        f"There are: {', '.join(map(str, sorted(there)))}"
        if there
        else f"`coop label version {task}` makes one"
    )
    return f"Task {task!r} has {wanted}. {known}"


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
