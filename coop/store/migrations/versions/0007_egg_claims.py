"""What keepers say of eggs: whose they are.

There is no way down: put back a backup instead.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from coop.store.columns import UTCDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "egg_claims",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("egg", sa.String(), nullable=False),
        sa.Column("hen", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("batch", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["egg"], ["eggs.event"], name=op.f("fk_egg_claims_egg_eggs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_egg_claims")),
        sa.UniqueConstraint("batch", name=op.f("uq_egg_claims_batch")),
    )
    op.create_index(op.f("ix_egg_claims_egg"), "egg_claims", ["egg"])
