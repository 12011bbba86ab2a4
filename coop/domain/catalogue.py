"""What the labelling tool knows of each picture besides the picture itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from coop.domain.picture import StoredPicture

DAEMON = "daemon"
"""The source of pictures that the watch itself took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Measured once, when a picture is catalogued.

    ``phash``: 64-bit perceptual hash. ``brightness`` and ``contrast``: mean and standard deviation of grey, 0
    to 255. ``sharpness``: variance of the Laplacian of the grey picture, 256 pixels at its longer side.
    """

    phash: int
    brightness: float
    contrast: float
    sharpness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A picture's place in the catalogue.

    ``visit``: the pictures of one thing's stay, labelled by one key. ``group``: what the importer said must
    not be split. ``day``: the coop's calendar day, None where nobody knows when a picture was taken; then its
    `StoredPicture.time` is that of the import. ``source``: `DAEMON` or the name of the import. ``name``: what
    the picture was called where it came from (a path relative to the CSV, say).
    """

    picture: str
    visit: str
    source: str
    facts: Facts
    group: str | None = None
    day: date | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What a model says of a picture for a task.

    ``value`` as a label's; ``confidence`` 0 to 1; ``margin``: the confidence less that of the runner-up;
    ``runner_up``: its value; ``model``: name and version of the package.
    """

    picture: str
    value: str
    confidence: float
    margin: float
    model: str
    runner_up: str = ""

    @property
    def shown(self) -> str:
        """As it stands in the log of labels."""
        return f"{self.value} {self.confidence:.2f} {self.model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPicture:
    """A picture as pages show it: with its place, its label (None: none yet) and the model's suggestion."""

    picture: StoredPicture
    visit: str
    source: str
    group: str | None
    day: date | None
    name: str
    value: str | None
    who: str | None
    at: datetime | None
    suggestion: Suggestion | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedVisit:
    """A visit waiting to be labelled, leased to one person until ``leased_until``.

    ``reason``: why it comes now ("unsure", "disagrees", "rare", "new place", "random", "audit", "double",
    "review", ""). ``blind``: no suggestion and no other person's label may be shown.
    """

    visit: str
    reason: str
    score: float
    leased_until: datetime
    pictures: tuple[SheetPicture, ...]
    blind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a task is: pictures and visits in all, and those without a label."""

    pictures: int
    visits: int
    open_pictures: int
    open_visits: int
