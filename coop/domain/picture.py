"""Pictures the program keeps: files on disk, named by rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coop.domain.box import Box


class PictureKind(StrEnum):
    CROP = "crop"
    ZONE = "zone"
    FRAME = "frame"
    CLIP = "clip"
    FIGURE = "figure"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPicture:
    """A picture on disk. ``path`` is relative to the media folder; ``sha256`` is of the file's bytes.

    ``seconds``: how long a clip lasts; None for what does not move.
    """

    key: str
    kind: PictureKind
    path: str
    sha256: str
    bytes: int
    camera: str
    time: datetime
    width: int
    height: int
    track_id: str | None = None
    box: Box | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPicture:
    """An encoded picture about to be kept. ``data`` are the file's bytes, ``suffix`` such as ".jpg"."""

    key: str
    kind: PictureKind
    data: bytes
    suffix: str
    camera: str
    time: datetime
    width: int
    height: int
    track_id: str | None = None
    box: Box | None = None
