"""${message}

There is no way down: put back a backup instead.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from coop.store.columns import UTCDateTime
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
