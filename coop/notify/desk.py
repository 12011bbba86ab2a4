"""What the bot's commands ask of the rest of the program. Built by the app; every call may block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A camera's picture of this moment, privacy masks applied. ``caption`` is Telegram's HTML."""

    caption: str
    jpeg: bytes = field(repr=False)


class Desk(Protocol):
    """Answers to commands. Texts are Telegram's HTML; problems are raised as `CoopError`."""

    def photo(self, camera: str | None) -> Snapshot | Sequence[str]:
        """A snapshot; the names to choose from where ``camera`` is None or unknown and there are several."""
        ...

    def today(self) -> tuple[str, bytes | None]:
        """The day so far: its digest's text, and its picture as PNG."""
        ...

    def status(self) -> str: ...

    def pair(self, code: str, chat: str, name: str) -> bool:
        """Use up a one-time code and remember the chat; False if the code is wrong, used or too old."""
        ...

    def allowed(self, chat: str) -> bool: ...

    def note_stranger(self, chat: str) -> bool:
        """Remember a chat that is not allowed; True the first time, so that it is logged once."""
        ...

    def queue_test(self, chat: str) -> None:
        """Put a test message for ``chat`` into the outbox, past every filter, and have it sent now."""
        ...
