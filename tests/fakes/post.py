"""A clock that is set by hand, and a hand that puts messages into an outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from coop.domain.findings import Findings
from coop.domain.notification import Notification
from coop.domain.picture import NewPicture, PictureKind
from coop.store.store import Store

START = datetime(2024, 10, 4, 5, 12, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Post:
    """Puts messages into a store's outbox, as the recorder does."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock
        self._count = 0

    def __call__(
        self,
        text: str,
        *,
        chat: str = "42",
        picture: str | None = None,
        alarm: bool = False,
        edits: str | None = None,
        expires: datetime | None = None,
    ) -> str:
        self._count += 1
        note = Notification(
            key=f"note-{self._count}",
            chat=chat,
            text=text,
            picture=picture,
            alarm=alarm,
            edits=edits,
            expires=expires,
        )
        self.store.record(Findings(notifications=(note,)), self._clock())
        return note.key

    def picture(self, key: str, data: bytes) -> Path:
        """Store a picture; the path of its file."""
        new = NewPicture(
            key=key,
            kind=PictureKind.FRAME,
            data=data,
            suffix=".jpg",
            camera="run",
            time=self._clock(),
            width=64,
            height=48,
        )
        self.store.record(Findings(pictures=(new,)), self._clock())
        found = self.store.picture(key)
        assert found is not None
        return found[1]
