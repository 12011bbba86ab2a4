"""The first tables.

There is no way down: put back a backup instead.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from coop.store.columns import UTCDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "active_models",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("package", sa.String(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("previous", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("task", name=op.f("pk_active_models")),
    )
    op.create_table(
        "chats",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chats")),
    )
    op.create_table(
        "daemon_status",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.JSON(none_as_null=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_daemon_status_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daemon_status")),
    )
    op.create_table(
        "jobs_done",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("moment", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_jobs_done")),
    )
    op.create_table(
        "pairing_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("expires", UTCDateTime(), nullable=False),
        sa.Column("guesses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairing_codes")),
    )
    op.create_table(
        "pictures",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("camera", sa.String(), nullable=False),
        sa.Column("time", UTCDateTime(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("track_id", sa.String(), nullable=True),
        sa.Column("box", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("deleted", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_pictures")),
        sa.UniqueConstraint("path", name=op.f("uq_pictures_path")),
    )
    op.create_index(op.f("ix_pictures_deleted_time"), "pictures", ["deleted", "time"], unique=False)
    op.create_index(op.f("ix_pictures_time"), "pictures", ["time"], unique=False)
    op.create_index(op.f("ix_pictures_track_id"), "pictures", ["track_id"], unique=False)
    op.create_table(
        "sightings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("camera", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("track_id", sa.String(), nullable=False),
        sa.Column("time", UTCDateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sightings")),
        sa.UniqueConstraint("camera", "track_id", "time", name=op.f("uq_sightings_camera_track_id_time")),
    )
    op.create_index(op.f("ix_sightings_time"), "sightings", ["time"], unique=False)
    op.create_table(
        "strangers",
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("first_seen", UTCDateTime(), nullable=False),
        sa.Column("guesses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("chat", name=op.f("pk_strangers")),
    )
    op.create_table(
        "visits",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("camera", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("began", UTCDateTime(), nullable=False),
        sa.Column("last_seen", UTCDateTime(), nullable=False),
        sa.Column("ended", UTCDateTime(), nullable=True),
        sa.Column("sightings", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_visits")),
    )
    op.create_index(op.f("ix_visits_began"), "visits", ["began"], unique=False)
    op.create_index(op.f("ix_visits_ended"), "visits", ["ended"], unique=False)
    op.create_table(
        "events",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("time", UTCDateTime(), nullable=False),
        sa.Column("camera", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("visit", sa.String(), nullable=True),
        sa.Column("picture", sa.String(), nullable=True),
        sa.Column("extra", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("recorded", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["picture"], ["pictures.key"], name=op.f("fk_events_picture")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_name_time"), "events", ["name", "time"], unique=False)
    op.create_index(op.f("ix_events_picture"), "events", ["picture"], unique=False)
    op.create_index(op.f("ix_events_time"), "events", ["time"], unique=False)
    op.create_index(op.f("ix_events_visit"), "events", ["visit"], unique=False)
    op.create_table(
        "labels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("picture", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("batch", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["picture"], ["pictures.key"], name=op.f("fk_labels_picture")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
    )
    op.create_index(op.f("ix_labels_picture"), "labels", ["picture"], unique=False)
    op.create_index(op.f("ix_labels_task_picture"), "labels", ["task", "picture"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("picture", sa.String(), nullable=True),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("alarm", sa.Boolean(), nullable=False),
        sa.Column("edits", sa.String(), nullable=True),
        sa.Column("expires", UTCDateTime(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("repeat", sa.Boolean(), nullable=False),
        sa.Column("not_before", UTCDateTime(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("changed", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["picture"], ["pictures.key"], name=op.f("fk_outbox_picture")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    op.create_index(op.f("ix_outbox_edits"), "outbox", ["edits"], unique=False)
    op.create_index(op.f("ix_outbox_picture"), "outbox", ["picture"], unique=False)
    op.create_index(op.f("ix_outbox_state_not_before"), "outbox", ["state", "not_before"], unique=False)
