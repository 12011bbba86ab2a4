"""A training of a task: what it learned from, how good its model was, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

NIGHTLY = "nightly"


class Outcome(StrEnum):
    """What became of a training."""

    PROMOTED = "promoted"  # its model went to work
    KEPT = "kept"  # the model before it was as good, and stayed
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Two models on the same pictures of days that neither learned from; shares that are right.

    ``before`` is that of the model at work; where there is none, that of always giving the most frequent
    answer. ``lacks``: what the model at work knows, must not be lost, and the new one does not know.
    """

    right: float
    before: float
    pictures: int
    days: int
    lacks: tuple[str, ...] = ()

    @property
    def better(self) -> bool:
        """More of the same pictures are right, and nothing that must not be lost is lost."""
        return self.right > self.before and not self.lacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """``version`` is the dataset version, ``newest_label`` the last label that was given before it.

    ``package`` is the model that it makes, ``instead`` the one that was at work ("" for none). ``attempts``
    counts how often it was begun: one that was killed is gone on with. ``who``: NIGHTLY, or the command.
    """

    id: int
    task: str
    version: int
    newest_label: int
    package: str
    who: str
    begun: datetime
    attempts: int = 1
    ended: datetime | None = None
    outcome: Outcome | None = None
    instead: str = ""
    verdict: Verdict | None = None
    reason: str = ""
