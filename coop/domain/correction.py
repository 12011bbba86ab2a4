"""What a keeper says that a visit was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

NOTHING = "other"
"""The kind of a visit that was no animal at all: a leaf, a shadow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A judgement of a whole visit. ``kind`` and ``subject`` as in a Sighting; the newest of a visit holds.

    ``was_kind`` and ``was_subject`` are what it was held to be until then. ``batch`` names the press that
    made it: the same press counts once.
    """

    visit: str
    kind: str
    subject: str
    who: str
    at: datetime
    batch: str
    was_kind: str = ""
    was_subject: str = ""

    @property
    def confirms(self) -> bool:
        """Whether it only says that what was held is right."""
        return (self.kind, self.subject) == (self.was_kind, self.was_subject)
