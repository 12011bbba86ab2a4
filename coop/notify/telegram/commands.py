"""Commands: from a message to the desk's answer. What a command does is the desk's affair."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from telegram import Update
from telegram.ext import ContextTypes

from coop.errors import CoopError
from coop.notify import answers as words
from coop.notify.desk import Answer, Desk
from coop.notify.languages import speaking
from coop.notify.menu import allows, find
from coop.notify.telegram.answers import reply
from coop.notify.telegram.gate import Gate, code_in, sender_of

DESK_SECONDS = 60.0
"""How long the desk may think about a command before the chat is told that it failed."""


class Commands:
    """Answers commands in the language of their chat, as far as the caller's role goes."""

    def __init__(self, desk: Desk, gate: Gate, after: Callable[[str], None]) -> None:
        self._desk = desk
        self._gate = gate
        self._after = after

    async def start(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Greets; with a code of `coop pair` it lets a person of a group do what the code allows."""
        sender = sender_of(update)
        if sender is None or update.message is None:
            return
        code, new = code_in(update), self._gate.was_let_in(update)
        caller = await self._gate.caller(sender)
        if caller is None:
            return
        if code is not None and not new:
            new = (better := await self._gate.pair(code, sender)) is not None
            caller = better or caller
        self._after(sender.chat)
        with speaking(caller.language):
            if new:
                text = words.paired(sender.chat_name or sender.name, caller.role)
            else:
                text = words.bad_code() if code is not None else words.help_text(caller.role)
            await reply(update.message, Answer(text=text))

    async def command(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Any other command of the menu."""
        message, sender = update.message, sender_of(update)
        if message is None or sender is None or not message.text:
            return
        caller = await self._gate.caller(sender)
        if caller is None:
            return
        name, _, rest = message.text.partition(" ")
        known = find(name[1:].partition("@")[0].lower())
        if known is None:
            return
        with speaking(caller.language):
            if not allows(caller.role, known.role):
                await reply(message, Answer(text=words.only_keepers()))
                return
            answer = await asked(lambda: self._desk.answer(caller, known.name, rest.strip()))
            self._after(sender.chat)
            if answer is not None:
                await reply(message, answer)


async def asked(question: Callable[[], Answer | None]) -> Answer | None:
    """Ask the desk in a thread; where it cannot answer, the answer says why."""
    try:
        async with asyncio.timeout(DESK_SECONDS):
            return await asyncio.to_thread(question)
    except CoopError as problem:
        return Answer(text=words.not_possible(str(problem)))
