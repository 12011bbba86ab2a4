"""What the bot's commands need: pictures of now, the day so far, and who may ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from coop.assembly import jpeg
from coop.crew import Crew
from coop.digests import digest_of
from coop.domain.findings import Findings
from coop.domain.times import local_day
from coop.errors import SourceError
from coop.models import Models
from coop.notify import texts
from coop.notify.compose import Composer
from coop.notify.desk import Snapshot
from coop.settings import Settings
from coop.store.store import Store


@dataclass(frozen=True, kw_only=True)
class FrontDesk:
    """Answers the bot. Every call may block for a short time, so the bot calls it in a thread."""

    settings: Settings
    store: Store
    crew: Crew
    models: Models
    composer: Composer
    clock: Callable[[], datetime]
    started: datetime

    def allowed(self, chat: str) -> bool:
        return chat in self.recipients()

    def recipients(self) -> tuple[str, ...]:
        """Every chat that hears from the coop: the paired ones and those in the settings."""
        chats = [chat.id for chat in self.store.chats()]
        chats += [str(chat) for chat in self.settings.telegram.chats]
        return tuple(dict.fromkeys(chats))

    def pair(self, code: str, chat: str, name: str) -> bool:
        return self.store.pair(code, chat, name, self.clock()) is not None

    def note_stranger(self, chat: str) -> bool:
        return self.store.note_stranger(chat, self.clock())

    def photo(self, camera: str | None) -> Snapshot | tuple[str, ...]:
        """The newest frame of a camera; the cameras' names where it is not clear which one is meant."""
        latest = self.crew.latest()
        if camera is None and len(latest) == 1:
            (camera,) = latest
        if camera is None or camera not in latest:
            return tuple(latest)
        frame = latest[camera]
        if frame is None:
            raise SourceError(camera, "no picture has come yet", "See /status.")
        caption = texts.photo(camera, frame.time.astimezone(self.settings.zone))
        return Snapshot(caption=caption, jpeg=jpeg(frame.finest))

    def today(self) -> tuple[str, bytes]:
        """The day so far: text and chart."""
        now = self.clock()
        summary = digest_of(self.store, local_day(now, self.settings.zone), self.composer)
        return summary.text, summary.png

    def status(self) -> str:
        now = self.clock()
        return texts.status(
            self.settings.coop.name,
            self.crew.statuses(now),
            self.models.names,
            now - self.started,
            self.crew.waiting(),
        )

    def queue_test(self, chat: str) -> None:
        """Put a test message into the outbox: the whole way that an alarm goes."""
        now = self.clock()
        self.store.record(Findings(notifications=(self.composer.test(chat, now),)), now)
