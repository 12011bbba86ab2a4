"""Those whom the bot talks with: chats, the people in them, and what each chat wants to hear."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum


class Role(StrEnum):
    """A keeper may change things; a watcher only looks."""

    KEEPER = "keeper"
    WATCHER = "watcher"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A recipient that was paired. In a group ``role`` is that of whoever paired it: see `Member`."""

    id: str
    name: str
    role: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person who sent a code in a group, and may do in it what the code allowed."""

    chat: str
    person: str
    name: str
    role: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a chat wants. ``language``: "" for the coop's. ``thread``: the forum topic that messages go to.

    ``arrivals``, ``daily`` and ``weekly``: whether it hears of first visits and gets the digests.
    ``quiet``: between these local times everything but an alarm comes without a sound.
    """

    chat: str
    language: str = ""
    thread: int | None = None
    arrivals: bool = True
    daily: bool = True
    weekly: bool = True
    quiet: tuple[time, time] | None = None

    def switched(self, which: str) -> Preferences:
        """The same with ``arrivals``, ``daily`` or ``weekly`` the other way round."""
        return Preferences(
            chat=self.chat,
            language=self.language,
            thread=self.thread,
            arrivals=self.arrivals != (which == "arrivals"),
            daily=self.daily != (which == "daily"),
            weekly=self.weekly != (which == "weekly"),
            quiet=self.quiet,
        )

    def is_quiet(self, local: time) -> bool:
        """Whether a local time is within the quiet hours, which may span midnight."""
        if self.quiet is None or self.quiet[0] == self.quiet[1]:
            return False
        begin, end = self.quiet
        return begin <= local < end if begin < end else local >= begin or local < end


EVERYTHING = ""
"""The topic of a mute that is about all routine messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A chat hears nothing of a topic until a moment; None: until it is taken back.

    ``topic``: a class or a hen's name, or `EVERYTHING`, which leaves alarms alone.
    """

    chat: str
    topic: str
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.until is None or now < self.until


def address(chat: str, thread: int | None) -> str:
    """Where a message goes: a chat's id, and a topic of it where there is one ("-100123/7")."""
    return chat if thread is None else f"{chat}/{thread}"


def parted(where: str) -> tuple[str, int | None]:
    """Chat and topic of an address."""
    chat, _, thread = where.partition("/")
    return chat, int(thread) if thread else None
