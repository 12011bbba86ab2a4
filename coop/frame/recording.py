"""What every recording on disk is opened with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True)
class Recording:
    """A file or folder whose frames all count.

    ``timezone`` is that of naive times in it; ``start`` (aware) is when it began, where its own word shall
    not count; ``fps`` bounds the frames given a second.
    """

    live: ClassVar[bool] = False

    path: Path
    camera: str
    timezone: tzinfo = field(kw_only=True)
    start: datetime | None = field(default=None, kw_only=True)
    fps: float | None = field(default=None, kw_only=True)
