"""What a track is held to be, and on which pictures that rests."""

from __future__ import annotations

from dataclasses import dataclass

from coop.domain.frame import Frame
from coop.domain.track import Crop, Track


@dataclass(frozen=True, eq=False, kw_only=True)
class Judgement:
    """The verdict on one track so far.

    ``kind`` and ``subject`` are as in a Sighting; ``UNKNOWN`` where the models cannot tell. ``crops`` holds
    the crop of this moment; when the verdict is ``final``, since the track is over, those worth keeping, the
    best first. ``frame`` is the picture that the first of them was cut from.
    """

    track: Track
    kind: str
    subject: str
    confidence: float
    frame: Frame
    crops: tuple[Crop, ...]
    final: bool = False
