"""Presses of buttons. Unlike commands, the library filters them by nothing: everything is checked here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from telegram import CallbackQuery, Message, Update
from telegram.error import BadRequest, TelegramError
from telegram.ext import ContextTypes

from coop.errors import CoopError
from coop.notify import answers as words
from coop.notify.desk import Desk, Pressed
from coop.notify.languages import speaking
from coop.notify.telegram.answers import change, patiently, reply
from coop.notify.telegram.gate import Gate, sender_of
from coop.notify.telegram.messenger import markup

TOAST_LIMIT = 200
"""Longest text that Telegram shows for a moment."""
DESK_SECONDS = 60.0


class Buttons:
    """Hands presses to the desk, and shows what became of them."""

    def __init__(self, desk: Desk, gate: Gate, after: Callable[[str], None]) -> None:
        self._desk = desk
        self._gate = gate
        self._after = after

    async def press(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """A press by somebody the gate let through; the role is the desk's to judge."""
        query, sender = update.callback_query, sender_of(update)
        if query is None or sender is None or not query.data:
            return
        caller = await self._gate.caller(sender)
        if caller is None:
            return
        data, press = query.data, query.id
        with speaking(caller.language):
            try:
                async with asyncio.timeout(DESK_SECONDS):
                    result = await asyncio.to_thread(lambda: self._desk.press(caller, press, data))
            except CoopError as problem:
                result = Pressed(toast=words.plain_problem(str(problem)))
            self._after(sender.chat)
            await _toast(query, result.toast)
            await _show(query, result)


async def _toast(query: CallbackQuery, text: str) -> None:
    """End the waiting sign on the button; one that was pressed minutes ago has ended by itself."""
    try:
        await query.answer(text[:TOAST_LIMIT] or None)
    except BadRequest as refusal:
        if "too old" not in refusal.message and "invalid" not in refusal.message.lower():
            raise


async def _show(query: CallbackQuery, result: Pressed) -> None:
    message = query.message
    if not isinstance(message, Message):  # too old for Telegram to say more of it: it can't be changed
        return
    if result.answer is not None:
        answer = result.answer
        await patiently(lambda: change(message, answer))
    elif result.buttons is not None:
        buttons = markup(result.buttons)
        try:
            await patiently(lambda: message.edit_reply_markup(buttons))
        except TelegramError as refusal:
            if "not modified" not in refusal.message:
                raise
    if result.then is not None:
        await reply(message, result.then)
