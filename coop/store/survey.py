"""All pictures of a task at once, one light line each: for scores, clusters, the data card and reviews."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from coop.domain.survey import Surveyed, Tracked, Turn
from coop.store.catalogue import SIGN
from coop.store.core import StoreCore
from coop.store.labels import in_lots
from coop.store.models import CatalogueRow, CurrentLabelRow, PictureRow, SuggestionRow, TaskVisitRow


class Survey(StoreCore):
    def survey(self, task: str, pictures: Collection[str] | None = None) -> tuple[Surveyed, ...]:
        """Every kept picture of a task (or of some keys), in the order of keys.

        A hundred thousand take about two seconds: not for a page to ask with each key press.
        """
        query = (
            select(
                PictureRow.key, PictureRow.path, PictureRow.camera, PictureRow.time, PictureRow.width,
                PictureRow.height, PictureRow.deleted, CatalogueRow.visit, CatalogueRow.source,
                CatalogueRow.day, CatalogueRow.phash, CatalogueRow.brightness, CatalogueRow.contrast,
                CatalogueRow.sharpness, CurrentLabelRow.value, CurrentLabelRow.who,
                SuggestionRow.value, SuggestionRow.confidence, SuggestionRow.margin, SuggestionRow.model,
            )
            .select_from(TaskVisitRow)
            .join(CatalogueRow, CatalogueRow.visit == TaskVisitRow.visit)
            .join(PictureRow, PictureRow.key == CatalogueRow.picture)
            .outerjoin(
                CurrentLabelRow, and_(CurrentLabelRow.task == task, CurrentLabelRow.picture == PictureRow.key)
            )
            .outerjoin(
                SuggestionRow, and_(SuggestionRow.task == task, SuggestionRow.picture == PictureRow.key)
            )
            .where(TaskVisitRow.task == task)
        )  # fmt: skip

        def work(session: Session) -> tuple[Surveyed, ...]:
            lots = [None] if pictures is None else in_lots(pictures)
            found = []
            for some in lots:
                asked = query if some is None else query.where(PictureRow.key.in_(some))
                # Sifted and sorted here: asked for that, SQLite walks through all pictures in that order.
                found += [self._surveyed(tuple(row)) for row in session.execute(asked) if row[6] is None]
            return tuple(sorted(found, key=lambda line: line.picture))

        return self._read(work)

    def tracked(self, task: str) -> tuple[Tracked, ...]:
        """The kept pictures of a task that came from tracks, those of a track together, in order of time."""
        query = (
            select(
                PictureRow.key, PictureRow.path, PictureRow.camera, PictureRow.track_id, PictureRow.time,
                CatalogueRow.day,
            )
            .select_from(TaskVisitRow)
            .join(CatalogueRow, CatalogueRow.visit == TaskVisitRow.visit)
            .join(PictureRow, PictureRow.key == CatalogueRow.picture)
            .where(TaskVisitRow.task == task, PictureRow.track_id.is_not(None), PictureRow.deleted.is_(None))
        )  # fmt: skip

        def work(session: Session) -> tuple[Tracked, ...]:
            found = [
                Tracked(
                    picture=key,
                    file=self._media.locate(path),
                    camera=camera,
                    track=track,
                    time=time,
                    day=None if day is None else date.fromisoformat(day),
                )
                for key, path, camera, track, time, day in session.execute(query)
                if track is not None
            ]
            return tuple(sorted(found, key=lambda one: (one.camera, one.track, one.time)))

        return self._read(work)

    def turns(self, task: str) -> dict[str, Turn]:
        """How each visit of a task stands in the queue."""
        query = select(TaskVisitRow.visit, TaskVisitRow.open, TaskVisitRow.turn, TaskVisitRow.reason).where(
            TaskVisitRow.task == task
        )
        return self._read(
            lambda session: {
                row[0]: Turn(open=row[1], score=-row[2], reason=row[3]) for row in session.execute(query)
            }
        )

    def _surveyed(self, row: tuple) -> Surveyed:  # type: ignore[type-arg]
        (
            key, path, camera, time, width, height, _, visit, source, day, phash, brightness, contrast,
            sharpness, value, who, suggested, confidence, margin, model,
        ) = row  # fmt: skip
        return Surveyed(
            picture=key,
            file=self._media.locate(path),
            camera=camera,
            time=time,
            width=width,
            height=height,
            visit=visit,
            source=source,
            day=None if day is None else date.fromisoformat(day),
            phash=phash & (2 * SIGN - 1),
            brightness=brightness,
            contrast=contrast,
            sharpness=sharpness,
            value=value,
            who=who,
            suggested=suggested,
            confidence=confidence or 0.0,
            margin=margin or 0.0,
            model=model,
        )
