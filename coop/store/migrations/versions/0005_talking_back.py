"""Buttons, corrections and what each chat wants to hear.

There is no way down: put back a backup instead.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from coop.store.columns import UTCDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _outbox()
    _messages()
    _chats()


def _outbox() -> None:
    op.add_column("outbox", sa.Column("made", UTCDateTime(), nullable=True))
    op.add_column("outbox", sa.Column("topic", sa.String(), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("buttons", sa.JSON(), nullable=True))
    op.add_column("outbox", sa.Column("again", sa.String(), nullable=True))
    op.create_index(op.f("ix_outbox_again"), "outbox", ["again"])


def _messages() -> None:
    op.create_table(
        "tellings",
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("visit", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("made", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("chat", "visit", name=op.f("pk_tellings")),
    )
    op.create_index(op.f("ix_tellings_message"), "tellings", ["message"])
    op.create_table(
        "acknowledgements",
        sa.Column("alarm", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("alarm", name=op.f("pk_acknowledgements")),
    )
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("visit", "kind", "subject", "was_kind", "was_subject", "who")
        ),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("batch", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    op.create_index(op.f("ix_corrections_visit"), "corrections", ["visit"])


def _chats() -> None:
    op.create_table(
        "members",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("chat", "person", "name", "role")),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("chat", "person", name=op.f("pk_members")),
    )
    op.create_table(
        "chat_preferences",
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("thread", sa.BigInteger(), nullable=True),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("arrivals", "daily", "weekly")),
        sa.Column("quiet_from", sa.String(), nullable=True),
        sa.Column("quiet_to", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("chat", name=op.f("pk_chat_preferences")),
    )
    op.create_table(
        "mutes",
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=True),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("chat", "topic", name=op.f("pk_mutes")),
    )
