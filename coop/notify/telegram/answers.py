"""How an answer leaves: in the same chat and forum topic, in pages where it is long, patiently."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from telegram import Message
from telegram.constants import ParseMode
from telegram.error import BadRequest, RetryAfter

from coop.notify import texts
from coop.notify.desk import Answer
from coop.notify.messenger import CAPTION_LIMIT, TEXT_LIMIT
from coop.notify.telegram.errors import seconds
from coop.notify.telegram.messenger import markup

LONGEST_WAIT = 60.0
"""An answer that Telegram wants later than this is not worth waiting for."""


async def reply(message: Message, answer: Answer) -> None:
    """Answer a message; a text too long for one message, or for a caption, follows in pages."""
    buttons = markup(answer.buttons)
    in_caption = texts.units(answer.text) <= CAPTION_LIMIT
    if answer.picture is not None or answer.clip is not None:
        with_text = {"caption": answer.text, "reply_markup": buttons} if in_caption else {}
        await _media(message, answer, parse_mode=ParseMode.HTML, **with_text)
        if in_caption:
            return
    pages = texts.pages(answer.text, TEXT_LIMIT)
    for number, page in enumerate(pages, start=1):
        last = buttons if number == len(pages) else None
        await patiently(partial(message.reply_text, page, parse_mode=ParseMode.HTML, reply_markup=last))


async def _media(message: Message, answer: Answer, **more: Any) -> None:
    if answer.clip is not None:
        data = await asyncio.to_thread(answer.clip.read_bytes)
        name = answer.clip.name
        await patiently(partial(message.reply_video, data, filename=name, supports_streaming=True, **more))
    elif answer.picture is not None:
        await patiently(partial(message.reply_photo, answer.picture, **more))


async def change(message: Message, answer: Answer) -> None:
    """Put an answer in the place of a message of the bot's; a picture stays where it is."""
    buttons = markup(answer.buttons)
    try:
        if message.text is not None:
            await message.edit_text(answer.text, parse_mode=ParseMode.HTML, reply_markup=buttons)
        else:
            await message.edit_caption(answer.text, parse_mode=ParseMode.HTML, reply_markup=buttons)
    except BadRequest as refusal:
        if "not modified" not in refusal.message:
            raise


async def patiently(send: Callable[[], Awaitable[Any]]) -> None:
    """Send an answer, once more if Telegram asks to wait a moment."""
    try:
        await send()
    except RetryAfter as problem:
        if seconds(problem) > LONGEST_WAIT:
            raise
        await asyncio.sleep(seconds(problem))
        await send()
