"""What nest boxes show, how many eggs lie in them, and the ledger of eggs with who may have laid them.

There is no way down: put back a backup instead.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from coop.store.columns import UTCDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _nests()
    _eggs()


def _nests() -> None:
    op.create_table(
        "nest_readings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("camera", sa.String(), nullable=False),
        sa.Column("nest", sa.String(), nullable=False),
        sa.Column("time", UTCDateTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("eggs", sa.Integer(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("chances", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("picture", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["picture"], ["pictures.key"], name=op.f("fk_nest_readings_picture")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nest_readings")),
        sa.UniqueConstraint("camera", "nest", "time", name=op.f("uq_nest_readings_camera_nest_time")),
    )
    op.create_index(op.f("ix_nest_readings_time"), "nest_readings", ["time"], unique=False)
    op.create_index(op.f("ix_nest_readings_picture"), "nest_readings", ["picture"], unique=False)
    op.create_table(
        "nest_counts",
        sa.Column("camera", sa.String(), nullable=False),
        sa.Column("nest", sa.String(), nullable=False),
        sa.Column("eggs", sa.Integer(), nullable=False),
        sa.Column("time", UTCDateTime(), nullable=False),
        sa.Column("first", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("camera", "nest", name=op.f("pk_nest_counts")),
    )


def _eggs() -> None:
    op.create_table(
        "eggs",
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("camera", sa.String(), nullable=False),
        sa.Column("nest", sa.String(), nullable=False),
        sa.Column("time", UTCDateTime(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("together", sa.Integer(), nullable=False),
        sa.Column("gone", UTCDateTime(), nullable=True),
        sa.Column("fate", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["event"], ["events.key"], name=op.f("fk_eggs_event")),
        sa.PrimaryKeyConstraint("event", name=op.f("pk_eggs")),
    )
    op.create_index(op.f("ix_eggs_time"), "eggs", ["time"], unique=False)
    op.create_index(op.f("ix_eggs_camera_nest_gone"), "eggs", ["camera", "nest", "gone"], unique=False)
    op.create_table(
        "egg_shares",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("egg", sa.String(), nullable=False),
        sa.Column("made", UTCDateTime(), nullable=False),
        sa.Column("hen", sa.String(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("visit", sa.String(), nullable=True),
        sa.Column("minutes", sa.Double(), nullable=False),
        sa.Column("identity", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["egg"], ["eggs.event"], name=op.f("fk_egg_shares_egg")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_egg_shares")),
        sa.UniqueConstraint("egg", "made", "hen", name=op.f("uq_egg_shares_egg_made_hen")),
    )
    op.create_index(op.f("ix_egg_shares_egg"), "egg_shares", ["egg"], unique=False)
