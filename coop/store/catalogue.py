"""The catalogue: which pictures there are to label, and what is known of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from coop.domain.catalogue import DAEMON, Entry, Facts, SheetPicture, Suggestion
from coop.domain.label import Label
from coop.domain.picture import NewPicture, PictureKind, StoredPicture
from coop.domain.task import UNLABELLED
from coop.store.core import insert_new, upsert
from coop.store.labels import add_labels, count_open, in_lots
from coop.store.models import (
    CatalogueRow,
    ClusterPictureRow,
    CurrentLabelRow,
    PictureRow,
    SuggestionRow,
    TaskRow,
    TaskVisitRow,
)
from coop.store.pictures import Pictures, picture_values, stored_picture

SIGN = 1 << 63

_FILES_AT_ONCE = 16

SheetQuery: TypeAlias = "Select[PictureRow, CatalogueRow, CurrentLabelRow, SuggestionRow]"


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFilter:
    """Which pictures of a task; None: any. ``value`` is a label's value, `UNLABELLED` for those without one.

    ``suggested``: the model's value; ``unlike``: its suggestion is another than the label. ``since`` and
    ``until`` are days, both included.
    """

    value: str | None = None
    suggested: str | None = None
    unlike: bool = False
    camera: str | None = None
    source: str | None = None
    who: str | None = None
    visit: str | None = None
    cluster: int | None = None
    since: date | None = None
    until: date | None = None


class Catalogue(Pictures):
    def uncatalogued(
        self, limit: int, *, after: tuple[datetime, str] | None = None
    ) -> tuple[StoredPicture, ...]:
        """The oldest crops and zone pictures with a file that the catalogue does not know yet.

        ``after`` (time, key): only those that come after this one, so that unreadable ones stop nobody.
        """
        kinds = [PictureKind.CROP.value, PictureKind.ZONE.value]
        known = exists().where(CatalogueRow.picture == PictureRow.key)
        query = (
            select(PictureRow)
            .where(PictureRow.kind.in_(kinds), PictureRow.deleted.is_(None), ~known)
            .order_by(PictureRow.time, PictureRow.key)
            .limit(limit)
        )
        if after is not None:
            time, key = after
            query = query.where(PictureRow.time >= time, or_(PictureRow.time > time, PictureRow.key > key))
        return self._read(lambda session: tuple(stored_picture(row) for row in session.scalars(query)))

    def catalogue(self, entries: Sequence[Entry]) -> int:
        """Put pictures into the catalogue and into the tasks they belong to; returns how many were new."""

        def work(session: Session) -> int:
            new = insert_new(session, CatalogueRow, ["picture"], [_values(entry) for entry in entries])
            visits = {entry.visit for entry in entries if entry.source == DAEMON}
            for task in session.scalars(select(TaskRow).where(TaskRow.daemon)):
                _join(session, task, visits)
            return new

        return self._write(work)

    def catalogued_zone_pictures(
        self, since: datetime, until: datetime
    ) -> tuple[tuple[StoredPicture, Entry], ...]:
        """The daemon's zone pictures taken in [since, until) that the catalogue knows, oldest first."""
        query = (
            select(PictureRow, *CatalogueRow.__table__.columns)
            .join(CatalogueRow, CatalogueRow.picture == PictureRow.key)
            .where(
                PictureRow.kind == PictureKind.ZONE.value,
                CatalogueRow.source == DAEMON,
                PictureRow.time >= since,
                PictureRow.time < until,
            )
            .order_by(PictureRow.time, PictureRow.key)
        )
        return self._read(
            lambda session: tuple((stored_picture(row[0]), _entry(row)) for row in session.execute(query))
        )

    def join_task(self, task: str, *, source: str | None = None) -> int:
        """Put what is catalogued (of one source, if named) into a task; returns how many visits it has."""

        def work(session: Session) -> int:
            query = select(CatalogueRow.visit).distinct()
            if source is not None:
                query = query.where(CatalogueRow.source == source)
            row = session.get_one(TaskRow, task)
            _join(session, row, set(session.scalars(query)))
            return session.scalar(select(func.count()).where(TaskVisitRow.task == task)) or 0

        return self._write(work)

    def known_hashes(self, hashes: Collection[str]) -> dict[str, str]:
        """The keys of kept pictures by the SHA-256 of their files, of those hashes that are known."""

        def work(session: Session) -> dict[str, str]:
            query = select(PictureRow.sha256, PictureRow.key).where(PictureRow.deleted.is_(None))
            return {
                row[0]: row[1]
                for some in in_lots(hashes)
                for row in session.execute(
                    query.where(PictureRow.sha256.in_(some)).order_by(PictureRow.key.desc())
                )
            }

        return self._read(work)

    def import_pictures(
        self,
        pictures: Sequence[NewPicture],
        entries: Sequence[Entry],
        labels: Sequence[Label] = (),
        *,
        task: str | None = None,
    ) -> int:
        """Keep pictures from elsewhere: files first, then every row and label in one transaction.

        ``entries`` may name pictures that are kept already (exact duplicates): they join ``task`` too, and
        stay where they are in the catalogue. Doing it again adds nothing twice, labels apart: leave out those
        that hold already. Returns how many pictures were new.
        """
        known = self._known_pictures([picture.key for picture in pictures])
        # Side by side, since it is the disk that is waited for, and it takes many files as fast as one.
        with ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
            made = pool.map(lambda picture: self._keep_file(picture, known), pictures)
            kept = [kept for kept in made if kept is not None]

        def work(session: Session) -> int:
            new = insert_new(session, PictureRow, ["key"], [picture_values(picture) for picture in kept])
            insert_new(session, CatalogueRow, ["picture"], [_values(entry) for entry in entries])
            if task is not None:
                named = [entry.picture for entry in entries]
                visits = {
                    visit
                    for some in in_lots(named)
                    for visit in session.scalars(
                        select(CatalogueRow.visit).where(CatalogueRow.picture.in_(some))
                    )
                }
                _join(session, session.get_one(TaskRow, task), visits)
            if labels:
                add_labels(session, labels)
            return new

        return self._write(work)

    def entries(self, *, task: str | None = None, source: str | None = None) -> tuple[Entry, ...]:
        """The catalogue, of one task or source where named, in the order of picture keys."""
        query = select(*CatalogueRow.__table__.columns).order_by(CatalogueRow.picture)
        if source is not None:
            query = query.where(CatalogueRow.source == source)
        if task is not None:
            query = query.where(_belongs(task))
        return self._read(lambda session: tuple(_entry(row) for row in session.execute(query)))

    def entries_of(self, pictures: Collection[str]) -> dict[str, Entry]:
        """The catalogue's entries of some pictures, by key; those it does not know are left out."""
        query = select(*CatalogueRow.__table__.columns)
        return self._read(
            lambda session: {
                row.picture: _entry(row)
                for some in in_lots(pictures)
                for row in session.execute(query.where(CatalogueRow.picture.in_(some)))
            }
        )

    def sheet(
        self,
        task: str,
        only: PictureFilter | None = None,
        *,
        after: tuple[datetime, str] | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> tuple[SheetPicture, ...]:
        """Pictures of a task with label and suggestion, oldest first, from ``after`` (time, key) on."""
        query = _filtered(_kept_sheet_query(task), only or PictureFilter())
        order = (PictureRow.time, PictureRow.key)
        if after is not None:
            time, key = after
            later = PictureRow.time < time if newest_first else PictureRow.time > time
            beside = PictureRow.key < key if newest_first else PictureRow.key > key
            query = query.where(or_(later, and_(PictureRow.time == time, beside)))
        query = (
            query.order_by(*(column.desc() for column in order)) if newest_first else query.order_by(*order)
        )
        if limit is not None:
            query = query.limit(limit)
        return self._read(lambda session: sheets(session, query))

    def sheet_of(self, task: str, pictures: Collection[str]) -> tuple[SheetPicture, ...]:
        """Some pictures of a task, in the order of time; unknown keys and deleted pictures are left out."""

        def work(session: Session) -> tuple[SheetPicture, ...]:
            query = _kept_sheet_query(task)
            found = [
                s
                for some in in_lots(pictures)
                for s in sheets(session, query.where(PictureRow.key.in_(some)))
            ]
            return tuple(sorted(found, key=_moment))

        return self._read(work)

    def count_sheet(self, task: str, only: PictureFilter | None = None) -> int:
        """How many pictures `sheet` would give."""
        query = _filtered(_kept_sheet_query(task), only or PictureFilter())
        counted = query.with_only_columns(func.count(), maintain_column_froms=True)
        return self._read(lambda session: session.scalar(counted) or 0)

    def suggest(self, task: str, suggestions: Sequence[Suggestion]) -> None:
        """Keep what a model says of pictures, instead of what one said before."""
        values = [{name: getattr(s, name) for name in _SUGGESTION} | {"task": task} for s in suggestions]
        self._write(
            lambda session: upsert(session, SuggestionRow, ["task", "picture"], values), durable=False
        )


_SUGGESTION = ("picture", "value", "confidence", "margin", "runner_up", "model")


def visit_sheets(session: Session, task: str, visits: Collection[str]) -> dict[str, tuple[SheetPicture, ...]]:
    """The pictures of some visits, oldest first, by visit."""
    found: dict[str, list[SheetPicture]] = {visit: [] for visit in visits}
    for some in in_lots(visits):
        query = _sheet_query(task).where(CatalogueRow.visit.in_(some))
        # Sorted and sifted here: asked for that, SQLite walks through all pictures to find these few.
        rows = [row for row in session.execute(query) if row[0].deleted is None]
        for sheet in sorted((_sheet(*row) for row in rows), key=_moment):
            found[sheet.visit].append(sheet)
    return {visit: tuple(pictures) for visit, pictures in found.items()}


def _moment(sheet: SheetPicture) -> tuple[datetime, str]:
    return sheet.picture.time, sheet.picture.key


def sheets(session: Session, query: SheetQuery) -> tuple[SheetPicture, ...]:
    return tuple(_sheet(*row) for row in session.execute(query))


def _join(session: Session, task: TaskRow, visits: Collection[str]) -> None:
    """Let visits belong to a task, where their pictures are of its kind."""
    for some in in_lots(visits):
        query = (
            select(literal(task.name), CatalogueRow.visit, func.min(PictureRow.time))
            .join(PictureRow, PictureRow.key == CatalogueRow.picture)
            .where(CatalogueRow.visit.in_(some), PictureRow.deleted.is_(None))
            .group_by(CatalogueRow.visit)
        )
        if task.pictures is not None:
            query = query.where(PictureRow.kind == task.pictures)
        values = [
            {
                "task": name,
                "visit": visit,
                "began": began,
                "pictures": 0,
                "open": 0,
                "turn": 0.0,
                "reason": "",
            }
            for name, visit, began in session.execute(query)
        ]
        insert_new(session, TaskVisitRow, ["task", "visit"], values)
    count_open(session, task.name, visits)


def _belongs(task: str) -> ColumnElement[bool]:
    return exists().where(TaskVisitRow.task == task, TaskVisitRow.visit == CatalogueRow.visit)


def _sheet_query(task: str) -> SheetQuery:
    return (
        select(PictureRow, CatalogueRow, CurrentLabelRow, SuggestionRow)
        .join(CatalogueRow, CatalogueRow.picture == PictureRow.key)
        .outerjoin(
            CurrentLabelRow, and_(CurrentLabelRow.task == task, CurrentLabelRow.picture == PictureRow.key)
        )
        .outerjoin(SuggestionRow, and_(SuggestionRow.task == task, SuggestionRow.picture == PictureRow.key))
        .where(_belongs(task))
    )


def _kept_sheet_query(task: str) -> SheetQuery:
    return _sheet_query(task).where(PictureRow.deleted.is_(None))


def _filtered(query: SheetQuery, only: PictureFilter) -> SheetQuery:
    equal = {
        PictureRow.camera: only.camera,
        CatalogueRow.visit: only.visit,
        CurrentLabelRow.who: only.who,
        SuggestionRow.value: only.suggested,
    }
    for column, wanted in equal.items():
        if wanted is not None:
            query = query.where(column == wanted)
    if only.source is not None:
        # Not by its index: most pictures may be of one source, and sorting those takes long.
        query = query.where(CatalogueRow.source.concat("") == only.source)
    if only.value == UNLABELLED:
        query = query.where(CurrentLabelRow.value.is_(None))
    elif only.value is not None:
        query = query.where(CurrentLabelRow.value == only.value)
    if only.unlike:
        query = query.where(SuggestionRow.value != CurrentLabelRow.value)
    if only.cluster is not None:
        member = exists().where(
            ClusterPictureRow.cluster == only.cluster, ClusterPictureRow.picture == PictureRow.key
        )
        query = query.where(member)
    if only.since is not None:
        query = query.where(CatalogueRow.day >= only.since.isoformat())
    if only.until is not None:
        query = query.where(CatalogueRow.day <= only.until.isoformat())
    return query


def _sheet(
    picture: PictureRow, entry: CatalogueRow, label: CurrentLabelRow | None, suggestion: SuggestionRow | None
) -> SheetPicture:
    return SheetPicture(
        picture=stored_picture(picture),
        visit=entry.visit,
        source=entry.source,
        group=entry.grouping,
        day=_day(entry.day),
        name=entry.name,
        value=None if label is None else label.value,
        who=None if label is None else label.who,
        at=None if label is None else label.at,
        suggestion=None if suggestion is None else _suggestion(suggestion),
    )


def _suggestion(row: SuggestionRow) -> Suggestion:
    return Suggestion(**{name: getattr(row, name) for name in _SUGGESTION})


def _values(entry: Entry) -> dict[str, object]:
    return {
        "picture": entry.picture,
        "visit": entry.visit,
        "source": entry.source,
        "grouping": entry.group,
        "day": None if entry.day is None else entry.day.isoformat(),
        "name": entry.name,
        "phash": (entry.facts.phash ^ SIGN) - SIGN,  # databases have signed numbers only
        "brightness": entry.facts.brightness,
        "contrast": entry.facts.contrast,
        "sharpness": entry.facts.sharpness,
    }


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        picture=row.picture,
        visit=row.visit,
        source=row.source,
        group=row.grouping,
        day=_day(row.day),
        name=row.name,
        facts=Facts(
            phash=row.phash & (2 * SIGN - 1),
            brightness=row.brightness,
            contrast=row.contrast,
            sharpness=row.sharpness,
        ),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
