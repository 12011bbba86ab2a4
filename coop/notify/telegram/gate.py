"""The gate: who is let in. Strangers get no answer, whatever they send or press."""

from __future__ import annotations

import asyncio
import logging

from telegram import Update
from telegram.ext import ApplicationHandlerStop, ContextTypes

from coop.notify.desk import Caller, Desk, Sender

log = logging.getLogger(__name__)

PAIRING_TRIES = 10
"""Wrong codes one chat may send until the program starts again."""
STRANGERS = 10_000


class Gate:
    """Asked before every handler. It lets a chat in that sends `/start CODE` with a code of `coop pair`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tries: dict[str, int] = {}
        self._welcome: set[int] = set()

    async def __call__(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Stop an update of a stranger here: commands, presses, and everything that may come later."""
        sender = sender_of(update)
        if sender is not None and await self.caller(sender) is not None:
            return
        # Asked before, since a code that is tried makes the chat a known stranger.
        is_new = sender is not None and await asyncio.to_thread(self._desk.note_stranger, sender.chat)
        code = code_in(update)
        if sender is None:
            raise ApplicationHandlerStop
        if code is not None and await self.pair(code, sender) is not None:
            self._welcome.add(update.update_id)
            return  # and `/start` welcomes them
        if is_new:
            log.warning(
                "A stranger wrote to the bot and got no answer: chat %s. To let it in, run `coop pair`",
                sender.chat,
            )
        raise ApplicationHandlerStop

    def was_let_in(self, update: Update) -> bool:
        """Whether this very update brought the code that let its sender in."""
        new = update.update_id in self._welcome
        self._welcome.discard(update.update_id)
        return new

    async def caller(self, sender: Sender) -> Caller | None:
        return await asyncio.to_thread(self._desk.caller, sender)

    async def pair(self, code: str, sender: Sender) -> Caller | None:
        """Let somebody in who knows a code; guessing is cut short."""
        if self._tries.get(sender.chat, 0) >= PAIRING_TRIES or len(self._tries) >= STRANGERS:
            return None
        paired = await asyncio.to_thread(self._desk.pair, code, sender)
        if paired is None:
            self._tries[sender.chat] = self._tries.get(sender.chat, 0) + 1
            return None
        log.info("Chat %s (%s) is paired", sender.chat, sender.chat_name or sender.name)
        return paired


def sender_of(update: Update) -> Sender | None:
    """Who an update comes from; None for one without a chat or a person, which nothing is owed."""
    chat, user, message = update.effective_chat, update.effective_user, update.effective_message
    if chat is None or user is None:
        return None
    topic = message.message_thread_id if message is not None and message.is_topic_message else None
    return Sender(
        chat=str(chat.id),
        person=str(user.id),
        name=user.full_name,
        chat_name=chat.effective_name or "",
        thread=topic,
        phone=user.language_code or "",
    )


def code_in(update: Update) -> str | None:
    """The code of a message such as `/start K7WM-2RQF`."""
    words = (update.message.text or "").split() if update.message is not None else []
    if len(words) != 2 or words[0].partition("@")[0] != "/start":
        return None
    return words[1]
