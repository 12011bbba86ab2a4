"""The ledger of eggs: found, attributed (again and again, nothing overwritten), collected or gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from coop.domain.egg import NOBODY, Claim, Egg, EggFate, Share
from coop.domain.event import EggGone, EggLaid, EggsCollected, Event
from coop.store.core import StoreCore, insert_new
from coop.store.models import EggClaimRow, EggRow, EggShareRow, EventRow

_SHARE = ("hen", "probability", "visit", "minutes", "identity")


class Eggs(StoreCore):
    def eggs(self, since: datetime, until: datetime) -> tuple[Egg, ...]:
        """The eggs found in [since, until) with their newest attribution, oldest first."""
        return self._eggs(EggRow.time >= since, EggRow.time < until)

    def lying_eggs(self) -> tuple[Egg, ...]:
        """The eggs that lie in the nests now, oldest first."""
        return self._eggs(EggRow.gone.is_(None))

    def egg(self, key: str) -> Egg | None:
        """One egg by its key, which is that of its EggLaid."""
        return next(iter(self._eggs(EggRow.event == key)), None)

    def attributions(self, key: str) -> tuple[tuple[datetime, tuple[Share, ...]], ...]:
        """Every attribution that an egg ever had, with when it was made, oldest first."""
        query = select(EggShareRow).where(EggShareRow.egg == key).order_by(EggShareRow.made, EggShareRow.id)
        return self._read(lambda session: _by_moment(session.scalars(query)))

    def attribute_anew(self, shares: Mapping[str, Sequence[Share]], now: datetime) -> int:
        """Add a newer attribution to eggs (by key), in one transaction; returns how many shares were new."""
        values = [value for key, of_egg in shares.items() for value in _share_values(key, of_egg, now)]
        return self._write(lambda session: insert_new(session, EggShareRow, ["egg", "made", "hen"], values))

    def claim_egg(self, claim: Claim, batch: str) -> bool:
        """Note what a keeper said of an egg; ``batch`` makes that it is noted once."""
        values = {"egg": claim.egg, "hen": claim.hen, "who": claim.who, "at": claim.at, "batch": batch}
        return self._write(lambda session: insert_new(session, EggClaimRow, ["batch"], [values]) > 0)

    def _eggs(self, *where: ColumnElement[bool]) -> tuple[Egg, ...]:
        def work(session: Session) -> tuple[Egg, ...]:
            rows = select(EggRow, EventRow.picture).join(EventRow, EventRow.key == EggRow.event).where(*where)
            found = session.execute(rows.order_by(EggRow.time, EggRow.event)).all()
            newest = (
                select(EggShareRow.egg, func.max(EggShareRow.made).label("made"))
                .join(EggRow, EggRow.event == EggShareRow.egg)
                .where(*where)
                .group_by(EggShareRow.egg)
                .subquery()
            )
            query = select(EggShareRow).join(
                newest, (EggShareRow.egg == newest.c.egg) & (EggShareRow.made == newest.c.made)
            )
            shares: dict[str, list[EggShareRow]] = {}
            for share in session.scalars(query.order_by(EggShareRow.id)):
                shares.setdefault(share.egg, []).append(share)
            said = select(EggClaimRow).join(EggRow, EggRow.event == EggClaimRow.egg).where(*where)
            claims = {c.egg: c for c in session.scalars(said.order_by(EggClaimRow.id))}  # the newest
            return tuple(
                _egg(row, picture, shares.get(row.event, []), claims.get(row.event)) for row, picture in found
            )

        return self._read(work)


def keep_ledger(session: Session, events: Iterable[Event], now: datetime) -> None:
    """Enter into the ledger what these events, recorded in the same transaction, say of eggs."""
    for event in events:
        match event:
            case EggLaid():
                _add(session, event, now)
            case EggsCollected():
                _take(session, event, event.count, EggFate.COLLECTED)
            case EggGone():
                _take(session, event, event.count, EggFate.GONE)


def _add(session: Session, event: EggLaid, now: datetime) -> None:
    values = {
        "event": event.key,
        "camera": event.camera,
        "nest": event.place,
        "time": event.time,
        "since": event.since,
        "together": event.together,
        "gone": None,
        "fate": EggFate.LYING.value,
    }
    if insert_new(session, EggRow, ["event"], [values]):
        shares = _share_values(event.key, event.shares, now)
        insert_new(session, EggShareRow, ["egg", "made", "hen"], shares)


def _take(session: Session, event: Event, count: int, fate: EggFate) -> None:
    """The oldest eggs of the nest go first: which one it was cannot be seen."""
    query = select(EggRow).where(
        EggRow.camera == event.camera,
        EggRow.nest == event.place,
        EggRow.gone.is_(None),
        EggRow.time <= event.time,
    )
    for row in session.scalars(query.order_by(EggRow.time, EggRow.event).limit(max(0, count))):
        row.gone, row.fate = event.time, fate.value


def _share_values(key: str, shares: Sequence[Share], made: datetime) -> list[dict[str, Any]]:
    return [{name: getattr(s, name) for name in _SHARE} | {"egg": key, "made": made} for s in shares]


def _egg(row: EggRow, picture: str | None, shares: Sequence[EggShareRow], claim: EggClaimRow | None) -> Egg:
    return Egg(
        key=row.event,
        camera=row.camera,
        nest=row.nest,
        time=row.time,
        since=row.since,
        together=row.together,
        shares=tuple(_share(share) for share in shares),
        attributed=shares[0].made if shares else row.time,
        picture=picture,
        gone=row.gone,
        fate=EggFate(row.fate),
        claim=_claim(claim) if claim is not None and claim.hen != NOBODY else None,
    )


def _claim(row: EggClaimRow) -> Claim:
    return Claim(egg=row.egg, hen=row.hen, who=row.who, at=row.at)


def _share(row: EggShareRow) -> Share:
    return Share(**{name: getattr(row, name) for name in _SHARE})


def _by_moment(rows: Iterable[EggShareRow]) -> tuple[tuple[datetime, tuple[Share, ...]], ...]:
    found: dict[datetime, list[Share]] = {}
    for row in rows:
        found.setdefault(row.made, []).append(_share(row))
    return tuple((made, tuple(shares)) for made, shares in found.items())
