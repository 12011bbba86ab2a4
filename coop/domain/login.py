"""People of the labelling page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from coop.errors import LabelError

SHORTEST_PASSWORD = 8
_LONGEST_PASSWORD = 200
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A person who may label. ``disabled``: since when no longer. Labels stay under the name for ever."""

    name: str
    since: datetime
    has_password: bool
    disabled: datetime | None = None


def check_login_name(name: str) -> str:
    """A name without the blanks around it. Raises LabelError."""
    name = name.strip()
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise LabelError(f"A name has 1 to {_LONGEST_NAME} visible characters. Received: {name[:60]!r}")
    return name


def check_password(password: str) -> str:
    """A password that is worth having. Raises LabelError, which does not show it."""
    if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise LabelError(f"A password has {SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters")
    return password
