"""Emptying the outbox: every message once, in its chat's order, whatever the network does.

    new ──► sending ──► sent
     ▲         ├──────► uncertain
     ├─────────┤
     │ not now └──────► failed
     └─ an uncertain alarm, once: marked "possible repeat"

`sending` is committed before the messenger is called. So a message found in that state after a crash may
have been delivered, and is treated like one whose answer was lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from coop.domain.notification import OutboxItem, OutboxState
from coop.domain.picture import StoredPicture
from coop.errors import StoreError
from coop.notify import texts
from coop.notify.languages import SOURCE, speaking
from coop.notify.messenger import (
    Ambiguous,
    FloodWait,
    Messenger,
    PictureRefused,
    Refused,
    ServerTrouble,
    TokenRefused,
    Unreachable,
    largest,
)

log = logging.getLogger(__name__)

FIRST_DELAY = timedelta(seconds=2)
LONGEST_DELAY = timedelta(minutes=2)
TOKEN_DELAY = timedelta(minutes=5)
PATIENCE = 5
"""A message the server stumbles over keeps its chat waiting for so many tries; then others overtake it."""
LAST_TRY = 500
"""After so many tries a message the server always stumbles over is given up: after 16 hours."""
BATCH = 200


@dataclass(frozen=True)
class _Pause:
    since: datetime
    until: datetime

    def holds(self, now: datetime) -> bool:
        """A clock that was set back ends the pause rather than making it endless."""
        return self.since <= now < self.until


class OutboxStore(Protocol):
    """What the worker needs of the store. Every call is one short transaction and may block."""

    def due(self, now: datetime, limit: int) -> tuple[OutboxItem, ...]:
        """What may be sent at ``now``, oldest first.

        An edit comes once its original is sent, with the original's ``message_id``. What has expired, and
        edits of what was never sent, do not come. ``repeat`` marks an alarm whose first try was uncertain.
        """
        ...

    def begin_sending(self, id: int, now: datetime) -> bool:
        """Commit that the item is being sent; False where it is not to be sent any more."""
        ...

    def finish_sent(self, id: int, message_id: str, now: datetime) -> None: ...

    def finish_uncertain(self, id: int, problem: str, now: datetime) -> OutboxState:
        """Nobody knows whether it arrived: an alarm becomes new again once, anything else stays uncertain."""
        ...

    def retry_later(self, id: int, not_before: datetime, problem: str) -> None: ...

    def fail(self, id: int, problem: str) -> None: ...

    def recover_outbox(self, now: datetime) -> tuple[OutboxItem, ...]:
        """Treat what a crash left in state sending as uncertain, and return it."""
        ...

    def picture(self, key: str) -> tuple[StoredPicture, Path] | None: ...


class OutboxWorker:
    """Sends what is due. One worker per outbox; `flush` is never run twice at the same time.

    ``language`` says which one a chat (by its address) reads: a few words are added here. ``is_news`` says
    whether a problem of the store is to be logged, or is known already.
    """

    def __init__(
        self,
        store: OutboxStore,
        messenger: Messenger,
        clock: Callable[[], datetime],
        language: Callable[[str], str] = lambda chat: SOURCE,
        is_news: Callable[[Exception], bool] = lambda problem: True,
    ) -> None:
        self._store = store
        self._is_news = is_news
        self._language = language
        self._messenger = messenger
        self._clock = clock
        self._pause: _Pause | None = None
        self._chat_pauses: dict[str, _Pause] = {}
        self._stumbles = 0
        self._unsettled: list[Callable[[], object]] = []
        self._closing = False
        self._recovered = False
        self._store_problem = ""
        self._lock = asyncio.Lock()

    async def _recover(self) -> None:
        """Once, before anything is sent: settle what was on its way when the program last stopped."""
        if self._recovered:
            return
        for item in await asyncio.to_thread(self._store.recover_outbox, self._clock()):
            log.warning("Message %s was being sent when the program stopped", item.notification.key)
        self._recovered = True

    def close(self) -> None:
        """Begin no further message; one that is on its way is finished by the `flush` that runs."""
        self._closing = True

    async def flush(self) -> int:
        """Send what is due now, and return how many messages and edits were delivered."""
        async with self._lock:
            delivered = 0
            try:
                await self._recover()
                await self._settle()
                if self._holds(self._pause):
                    return 0
                for item in await asyncio.to_thread(self._store.due, self._clock(), BATCH):
                    if self._closing or self._unsettled or self._holds(self._pause):
                        break
                    if not self._holds(self._chat_pauses.get(item.notification.chat)):
                        delivered += await self._handle(item)
                self._store_problem = ""
            except StoreError as problem:
                # Without the store nothing may be sent, since nobody would know that it was.
                self._complain("The outbox waits for the store", problem)
            return delivered

    def _complain(self, what: str, problem: StoreError) -> None:
        """Log a problem with the store once until the store works again."""
        told = f"{what}: {problem}"
        if told != self._store_problem and self._is_news(problem):
            log.error("%s", told)
        self._store_problem = told

    def _holds(self, pause: _Pause | None) -> bool:
        return pause is not None and pause.holds(self._clock())

    async def _settle(self) -> None:
        """Record outcomes that could not be recorded when they were known."""
        while self._unsettled:
            await asyncio.to_thread(self._unsettled[0])
            self._unsettled.pop(0)

    async def _record(self, outcome: Callable[[], object]) -> None:
        """Record what became of a message; if the store cannot, remember it and send nothing more."""
        try:
            await asyncio.to_thread(outcome)
        except StoreError as problem:
            self._unsettled.append(outcome)
            self._complain("The outbox cannot record a delivery yet", problem)

    async def _handle(self, item: OutboxItem) -> bool:
        """Deliver one item, whatever happens; True if it was delivered."""
        # The store is asked for everything before the item counts as being sent.
        language = await asyncio.to_thread(self._language, item.notification.chat)
        with speaking(language):
            return await self._handle_in(item)

    async def _handle_in(self, item: OutboxItem) -> bool:
        """The same, in the language spoken now."""
        picture, text = await self._contents(item)
        if not await asyncio.to_thread(self._store.begin_sending, item.id, self._clock()):
            return False
        try:
            message_id = await self._deliver(item, text, picture)
        except Exception as problem:  # noqa: BLE001 - one bad message must never hold up the others
            await self._undelivered(item, problem)
            return False
        self._stumbles = 0
        await self._record(partial(self._store.finish_sent, item.id, message_id, self._clock()))
        return True

    async def _deliver(self, item: OutboxItem, text: str, picture: Path | None) -> str:
        note = item.notification
        try:
            return await self._hand_over(item, text, picture)
        except PictureRefused as refusal:
            if picture is None:
                raise
            log.warning("The picture of message %s is refused (%s); sending its text", note.key, refusal)
            return await self._hand_over(
                item, texts.without_picture(text) if note.edits is None else text, None
            )

    async def _hand_over(self, item: OutboxItem, text: str, picture: Path | None) -> str:
        note = item.notification
        if note.edits is not None and item.message_id is not None:
            await self._messenger.edit(note.chat, item.message_id, text, picture, buttons=note.buttons)
            return item.message_id
        return await self._messenger.send(note.chat, text, picture, silent=note.silent, buttons=note.buttons)

    async def _contents(self, item: OutboxItem) -> tuple[Path | None, str]:
        """The picture's file if it can be sent, and the text with what must be said besides."""
        note = item.notification
        text = texts.reminder(note.text) if note.again is not None else note.text
        text = texts.possible_repeat(text) if item.repeat else text
        if note.picture is None:
            return None, text
        file = await asyncio.to_thread(self._picture_file, note.picture)
        if file is None:
            log.warning("The picture %s of message %s is missing or unusable", note.picture, note.key)
            return None, texts.without_picture(text) if note.edits is None else text
        return file, text

    def _picture_file(self, key: str) -> Path | None:
        found = self._store.picture(key)
        if found is None:
            return None
        try:
            size = found[1].stat().st_size
        except OSError:
            return None
        return found[1] if 0 < size <= largest(found[1]) else None

    async def _undelivered(self, item: OutboxItem, problem: Exception) -> None:
        """Decide what becomes of an item whose delivery did not succeed."""
        note, store, now = item.notification, self._store, self._clock()
        reason = f"{type(problem).__name__}: {problem}"
        match problem:
            case FloodWait():
                pause = self._chat_pauses[note.chat] = _Pause(now, now + timedelta(seconds=problem.seconds))
                outcome: Callable[[], object] = partial(store.retry_later, item.id, pause.until, reason)
            case TokenRefused():
                self._pause = _Pause(now, now + TOKEN_DELAY)
                outcome = partial(store.retry_later, item.id, now, reason)
            case ServerTrouble() if item.attempts >= LAST_TRY:
                outcome = partial(store.fail, item.id, reason)
            case ServerTrouble():
                pause = _Pause(now, now + _delay(item.attempts))
                if item.attempts < PATIENCE:
                    self._chat_pauses[note.chat] = pause
                outcome = partial(store.retry_later, item.id, pause.until, reason)
            case Unreachable():
                # The pause is ours alone: a restart tries at once, and the chat's order holds.
                self._stumble(now)
                outcome = partial(store.retry_later, item.id, now, reason)
            case Refused():
                outcome = partial(store.fail, item.id, reason)
            case Ambiguous():
                # The network is in trouble: the next message must not meet the same fate at once.
                self._stumble(now)
                outcome = partial(store.finish_uncertain, item.id, reason, now)
            case _:
                # Nobody knows how far it came, so it counts as uncertain rather than being tried for ever.
                outcome = partial(store.finish_uncertain, item.id, reason, now)
                log.error("Message %s to chat %s failed unexpectedly", note.key, note.chat, exc_info=problem)
        log.warning("Message %s to chat %s did not surely arrive: %s", note.key, note.chat, reason)
        await self._record(outcome)

    def _stumble(self, now: datetime) -> None:
        """Pause everything, longer each time in a row."""
        self._pause = _Pause(now, now + _delay(self._stumbles))
        self._stumbles += 1


def _delay(tries: int) -> timedelta:
    return min(FIRST_DELAY * int(2 ** min(tries, 16)), LONGEST_DELAY)
