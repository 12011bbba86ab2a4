"""An event rendered for one recipient, on its way out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

PRESS_BYTES = 64
"""What Telegram lets a button carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button under a message. ``press`` comes back when somebody taps it: at most 64 bytes."""

    text: str
    press: str

    def __post_init__(self) -> None:
        size = len(self.press.encode())
        if not 0 < size <= PRESS_BYTES:
            raise ValueError(f"A button carries 1 to {PRESS_BYTES} bytes. Received: {self.press!r}")


Keyboard: TypeAlias = tuple[tuple[Button, ...], ...]
"""Rows of buttons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A message to one chat, or (with ``edits``) a change to one that went before.

    ``key`` is unique: the same notification is stored once, however often it is made. ``chat`` is the
    recipient's address (`coop.domain.chat.address`). ``picture`` is the key of a stored picture. ``edits`` is
    the key of the notification whose message shall change; an edit is not a message. ``alarm``: sound on, and
    repeated once if its delivery is uncertain. ``expires``: after this moment a message not yet sent is not
    worth sending. ``topic`` is what it is about (a class, a hen's name), which a chat may mute. ``tells`` are
    the keys of the visits that the message tells from now on: what becomes of them changes it. ``again`` is
    the key of the alarm that this one repeats.
    """

    key: str
    chat: str
    text: str
    picture: str | None = None
    silent: bool = False
    alarm: bool = False
    edits: str | None = None
    expires: datetime | None = None
    buttons: Keyboard = ()
    topic: str = ""
    tells: tuple[str, ...] = ()
    again: str | None = None


class OutboxState(StrEnum):
    NEW = "new"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    REPLACED = "replaced"
    """An edit that never went out since a newer one of the same message did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """A notification with the state of its delivery.

    ``message_id`` is the messenger's, once known; that of an edit is the message to change. ``repeat``: an
    earlier attempt may have arrived, so the text is marked as a possible repeat.
    """

    id: int
    notification: Notification
    state: OutboxState
    attempts: int
    not_before: datetime
    message_id: str | None = None
    problem: str = ""
    repeat: bool = False
