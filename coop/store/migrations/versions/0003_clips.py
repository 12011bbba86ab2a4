"""Clips: how long one lasts, and which events it shows.

There is no way down: put back a backup instead.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("pictures", sa.Column("seconds", sa.Double(), nullable=True))
    with op.batch_alter_table("events") as events:
        events.add_column(sa.Column("clip", sa.String(), nullable=True))
        events.create_foreign_key(op.f("fk_events_clip"), "pictures", ["clip"], ["key"])
        events.create_index(op.f("ix_events_clip"), ["clip"], unique=False)
