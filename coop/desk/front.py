"""The front desk: whoever asks is known here, and the right part of the desk answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from coop.desk.chats import ChatDesk
from coop.desk.correcting import CorrectionDesk
from coop.desk.eggs import EggDesk
from coop.desk.flock import FlockDesk
from coop.desk.looking import LookingDesk
from coop.desk.model import ModelDesk
from coop.desk.parts import CommandTable, Parts, Press, PressTable
from coop.desk.quiz import QuizDesk
from coop.domain.chat import Role
from coop.notify import answers
from coop.notify.desk import Answer, Caller, Pressed, Sender
from coop.notify.menu import allows


class FrontDesk:
    """A `Desk`. Every call may block for a short time, so the bot calls it in a thread."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        corrections = self._corrections = CorrectionDesk(parts)
        desks = (
            LookingDesk(parts), FlockDesk(parts), ChatDesk(parts), corrections, QuizDesk(parts, corrections),
            ModelDesk(parts), EggDesk(parts),
        )  # fmt: skip
        self._commands: CommandTable = dict(chain.from_iterable(d.commands.items() for d in desks))
        self._presses: PressTable = dict(chain.from_iterable(d.presses.items() for d in desks))

    def label_late_crops(self) -> int:
        """See `CorrectionDesk.label_late_crops`."""
        return self._corrections.label_late_crops()

    def caller(self, sender: Sender) -> Caller | None:
        return self._parts.addressees.caller(sender)

    def pair(self, code: str, sender: Sender) -> Caller | None:
        return self._parts.addressees.pair(code, sender)

    def note_stranger(self, chat: str) -> bool:
        return self._parts.store.note_stranger(chat, self._parts.clock())

    def menus(self) -> Mapping[str, tuple[Role, str]]:
        return self._parts.addressees.menus()

    def cameras(self) -> Sequence[str]:
        return tuple(self._parts.crew.latest())

    def answer(self, caller: Caller, command: str, words: str) -> Answer | None:
        if command == "help":
            return Answer(text=answers.help_text(caller.role))
        return self._commands[command](caller, words)

    def press(self, caller: Caller, press: str, data: str) -> Pressed:
        """A button of an older program, or a forged one, does nothing."""
        verb, *words = data.split(":")
        role, action = self._presses.get(verb, (Role.WATCHER, None))
        if action is None:
            return Pressed()
        if not allows(caller.role, role):
            return Pressed(toast=answers.plain(answers.only_keepers()))
        return action(Press(caller=caller, id=press, words=tuple(words)))
