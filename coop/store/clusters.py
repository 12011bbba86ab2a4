"""Clusters: pictures that look alike. They are never changed: splitting and merging end them and make others.

So every splitting and merging can be taken back. ``parent`` of a row is the cluster it was split from (an
older row), or the one it was merged into (a newer row).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, func, insert, select, update
from sqlalchemy.orm import Session

from coop.domain.cluster import Cluster, Member
from coop.errors import LabelError
from coop.store.core import StoreCore
from coop.store.labels import in_lots
from coop.store.models import ClusterPictureRow, ClusterRow, CurrentLabelRow, PictureRow


class Clusters(StoreCore):
    def make_clusters(
        self, task: str, model: str, made: datetime, clusters: Sequence[Sequence[Member]]
    ) -> None:
        """Give a task these clusters instead of all that it had; ``model`` made the embeddings."""

        def work(session: Session) -> None:
            old = select(ClusterRow.id).where(ClusterRow.task == task)
            session.execute(delete(ClusterPictureRow).where(ClusterPictureRow.cluster.in_(old)))
            # Rows stay, since SQLite would give their numbers away again, and a page may still name them.
            living = update(ClusterRow).where(ClusterRow.task == task, ClusterRow.ended.is_(None))
            session.execute(living.values(ended=made))
            for members in clusters:
                _add(session, task, model, made, members)

        self._write(work)

    def clusters(
        self, task: str, *, named: bool | None = None, limit: int | None = None
    ) -> tuple[Cluster, ...]:
        """The clusters of a task, those with the most pictures without a label first.

        ``named``: only those where every picture has a label (False: where one is missing). ``limit``: so
        many at most; thousands of them take seconds.
        """

        def work(session: Session) -> tuple[Cluster, ...]:
            rows = session.scalars(
                select(ClusterRow).where(ClusterRow.task == task, ClusterRow.ended.is_(None))
            ).all()
            if limit is not None and len(rows) > limit:
                counts = _open_counts(session, task)
                rows = sorted(rows, key=lambda row: (-counts.get(row.id, 0), row.id))[:limit]
            found = _clusters(session, task, rows)
            if named is not None:
                found = [cluster for cluster in found if (cluster.open == 0) == named]
            return tuple(sorted(found, key=lambda c: (-c.open, -len(c.pictures), c.id)))

        return self._read(work)

    def cluster(self, task: str, number: int) -> Cluster:
        """One cluster. Raises LabelError for one that was split, merged or remade meanwhile."""
        return self._read(lambda session: _clusters(session, task, [_living(session, task, number)])[0])

    def split_cluster(
        self, task: str, number: int, parts: Sequence[Sequence[Member]], at: datetime
    ) -> tuple[Cluster, ...]:
        """Make a cluster into several, which together have its pictures. Raises LabelError if they do not."""

        def work(session: Session) -> tuple[Cluster, ...]:
            row = _living(session, task, number)
            whole = sorted(_members(session, [number])[number])
            given = sorted(picture for part in parts for picture, _ in part)
            if given != sorted(picture for picture, _ in whole) or not all(parts):
                raise LabelError(f"The parts of cluster {number} do not have its pictures. Split it again")
            row.ended = at
            made = [_add(session, task, row.model, at, part, parent=number) for part in parts]
            session.flush()
            return tuple(_clusters(session, task, made))

        return self._write(work)

    def merge_clusters(self, task: str, numbers: Collection[int], at: datetime) -> Cluster:
        """Make several clusters into one. Raises LabelError for fewer than two."""

        def work(session: Session) -> Cluster:
            rows = [_living(session, task, number) for number in sorted(set(numbers))]
            if len(rows) < 2:
                raise LabelError("Merging needs at least two clusters. Choose another one too")
            members = _members(session, [row.id for row in rows])
            together = [member for row in rows for member in members[row.id]]
            merged = _add(session, task, rows[0].model, at, together)
            for row in rows:
                row.ended, row.parent = at, merged.id
            session.flush()
            return _clusters(session, task, [merged])[0]

        return self._write(work)

    def unmerge_cluster(self, task: str, number: int, at: datetime) -> tuple[Cluster, ...]:
        """Take a merging or a splitting back: the clusters that ``number`` was made of (or from) live again.

        Raises LabelError for one that was neither merged nor split, or whose parts were changed since.
        """

        def work(session: Session) -> tuple[Cluster, ...]:
            row = _living(session, task, number)
            merged = select(ClusterRow).where(ClusterRow.parent == row.id, ClusterRow.id < row.id)
            back = list(session.scalars(merged.order_by(ClusterRow.id)))
            if back:
                gone = [row]
            elif row.parent is not None:
                back = [session.get_one(ClusterRow, row.parent)]
                parts = select(ClusterRow).where(ClusterRow.parent == row.parent, ClusterRow.id > row.parent)
                gone = list(session.scalars(parts))
                if any(part.ended is not None for part in gone):
                    raise LabelError(f"A part of cluster {row.parent} was split again. Take that back first")
            else:
                raise LabelError(f"Cluster {number} was neither merged nor split")
            for part in back:
                part.ended = None
                if part.parent == row.id:
                    part.parent = None
            for part in gone:
                session.execute(delete(ClusterPictureRow).where(ClusterPictureRow.cluster == part.id))
                part.ended, part.parent = at, None
            session.flush()
            return tuple(_clusters(session, task, back))

        return self._write(work)


def _living(session: Session, task: str, number: int) -> ClusterRow:
    row = session.get(ClusterRow, number)
    if row is None or row.task != task or row.ended is not None:
        raise LabelError(f"Task {task!r} has no cluster {number} any more. Load the page again")
    return row


def _add(
    session: Session,
    task: str,
    model: str,
    made: datetime,
    members: Sequence[Member],
    *,
    parent: int | None = None,
) -> ClusterRow:
    row = ClusterRow(task=task, made=made, model=model, parent=parent, ended=None)
    session.add(row)
    session.flush()
    values = [{"cluster": row.id, "picture": key, "distance": float(far)} for key, far in members]
    if values:
        session.connection().execute(insert(ClusterPictureRow), values)
    return row


def _open_counts(session: Session, task: str) -> dict[int, int]:
    """How many pictures of each living cluster have no label, those deleted meanwhile too."""
    query = (
        select(ClusterPictureRow.cluster, func.count() - func.count(CurrentLabelRow.value))
        .join(ClusterRow, ClusterRow.id == ClusterPictureRow.cluster)
        .outerjoin(
            CurrentLabelRow,
            and_(CurrentLabelRow.task == task, CurrentLabelRow.picture == ClusterPictureRow.picture),
        )
        .where(ClusterRow.task == task, ClusterRow.ended.is_(None))
        .group_by(ClusterPictureRow.cluster)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _members(session: Session, numbers: Collection[int]) -> dict[int, list[Member]]:
    """The kept pictures of clusters, nearest to the middle first."""
    query = select(ClusterPictureRow.cluster, ClusterPictureRow.picture, ClusterPictureRow.distance)
    members: dict[int, list[Member]] = {number: [] for number in numbers}
    for cluster, picture, distance in _rows(session, query, numbers):
        members[cluster].append((picture, distance))
    for pictures in members.values():
        pictures.sort(key=lambda member: (member[1], member[0]))
    return members


def _rows(
    session: Session, query: Select[*tuple[Any, ...]], numbers: Collection[int]
) -> Iterator[tuple[Any, ...]]:
    """What a query says of the pictures of some clusters that are kept."""
    kept = query.add_columns(PictureRow.deleted).join(PictureRow, PictureRow.key == ClusterPictureRow.picture)
    for some in _lots(numbers):
        for *row, deleted in session.execute(kept.where(ClusterPictureRow.cluster.in_(some))):
            if deleted is None:  # sifted here: asked for that, SQLite walks through all pictures
                yield tuple(row)


def _clusters(session: Session, task: str, rows: Sequence[ClusterRow]) -> list[Cluster]:
    numbers = [row.id for row in rows]
    members = _members(session, numbers)
    values: dict[int, dict[str, int]] = {number: {} for number in numbers}
    labelled = select(ClusterPictureRow.cluster, CurrentLabelRow.value).join(
        CurrentLabelRow,
        and_(CurrentLabelRow.task == task, CurrentLabelRow.picture == ClusterPictureRow.picture),
    )
    for cluster, value in _rows(session, labelled, numbers):
        values[cluster][value] = values[cluster].get(value, 0) + 1
    merged = set(
        session.scalars(
            select(ClusterRow.parent).where(
                ClusterRow.task == task, ClusterRow.parent.is_not(None), ClusterRow.id < ClusterRow.parent
            )
        )
    )
    return [
        Cluster(
            id=row.id,
            task=row.task,
            made=row.made,
            model=row.model,
            pictures=tuple(picture for picture, _ in members[row.id]),
            values=values[row.id],
            came_from=row.parent,
            joined=row.id in merged,
        )
        for row in rows
        if members[row.id]
    ]


def _lots(numbers: Collection[int]) -> list[list[int]]:
    return [[int(n) for n in some] for some in in_lots([f"{n:012d}" for n in numbers])]
