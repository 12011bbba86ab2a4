"""When a clip begins and when it ends. Pure: it reads no clock and knows no pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from coop.domain.event import Event

Wants = Callable[[Event], bool]
"""Whether an event is worth a clip."""


@dataclass(eq=False)
class Take:
    """One clip while it is being taken: from when, until when as things stand, and what it is about."""

    since: datetime
    until: datetime
    events: list[Event] = field(default_factory=list)

    def is_about(self, subject: str) -> bool:
        return any(event.subject == subject for event in self.events)


class Director:
    """Decides over the clips of one camera, of which there is at most one at a time.

    A clip begins ``pre_roll`` before its event and goes on until its subjects have not been seen for
    ``post_roll``; no clip is longer than ``longest``. Another event meanwhile prolongs it.
    """

    def __init__(
        self, wants: Wants, *, pre_roll: timedelta, post_roll: timedelta, longest: timedelta
    ) -> None:
        if pre_roll + post_roll > longest:
            raise ValueError(
                f"The longest clip must hold pre-roll and post-roll. "
                f"Received: {longest}, {pre_roll} and {post_roll}"
            )
        self._wants = wants
        self._pre_roll = pre_roll
        self._post_roll = post_roll
        self._longest = longest
        self._take: Take | None = None
        self._newest: datetime | None = None

    def update(self, now: datetime, events: Sequence[Event], seen: Mapping[str, datetime]) -> Take | None:
        """The take that the moment ``now`` belongs to, or None; the same object as long as it goes on.

        ``events`` are new ones; ``seen`` maps every subject in sight to when it was seen last.
        """
        if self._is_over(now):
            self._take = None
        self._newest = now
        for event in events:
            if self._wants(event):
                self._add(event)
        if self._take is not None:
            for subject, moment in seen.items():
                if self._take.is_about(subject):
                    self._prolong(self._take, moment)
        return self._take

    def _is_over(self, now: datetime) -> bool:
        """Its time is up; or the clock was set back, and the rest would be of another time."""
        if self._take is None:
            return False
        return now > self._take.until or (self._newest is not None and now < self._newest)

    def _add(self, event: Event) -> None:
        if self._take is None:
            self._take = Take(since=event.time - self._pre_roll, until=event.time)
        self._take.events.append(event)
        self._prolong(self._take, event.time)

    def _prolong(self, take: Take, seen: datetime) -> None:
        until = min(seen + self._post_roll, take.since + self._longest)
        take.until = max(take.until, until)
