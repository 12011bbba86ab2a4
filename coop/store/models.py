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
    ForeignKeyConstraint,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    text,
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
        list[float]: JSON(none_as_null=True),
        list[str]: JSON(none_as_null=True),
        list[list[list[str]]]: JSON(none_as_null=True),
    }


class PictureRow(Base):
    """A picture or a clip. ``deleted``: its file was removed by retention or lost; the fact remains."""

    __tablename__ = "pictures"
    __table_args__ = (Index(None, "time"), Index(None, "deleted", "time"), Index(None, "sha256"))

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
    seconds: Mapped[float | None]
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
    clip: Mapped[str | None] = mapped_column(ForeignKey("pictures.key"), index=True)
    extra: Mapped[dict[str, Any]]
    recorded: Mapped[datetime]


class NestReadingRow(Base):
    """What one picture of a nest box shows. Rows are only ever added; ``chances`` by number of eggs."""

    __tablename__ = "nest_readings"
    __table_args__ = (UniqueConstraint("camera", "nest", "time"), Index(None, "time"))

    id: Mapped[int] = mapped_column(primary_key=True)
    camera: Mapped[str]
    nest: Mapped[str]
    time: Mapped[datetime]
    state: Mapped[str]
    eggs: Mapped[int | None]
    confidence: Mapped[float]
    chances: Mapped[list[float]]
    reason: Mapped[str]
    model: Mapped[str]
    picture: Mapped[str | None] = mapped_column(ForeignKey("pictures.key"), index=True)


class NestCountRow(Base):
    """The last reliable count of each nest. Made from the readings, so that a restart goes on with it."""

    __tablename__ = "nest_counts"

    camera: Mapped[str] = mapped_column(primary_key=True)
    nest: Mapped[str] = mapped_column(primary_key=True)
    eggs: Mapped[int]
    time: Mapped[datetime]
    first: Mapped[datetime]


class EggRow(Base):
    """An egg of the ledger; ``event`` is the key of its EggLaid and its own."""

    __tablename__ = "eggs"
    __table_args__ = (Index(None, "time"), Index(None, "camera", "nest", "gone"))

    event: Mapped[str] = mapped_column(ForeignKey("events.key"), primary_key=True)
    camera: Mapped[str]
    nest: Mapped[str]
    time: Mapped[datetime]
    since: Mapped[datetime]
    together: Mapped[int]
    gone: Mapped[datetime | None]
    fate: Mapped[str]


class EggShareRow(Base):
    """Who may have laid an egg, and what that rests on. Rows are only ever added: the newest ``made``
    holds.
    """

    __tablename__ = "egg_shares"
    __table_args__ = (UniqueConstraint("egg", "made", "hen"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    egg: Mapped[str] = mapped_column(ForeignKey("eggs.event"), index=True)
    made: Mapped[datetime]
    hen: Mapped[str]
    probability: Mapped[float]
    visit: Mapped[str | None]
    minutes: Mapped[float]
    identity: Mapped[float]


class EggClaimRow(Base):
    """What a keeper said of an egg. Rows are only ever added: the newest holds, and one without a hen takes
    the one before back.
    """

    __tablename__ = "egg_claims"

    id: Mapped[int] = mapped_column(primary_key=True)
    egg: Mapped[str] = mapped_column(ForeignKey("eggs.event"), index=True)
    hen: Mapped[str]
    who: Mapped[str]
    at: Mapped[datetime]
    batch: Mapped[str] = mapped_column(unique=True)


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
    made: Mapped[datetime | None]
    topic: Mapped[str] = mapped_column(server_default="")
    buttons: Mapped[list[list[list[str]]] | None]
    again: Mapped[str | None] = mapped_column(index=True)


class TellingRow(Base):
    """Which message of a chat tells of a visit: the key of the notification that began it."""

    __tablename__ = "tellings"
    __table_args__ = (Index(None, "message"),)

    chat: Mapped[str] = mapped_column(primary_key=True)
    visit: Mapped[str] = mapped_column(primary_key=True)
    message: Mapped[str]
    made: Mapped[datetime]


class AcknowledgementRow(Base):
    """An alarm that somebody has seen; ``alarm`` is the key of its visit or event."""

    __tablename__ = "acknowledgements"

    alarm: Mapped[str] = mapped_column(primary_key=True)
    who: Mapped[str]
    at: Mapped[datetime]


class CorrectionRow(Base):
    """What a person said that a visit was, and what it was held to be. Rows are only ever added."""

    __tablename__ = "corrections"
    __table_args__ = (Index(None, "visit"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    visit: Mapped[str]
    kind: Mapped[str]
    subject: Mapped[str]
    was_kind: Mapped[str]
    was_subject: Mapped[str]
    who: Mapped[str]
    at: Mapped[datetime]
    batch: Mapped[str]


class ChatRow(Base):
    __tablename__ = "chats"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    since: Mapped[datetime]


class MemberRow(Base):
    """A person in a group who sent a code of their own."""

    __tablename__ = "members"

    chat: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    since: Mapped[datetime]


class PreferencesRow(Base):
    """What a chat wants to hear, and how. Times are "HH:MM", local; both or none."""

    __tablename__ = "chat_preferences"

    chat: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str]
    thread: Mapped[int | None] = mapped_column(BigInteger)
    arrivals: Mapped[bool]
    daily: Mapped[bool]
    weekly: Mapped[bool]
    quiet_from: Mapped[str | None]
    quiet_to: Mapped[str | None]


class MuteRow(Base):
    """A chat hears nothing of a topic ("": of all routine) until a moment, or until it is taken back."""

    __tablename__ = "mutes"

    chat: Mapped[str] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime | None]
    who: Mapped[str]
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
    __table_args__ = (Index(None, "task", "picture"), Index(None, "batch"))

    id: Mapped[int] = mapped_column(primary_key=True)
    picture: Mapped[str] = mapped_column(ForeignKey("pictures.key"), index=True)
    task: Mapped[str]
    value: Mapped[str]
    who: Mapped[str]
    at: Mapped[datetime]
    how: Mapped[str]
    batch: Mapped[str | None]
    suggestion: Mapped[str | None]
    took_ms: Mapped[int | None]
    undoes: Mapped[str | None]


class CurrentLabelRow(Base):
    """The newest label of a picture and task, so that no page has to read the whole log. Made from it."""

    __tablename__ = "current_labels"
    __table_args__ = (Index(None, "task", "value"),)

    task: Mapped[str] = mapped_column(primary_key=True)
    picture: Mapped[str] = mapped_column(ForeignKey("pictures.key"), primary_key=True, index=True)
    label: Mapped[int] = mapped_column(ForeignKey("labels.id"))
    value: Mapped[str]
    who: Mapped[str]
    at: Mapped[datetime]


class TaskRow(Base):
    __tablename__ = "tasks"

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title: Mapped[str]
    pictures: Mapped[str | None]
    daemon: Mapped[bool]


class TaskClassRow(Base):
    """A class of a task. Its ``code`` stands in labels, so rows are never removed nor codes changed."""

    __tablename__ = "task_classes"

    task: Mapped[str] = mapped_column(ForeignKey("tasks.name"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    position: Mapped[int]
    definition: Mapped[str] = mapped_column(Text)
    colour: Mapped[str]
    key: Mapped[str]
    examples: Mapped[list[str]]
    retired: Mapped[datetime | None]
    merged_into: Mapped[str | None]


class TaskChangeRow(Base):
    """What was done to a task or its classes, by whom and when. Rows are only ever added."""

    __tablename__ = "task_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime]
    who: Mapped[str]
    what: Mapped[str]
    details: Mapped[dict[str, Any]]


class CatalogueRow(Base):
    """What the labelling tool knows of a picture besides the picture itself."""

    __tablename__ = "catalogue"
    __table_args__ = (Index(None, "visit"), Index(None, "day"), Index(None, "source"))

    picture: Mapped[str] = mapped_column(ForeignKey("pictures.key"), primary_key=True)
    visit: Mapped[str]
    source: Mapped[str]
    grouping: Mapped[str | None]
    day: Mapped[str | None]
    name: Mapped[str]
    phash: Mapped[int] = mapped_column(BigInteger)  # signed, as databases want it
    brightness: Mapped[float]
    contrast: Mapped[float]
    sharpness: Mapped[float]


class TaskVisitRow(Base):
    """A visit that belongs to a task: how many of its pictures have no label yet, and when its turn comes.

    ``turn``: the smallest comes first; ``reason`` as in `coop.domain.catalogue.QueuedVisit`. ``began`` is the
    time of its first picture. The partial index holds what waits in the order of its turn, so that the next
    visit is found at once among a hundred thousand.
    """

    __tablename__ = "task_visits"
    __table_args__ = (
        Index(
            "ix_task_visits_waiting",
            "task",
            "turn",
            "began",
            "visit",
            sqlite_where=text("open > 0"),
            postgresql_where=text("open > 0"),
        ),
        Index(None, "visit"),
    )

    task: Mapped[str] = mapped_column(ForeignKey("tasks.name"), primary_key=True)
    visit: Mapped[str] = mapped_column(primary_key=True)
    began: Mapped[datetime]
    pictures: Mapped[int]
    open: Mapped[int]
    turn: Mapped[float]
    reason: Mapped[str]


class LabelLeaseRow(Base):
    """Who has a visit before them, so that nobody else gets it meanwhile."""

    __tablename__ = "label_leases"

    task: Mapped[str] = mapped_column(primary_key=True)
    visit: Mapped[str] = mapped_column(primary_key=True)
    who: Mapped[str]
    until: Mapped[datetime]


class SuggestionRow(Base):
    __tablename__ = "suggestions"
    __table_args__ = (Index(None, "task", "value"),)

    task: Mapped[str] = mapped_column(primary_key=True)
    picture: Mapped[str] = mapped_column(ForeignKey("pictures.key"), primary_key=True, index=True)
    value: Mapped[str]
    confidence: Mapped[float]
    margin: Mapped[float]
    runner_up: Mapped[str]
    model: Mapped[str]


class ClusterRow(Base):
    """Pictures of a task that look alike. ``parent``: the cluster it was split from or merged into."""

    __tablename__ = "clusters"

    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(ForeignKey("tasks.name"), index=True)
    made: Mapped[datetime]
    model: Mapped[str]
    parent: Mapped[int | None]
    ended: Mapped[datetime | None]


class ClusterPictureRow(Base):
    """``distance``: from the middle of the cluster, so that what does not belong comes last."""

    __tablename__ = "cluster_pictures"

    cluster: Mapped[int] = mapped_column(ForeignKey("clusters.id"), primary_key=True)
    picture: Mapped[str] = mapped_column(ForeignKey("pictures.key"), primary_key=True, index=True)
    distance: Mapped[float]


class DatasetRow(Base):
    """A dataset version: written once, never changed. ``digest``: SHA-256 over task, classes and items."""

    __tablename__ = "datasets"

    task: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    made: Mapped[datetime]
    who: Mapped[str]
    kind: Mapped[str]
    classes: Mapped[list[str]]
    digest: Mapped[str]
    about: Mapped[dict[str, Any]]


class DatasetItemRow(Base):
    __tablename__ = "dataset_items"
    __table_args__ = (
        ForeignKeyConstraint(["task", "version"], ["datasets.task", "datasets.version"]),
        Index(None, "picture"),
    )

    task: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    picture: Mapped[str] = mapped_column(ForeignKey("pictures.key"), primary_key=True)
    sha256: Mapped[str]
    value: Mapped[str]
    part: Mapped[str]
    grouping: Mapped[str]
    visit: Mapped[str]
    day: Mapped[str | None]


class LoginRow(Base):
    """A person of the labelling page. ``secret``: salt and hash of the password, or empty for none."""

    __tablename__ = "logins"

    name: Mapped[str] = mapped_column(primary_key=True)
    secret: Mapped[str]
    since: Mapped[datetime]
    disabled: Mapped[datetime | None]


class LoginTokenRow(Base):
    """A link or a session of the labelling page. Only the hash of its token is kept."""

    __tablename__ = "login_tokens"

    hash: Mapped[str] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(ForeignKey("logins.name"), index=True)
    kind: Mapped[str]
    made: Mapped[datetime]
    expires: Mapped[datetime]


class ActiveModelRow(Base):
    __tablename__ = "active_models"

    task: Mapped[str] = mapped_column(primary_key=True)
    package: Mapped[str]
    since: Mapped[datetime]
    previous: Mapped[str | None]


class TrainingRow(Base):
    """A training of a task, from its beginning on; see `coop.domain.training.Training`."""

    __tablename__ = "trainings"
    __table_args__ = (Index(None, "task"), Index(None, "package"))

    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str]
    version: Mapped[int]
    newest_label: Mapped[int]
    package: Mapped[str]
    who: Mapped[str]
    begun: Mapped[datetime]
    attempts: Mapped[int]
    ended: Mapped[datetime | None]
    outcome: Mapped[str | None]
    instead: Mapped[str]
    verdict: Mapped[dict[str, Any] | None]
    reason: Mapped[str] = mapped_column(Text)


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
