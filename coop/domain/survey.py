"""One line for each picture of a task, for those who look at all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """A picture with its place, facts, label and suggestion; None where there is no such thing.

    ``file`` is absolute. The rest is as in `coop.domain.catalogue`: ``value`` and ``suggested`` are values of
    labels, ``model`` is the one that suggested.
    """

    picture: str
    file: Path
    camera: str
    time: datetime
    width: int
    height: int
    visit: str
    source: str
    day: date | None
    phash: int
    brightness: float
    contrast: float
    sharpness: float
    value: str | None
    who: str | None
    suggested: str | None
    confidence: float
    margin: float
    model: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """A picture that was cut from a track of a camera. ``file`` is absolute."""

    picture: str
    file: Path
    camera: str
    track: str
    time: datetime
    day: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A visit's place in the queue: how many pictures wait for a label, when its turn comes, and why."""

    open: int
    score: float
    reason: str
