"""A clip: a short film of what an event is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClip:
    """A clip about to be kept.

    ``file`` is complete and has a temporary name on the disk where clips are kept. ``time`` is that of its
    first picture, ``seconds`` how long it lasts, ``events`` the keys of the events that it shows.
    """

    key: str
    file: Path
    camera: str
    time: datetime
    seconds: float
    width: int
    height: int
    events: tuple[str, ...]
    suffix: str = ".mp4"
