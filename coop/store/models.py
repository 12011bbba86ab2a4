"""The tables. Rows never leave this package: every module here turns them into domain values.

A change here needs a migration; a test compares the two.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from coop.store.columns import UTCDateTime


class Base(DeclarativeBase):
    # Batch migrations on SQLite can only change a constraint that has a name.
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime(),
        float: Double(),
        dict[str, Any]: JSON(none_as_null=True),
        list[int]: JSON(none_as_null=True),
    }


class PictureRow(Base):
    """A picture. ``deleted``: its file was removed by retention or lost; the fact remains."""

    __tablename__ = "pictures"
    __table_args__ = (Index(None, "time"), Index(None, "deleted", "time"))

    key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    path: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    camera: Mapped[str]
    time: Mapped[datetime]
    width: Mapped[int]
    height: Mapped[int]
    track_id: Mapped[str | None] = mapped_column(index=True)
    box: Mapped[list[int] | None]
    deleted: Mapped[datetime | None]


class SightingRow(Base):
    __tablename__ = "sightings"
    __table_args__ = (UniqueConstraint("camera", "track_id", "time"), Index(None, "time"))

    id: Mapped[int] = mapped_column(primary_key=True)
    camera: Mapped[str]
    place: Mapped[str]
    track_id: Mapped[str]
    time: Mapped[datetime]
    kind: Mapped[str]
    subject: Mapped[str]
    confidence: Mapped[float]


class VisitRow(Base):
    __tablename__ = "visits"
    __table_args__ = (Index(None, "began"), Index(None, "ended"))

    key: Mapped[str] = mapped_column(primary_key=True)
    camera: Mapped[str]
    place: Mapped[str]
    kind: Mapped[str]
    subject: Mapped[str]
    began: Mapped[datetime]
    last_seen: Mapped[datetime]
    ended: Mapped[datetime | None]
    sightings: Mapped[int]
    confidence: Mapped[float]


class EventRow(Base):
    """An event: what all events have as columns, what only its kind has as JSON in ``extra``."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "time"), Index(None, "name", "time"))

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    time: Mapped[datetime]
    camera: Mapped[str]
    place: Mapped[str]
    subject: Mapped[str]
    confidence: Mapped[float]
    visit: Mapped[str | None] = mapped_column(index=True)
    picture: Mapped[str | None] = mapped_column(ForeignKey("pictures.key"), index=True)
    extra: Mapped[dict[str, Any]]
    recorded: Mapped[datetime]


class OutboxRow(Base):
    """A notification and its delivery. ``repeat``: it may have arrived once already."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "state", "not_before"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    chat: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    picture: Mapped[str | None] = mapped_column(ForeignKey("pictures.key"), index=True)
    silent: Mapped[bool]
    alarm: Mapped[bool]
    edits: Mapped[str | None] = mapped_column(index=True)
    expires: Mapped[datetime | None]
    state: Mapped[str]
    attempts: Mapped[int]
    repeat: Mapped[bool]
    not_before: Mapped[datetime]
    message_id: Mapped[str | None]
    problem: Mapped[str] = mapped_column(Text)
    changed: Mapped[datetime]


class ChatRow(Base):
    __tablename__ = "chats"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    since: Mapped[datetime]


class PairingCodeRow(Base):
    """A code that pairs one chat. Only its hash is kept; ``guesses`` counts wrong ones while it is valid."""

    __tablename__ = "pairing_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    salt: Mapped[str]
    hash: Mapped[str]
    role: Mapped[str]
    expires: Mapped[datetime]
    guesses: Mapped[int]


class StrangerRow(Base):
    """A chat that wrote without being paired; ``guesses`` counts its wrong codes since the newest code."""

    __tablename__ = "strangers"

    chat: Mapped[str] = mapped_column(primary_key=True)
    first_seen: Mapped[datetime]
    guesses: Mapped[int]


class LabelRow(Base):
    """One judgement. Rows are only ever added."""

    __tablename__ = "labels"
    __table_args__ = (Index(None, "task", "picture"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    picture: Mapped[str] = mapped_column(ForeignKey("pictures.key"), index=True)
    task: Mapped[str]
    value: Mapped[str]
    who: Mapped[str]
    at: Mapped[datetime]
    how: Mapped[str]
    batch: Mapped[str | None]


class ActiveModelRow(Base):
    __tablename__ = "active_models"

    task: Mapped[str] = mapped_column(primary_key=True)
    package: Mapped[str]
    since: Mapped[datetime]
    previous: Mapped[str | None]


class DaemonStatusRow(Base):
    """The daemon's own row: there is at most one."""

    __tablename__ = "daemon_status"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[dict[str, Any]]


class JobDoneRow(Base):
    """When a scheduled job last did its work, so that a restart neither repeats nor skips it."""

    __tablename__ = "jobs_done"

    job: Mapped[str] = mapped_column(primary_key=True)
    moment: Mapped[datetime]
