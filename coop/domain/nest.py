"""What a nest box shows, picture by picture.

A reading is one model's answer to one zone picture of a nest box. Only a *bare* nest can be counted: a hen
on it, darkness, a hand, or anything in front of it is "cannot see", never "no eggs".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

INFRARED = "infrared"
"""Why a count is less sure than others: the picture has no colours."""


class NestState(StrEnum):
    EMPTY = "empty"
    EGGS = "eggs"
    HEN = "hen"
    """A hen sits there: whatever lies under her cannot be counted."""
    UNSEEN = "unseen"
    """Nothing can be said of it: see the reading's ``reason``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NestReading:
    """What one picture of a nest box shows.

    ``eggs`` is the most probable number of eggs where the nest is bare, else None. ``chances[n]`` is the
    probability that n eggs lie there, empty where nothing can be counted. ``reason`` says why it cannot:
    "dark", "covered" (a hand, an animal, a close-up hen), "unsure" (below the model's threshold);
    `INFRARED` where it counts, but by infrared light; else "". ``model`` names the package, ``picture``
    the key of the zone picture where it was kept.
    """

    camera: str
    nest: str
    time: datetime
    state: NestState
    eggs: int | None
    confidence: float
    chances: tuple[float, ...] = ()
    reason: str = ""
    model: str = ""
    picture: str | None = None

    @property
    def counts(self) -> bool:
        """Whether this picture says anything of the number of eggs."""
        return bool(self.chances)


@dataclass(frozen=True, slots=True, kw_only=True)
class NestCount:
    """The last reliable count of a nest: ``eggs`` lay there at ``time``; ``first`` is when it was first
    counted.
    """

    camera: str
    nest: str
    eggs: int
    time: datetime
    first: datetime
