"""What every part of the desk works with, and how buttons are read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TypeAlias

from coop.addressees import Addressees
from coop.crew import Crew
from coop.domain.chat import Role
from coop.domain.notification import Button, Keyboard
from coop.hens import known_hens
from coop.models import Models
from coop.notify.compose import Composer
from coop.notify.desk import Answer, Caller, Pressed
from coop.settings import Settings
from coop.store.store import Store
from coop.tell import Teller
from coop.timelapse import Stills

ROW = 3
"""Buttons beside one another that a phone shows without cutting their words."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of the running coop that commands and buttons reach."""

    settings: Settings
    store: Store
    crew: Crew
    models: Models
    composer: Composer
    addressees: Addressees
    teller: Teller
    stills: Stills
    clock: Callable[[], datetime]
    started: datetime

    @property
    def zone(self) -> tzinfo:
        return self.settings.zone

    def hens(self) -> tuple[str, ...]:
        """Every hen's name."""
        return known_hens(self.settings, self.store, self.models)

    def local(self) -> datetime:
        return self.clock().astimezone(self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button that somebody tapped: who, the press's own id, and what follows the verb on the button."""

    caller: Caller
    id: str
    words: tuple[str, ...]

    @property
    def first(self) -> str:
        return self.words[0] if self.words else ""

    @property
    def second(self) -> str:
        return self.words[1] if len(self.words) > 1 else ""


AnswersCommand: TypeAlias = Callable[[Caller, str], Answer | None]
AnswersPress: TypeAlias = Callable[[Press], Pressed]
CommandTable: TypeAlias = Mapping[str, AnswersCommand]
PressTable: TypeAlias = Mapping[str, tuple[Role, AnswersPress]]


def tag(text: str) -> str:
    """A name in ten letters, since a button carries little."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def tagged(wanted: str, texts: Iterable[str]) -> str | None:
    """The one of ``texts`` that has a tag."""
    return next((text for text in texts if tag(text) == wanted), None)


def grid(buttons: Sequence[Button], width: int = ROW) -> Keyboard:
    """Buttons in rows."""
    return tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))
