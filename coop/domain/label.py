"""What people say of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A person's judgement of a picture for one task.

    ``picture`` is the picture's key, ``value`` as `coop.domain.task.Task` says, ``how`` the way it was given
    ("visit", "grid", "picture", "cluster", "double", "audit", "review", "telegram", "imported", "undo"),
    ``batch`` groups what one action labelled. Labels are only ever added: the newest of a picture and task
    holds. ``suggestion`` is what the person was shown, such as "hen 0.93 starter-kinds 1"; None for nothing.
    ``took_ms`` are the milliseconds that the person took. ``undoes`` is the batch that this takes back.
    """

    picture: str
    task: str
    value: str
    who: str
    at: datetime
    how: str
    batch: str | None = None
    suggestion: str | None = None
    took_ms: int | None = None
    undoes: str | None = None
