"""Telegram as a messenger: needs nothing but the token, and works whenever the network does."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMedia,
    InputMediaPhoto,
    InputMediaVideo,
    LinkPreviewOptions,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from coop.domain.chat import parted
from coop.domain.notification import Keyboard
from coop.notify.hide_token import HideToken
from coop.notify.messenger import CLIP, Ambiguous, PictureRefused, Unreachable
from coop.notify.telegram.errors import reason_of, translate

NOISY = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.proxy",
    "telegram.Bot",
    "telegram.request.BaseRequest",
    "telegram.request.HTTPXRequest",
    "telegram.ext.ExtBot",
    "telegram.ext.Application",
)
"""Loggers that might show the address of a request, which holds the token."""

CONNECT_SECONDS = 10.0


class TelegramMessenger:
    """Sends and edits messages: a `Messenger`. Usable in one event loop only.

    ``base_url`` is the root of an own Bot API server instead of Telegram's. ``answer_within`` is how many
    seconds a request may wait for its answer, ``upload_within`` how many each part of a picture may take to
    leave. The token appears in no log record, no error and no `repr`.
    """

    def __init__(
        self,
        token: str,
        *,
        base_url: str | None = None,
        answer_within: float = 30.0,
        upload_within: float = 60.0,
    ) -> None:
        # The library's own switch; without it every "retry after" makes a deprecation warning.
        os.environ.setdefault("PTB_TIMEDELTA", "true")
        self._secret = HideToken(token)
        self._secret.attach(NOISY)
        # Every poll would be an INFO line.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        # A kept connection may have gone stale unseen, and a message lost on it would count as uncertain.
        fresh = httpx.Limits(max_connections=16, max_keepalive_connections=0)
        trust = httpx.create_ssl_context()  # slow to make, so made once for both

        def requests(**more: Any) -> HTTPXRequest:
            return HTTPXRequest(
                read_timeout=answer_within,
                write_timeout=answer_within,
                connect_timeout=CONNECT_SECONDS,
                pool_timeout=CONNECT_SECONDS,
                media_write_timeout=upload_within,
                httpx_kwargs={"verify": trust, **more},
            )

        self._requests = requests(), requests(limits=fresh)
        server = f"{base_url.rstrip('/')}/bot" if base_url else "https://api.telegram.org/bot"
        self._bot: ExtBot[None] = ExtBot(
            token, base_url=server, get_updates_request=self._requests[0], request=self._requests[1]
        )

    async def close(self) -> None:
        """Close the connections; nothing can be sent afterwards."""
        for request in self._requests:
            await request.shutdown()
        self._secret.detach(NOISY)

    async def send(
        self, chat: str, text: str, picture: Path | None, *, silent: bool, buttons: Keyboard = ()
    ) -> str:
        """See `Messenger`."""
        number, thread = parted(chat)
        common: dict[str, Any] = {
            "disable_notification": silent,
            "parse_mode": ParseMode.HTML,
            "message_thread_id": thread,
            "reply_markup": markup(buttons),
        }
        with self._translated():
            if picture is None:
                plain = LinkPreviewOptions(is_disabled=True)
                message = await self._bot.send_message(number, text, link_preview_options=plain, **common)
                return f"text:{message.message_id}"
            data = await asyncio.to_thread(_read, picture)
            common |= {"caption": text, "filename": picture.name}
            if picture.suffix == CLIP:
                message = await self._bot.send_video(number, data, supports_streaming=True, **common)
            else:
                message = await self._bot.send_photo(number, data, **common)
            return f"photo:{message.message_id}"

    async def edit(
        self, chat: str, message_id: str, text: str, picture: Path | None, *, buttons: Keyboard = ()
    ) -> None:
        """See `Messenger`."""
        kind, _, number = message_id.partition(":")
        shown = picture if kind == "photo" else None
        try:
            with self._translated():
                await self._edit(
                    parted(chat)[0], int(number), text, shown, markup(buttons), has_picture=kind == "photo"
                )
        except Ambiguous as problem:
            raise Unreachable(str(problem)) from None

    async def _edit(
        self,
        chat: str,
        number: int,
        text: str,
        picture: Path | None,
        buttons: InlineKeyboardMarkup | None,
        *,
        has_picture: bool,
    ) -> None:
        common: dict[str, Any] = {"chat_id": chat, "message_id": number, "reply_markup": buttons}
        try:
            if not has_picture:
                await self._bot.edit_message_text(text, parse_mode=ParseMode.HTML, **common)
            elif picture is None:
                await self._bot.edit_message_caption(caption=text, parse_mode=ParseMode.HTML, **common)
            else:
                data = await asyncio.to_thread(_read, picture)
                await self._bot.edit_message_media(_media(data, picture, text), **common)
        except BadRequest as refusal:
            if "not modified" not in refusal.message:  # else it already says so: an edit that was repeated
                raise

    async def check(self) -> str:
        """Ask Telegram who this bot is; its username.

        Raises:
            DeliveryProblem: `TokenRefused`, or `Unreachable` when there is no way to Telegram.
        """
        try:
            with self._translated():
                return (await self._bot.get_me()).username or ""
        except (Ambiguous, Unreachable) as problem:
            raise Unreachable(
                f"Telegram is not reached ({problem}). Check the network and any proxy"
            ) from None

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn Telegram's errors into ours, without a chain that might show the token."""
        try:
            yield
        except TelegramError as problem:
            translated = translate(problem, self._secret.hide(reason_of(problem)))
        else:
            return
        raise translated


def markup(buttons: Keyboard) -> InlineKeyboardMarkup | None:
    """Buttons as Telegram wants them; None for none."""
    if not buttons:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(button.text, callback_data=button.press) for button in row] for row in buttons]
    )


def _media(data: bytes, picture: Path, text: str) -> InputMedia:
    common: dict[str, Any] = {"caption": text, "parse_mode": ParseMode.HTML, "filename": picture.name}
    if picture.suffix == CLIP:
        return InputMediaVideo(data, supports_streaming=True, **common)
    return InputMediaPhoto(data, **common)


def _read(picture: Path) -> bytes:
    try:
        return picture.read_bytes()
    except OSError as problem:
        raise PictureRefused(f"{picture}: {problem.strerror}") from None


async def bot_username(token: str, base_url: str | None = None) -> str:
    """The username of the bot that a token belongs to, for `coop check`; see `TelegramMessenger.check`."""
    messenger = TelegramMessenger(token, base_url=base_url)
    try:
        return await messenger.check()
    finally:
        await messenger.close()
