"""The same moving thing over frames, and the pixels cut out around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coop.domain.box import Box
from coop.domain.frame import Picture


class TrackState(StrEnum):
    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A thing that moves.

    ``id`` is unique over restarts (camera, time of the first frame, running number). ``seen`` is False
    in a frame where no region was found for it and ``box`` is a prediction. ``travelled`` is how far it ever
    got from where it began, in sizes (diagonals of its box): a branch, a reflection or a hole in the
    background stays near 0, an animal that came from somewhere does not.
    """

    id: str
    camera: str
    box: Box
    state: TrackState
    first_seen: datetime
    last_seen: datetime
    hits: int
    seen: bool
    travelled: float = 0.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Crop:
    """The pixels of a track's padded box, never distorted.

    ``image``: uint8 BGR, shape (h, w, 3). ``box`` is the track's own box in source pixels, ``padded`` the box
    that was cut. ``quality`` orders the crops of one track: sharper, larger and wholly inside is higher.
    """

    camera: str
    time: datetime
    track_id: str
    box: Box
    padded: Box
    image: Picture
    quality: float
    whole: bool
