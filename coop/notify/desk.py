"""What the bot asks of the rest of the program. Built by the app; every call may block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from coop.domain.chat import Role, address
from coop.domain.notification import Keyboard


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who wrote or pressed, and where, as Telegram says. ``phone``: the language of their phone, or ""."""

    chat: str
    person: str
    name: str
    chat_name: str = ""
    thread: int | None = None
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A sender who is let in: what they may do, and the language of their chat."""

    sender: Sender
    role: Role
    language: str

    @property
    def chat(self) -> str:
        return self.sender.chat

    @property
    def address(self) -> str:
        """Where messages of the bot's own accord go: the topic that was written in, too."""
        return address(self.sender.chat, self.sender.thread)

    @property
    def name(self) -> str:
        return self.sender.name


@dataclass(frozen=True, kw_only=True)
class Answer:
    """``text`` is Telegram's HTML. With a picture (encoded) or a clip (a file), it stands below it."""

    text: str
    picture: bytes | None = field(default=None, repr=False)
    clip: Path | None = None
    buttons: Keyboard = ()


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """What a press leads to.

    ``toast`` is shown for a moment. ``buttons``: those of the message from now on (None: as they are).
    ``answer`` takes the place of the message's text and buttons. ``then`` is a new message.
    """

    toast: str = ""
    buttons: Keyboard | None = None
    answer: Answer | None = None
    then: Answer | None = None


class Desk(Protocol):
    """Answers to commands and presses, in the language spoken now. Problems are raised as `CoopError`."""

    def caller(self, sender: Sender) -> Caller | None:
        """What somebody may do; None for a stranger."""
        ...

    def pair(self, code: str, sender: Sender) -> Caller | None:
        """Use up a one-time code and let the sender in; None if the code is wrong, used or too old."""
        ...

    def note_stranger(self, chat: str) -> bool:
        """Remember a chat that is not let in; True the first time, so that it is logged once."""
        ...

    def answer(self, caller: Caller, command: str, words: str) -> Answer | None:
        """The answer to a command with the words after it; None where there is nothing to say."""
        ...

    def press(self, caller: Caller, press: str, data: str) -> Pressed:
        """What becomes of a button's press. ``press`` is its own id: one that comes again changes nothing."""
        ...

    def menus(self) -> Mapping[str, tuple[Role, str]]:
        """Role and language of every chat that is let in, by its id: each has a menu of its own."""
        ...

    def cameras(self) -> Sequence[str]: ...
