"""What people say of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A person's judgement of a picture for one task.

    ``picture`` is the picture's key, ``how`` the way it was given ("visit", "picture", "telegram",
    "imported"), ``batch`` groups what one action labelled. Labels are only ever added: the newest of a
    picture and task holds.
    """

    picture: str
    task: str
    value: str
    who: str
    at: datetime
    how: str
    batch: str | None = None
