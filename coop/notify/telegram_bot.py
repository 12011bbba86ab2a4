"""Telegram: delivers messages and answers commands. The only step that imports `telegram`.

Sending needs nothing but the token and works whenever the network does. Receiving is one task that
connects, polls and begins again after every kind of failure, so that a daemon started without a network
answers as soon as there is one. The polling loop is our own: the library's ends without a word when the
token is refused for a moment, and cannot be seen to be alive.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
from telegram import BotCommand, InputMediaPhoto, LinkPreviewOptions, Message, Update
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.ext import (
    Application,
    ApplicationHandlerStop,
    CommandHandler,
    ContextTypes,
    ExtBot,
    TypeHandler,
    filters,
)
from telegram.request import HTTPXRequest

from coop.errors import CoopError
from coop.notify import texts
from coop.notify.desk import Desk, Snapshot
from coop.notify.hide_token import HideToken
from coop.notify.messenger import (
    CAPTION_LIMIT,
    TEXT_LIMIT,
    Ambiguous,
    DeliveryProblem,
    FloodWait,
    PictureRefused,
    Refused,
    ServerTrouble,
    TokenRefused,
    Unreachable,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

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
POLL_SECONDS = 25
LONGEST_DELAY = 60.0
REFUSED_DELAY = 300.0
DESK_SECONDS = 60.0
"""How long the desk may think about a command before the chat is told that it failed."""
PAIRING_TRIES = 10
"""Wrong codes one chat may send until the program starts again."""
STRANGERS = 10_000
UPDATES = ("message", "callback_query")

_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.WriteTimeout,  # the request did not leave in full, so it cannot have been obeyed
)
_PICTURE_WORDS = ("photo", "image_", "file must be non-empty", "wrong file", "wrong remote file", "too large")


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

    async def send(self, chat: str, text: str, picture: Path | None, *, silent: bool) -> str:
        """See `Messenger`."""
        with self._translated():
            if picture is not None:
                data = await asyncio.to_thread(_read, picture)
                message = await self._bot.send_photo(
                    chat,
                    data,
                    caption=text,
                    filename=picture.name,
                    disable_notification=silent,
                    parse_mode=ParseMode.HTML,
                )
                return f"photo:{message.message_id}"
            message = await self._bot.send_message(
                chat,
                text,
                disable_notification=silent,
                parse_mode=ParseMode.HTML,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
            return f"text:{message.message_id}"

    async def edit(self, chat: str, message_id: str, text: str, picture: Path | None) -> None:
        """See `Messenger`."""
        kind, _, number = message_id.partition(":")
        try:
            with self._translated():
                await self._edit(chat, int(number), text, picture, has_picture=kind == "photo")
        except Ambiguous as problem:
            raise Unreachable(str(problem)) from None

    async def _edit(
        self, chat: str, number: int, text: str, picture: Path | None, *, has_picture: bool
    ) -> None:
        try:
            if not has_picture:
                await self._bot.edit_message_text(text, chat, number, parse_mode=ParseMode.HTML)
            elif picture is None:
                await self._bot.edit_message_caption(chat, number, caption=text, parse_mode=ParseMode.HTML)
            else:
                data = await asyncio.to_thread(_read, picture)
                media = InputMediaPhoto(data, caption=text, parse_mode=ParseMode.HTML, filename=picture.name)
                await self._bot.edit_message_media(media, chat, number)
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
            translated = _translate(problem, self._secret.hide(_reason(problem)))
        else:
            return
        raise translated


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


def _translate(problem: TelegramError, reason: str) -> DeliveryProblem:
    match problem:
        case RetryAfter():
            return FloodWait(_seconds(problem))
        case InvalidToken():
            return TokenRefused("Telegram refuses the bot token. Get the right one from @BotFather")
        case ChatMigrated():
            return Refused(f"the group got the new id {problem.new_chat_id}; pair it again")
        case Forbidden():
            return Refused(reason)
        case BadRequest():
            about_picture = any(word in reason.lower() for word in _PICTURE_WORDS)
            return PictureRefused(reason) if about_picture else Refused(reason)
        case NetworkError():
            return _network(problem, reason)
        case _:
            return Ambiguous(reason)


def _network(problem: NetworkError, reason: str) -> DeliveryProblem:
    """Whether the message can have arrived; only the cause tells."""
    cause = problem.__cause__
    if isinstance(cause, _NOTHING_SENT):
        return Unreachable(reason)
    if cause is not None or "gateway" in reason.lower():
        # No answer, or one that is not the Bot API's own: a gateway in between lost sight of the request.
        return Ambiguous(reason)
    if "too large" in reason.lower():
        return PictureRefused(reason)
    return ServerTrouble(reason)


def _reason(problem: BaseException) -> str:
    """The error in words; a time-out has none of its own."""
    cause = problem.__cause__
    return str(problem) + (f" ({type(cause).__name__})" if isinstance(cause, httpx.TimeoutException) else "")


def _seconds(problem: RetryAfter) -> float:
    after = problem.retry_after
    return float(after) if isinstance(after, int | float) else after.total_seconds()


class TelegramBot(TelegramMessenger):
    """A messenger that also receives: pairs chats, answers commands, ignores strangers.

    ``poll_seconds`` is how long Telegram may hold a poll open, ``first_delay`` the wait after a first
    failure. The other arguments are those of `TelegramMessenger`.
    """

    def __init__(
        self,
        token: str,
        desk: Desk,
        *,
        base_url: str | None = None,
        answer_within: float = 30.0,
        upload_within: float = 60.0,
        poll_seconds: int = POLL_SECONDS,
        first_delay: float = 1.0,
    ) -> None:
        super().__init__(token, base_url=base_url, answer_within=answer_within, upload_within=upload_within)
        self._desk = desk
        self._poll_seconds = poll_seconds
        self._first_delay = first_delay
        self._task: asyncio.Task[None] | None = None
        self._restart: asyncio.TimerHandle | None = None
        self._offset = 0
        self._tries: dict[str, int] = {}
        self._problem = "not connected yet"
        self._application = Application.builder().bot(self._bot).updater(None).build()
        self._register()

    @property
    def problem(self) -> str:
        """Why commands are not answered at the moment; empty while they are."""
        return self._problem

    async def start(self) -> None:
        """Begin to receive in the background; returns at once, with or without a network."""
        self._begin()

    async def stop(self, within: float = 2.0) -> None:
        """Stop receiving and close. A command that is being answered may take ``within`` seconds more."""
        if self._restart is not None:
            self._restart.cancel()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self._application.running:
            await self._finish_commands(within)
        await self.close()

    async def _finish_commands(self, within: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._application.stop()
        # Let Telegram forget what was answered, or the next start would answer it again.
        with suppress(TelegramError, TimeoutError):
            async with asyncio.timeout(0.5):
                await self._bot.get_updates(offset=self._offset, timeout=0, allowed_updates=UPDATES)

    # Polling

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._receive(), name="telegram")
            self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Receiving ended though nobody stopped it: say why, and begin again after a while."""
        if task.cancelled() or task is not self._task:
            return
        log.critical("Receiving from Telegram ended: %s", self._secret.trace(task.exception()))
        self._task = None
        self._restart = asyncio.get_running_loop().call_later(LONGEST_DELAY, self._begin)

    async def _receive(self) -> None:
        """Connect and poll; after a failure wait, longer each time, and begin again."""
        delay = self._first_delay
        while True:
            try:
                await self._connect()
                await self._poll()
                delay = self._first_delay
            except (TelegramError, TimeoutError) as problem:
                await asyncio.sleep(self._explain(problem, delay))
                delay = min(delay * 2, LONGEST_DELAY)

    async def _connect(self) -> None:
        if self._application.running:
            return
        await self._application.initialize()
        await self._bot.delete_webhook()  # a bot with a webhook cannot poll
        await self._bot.set_my_commands([BotCommand(command, what) for command, what in texts.COMMANDS])
        await self._application.start()
        log.info("Telegram knows this bot as @%s", self._bot.username)

    async def _poll(self) -> None:
        """Fetch updates once, and hand them to the handlers."""
        # After a failure the first poll is a short one, which shows at once whether all is well again.
        hold = 0 if self._problem else self._poll_seconds
        # A poll that is neither answered nor refused must not be the last one.
        async with asyncio.timeout(hold + 60):
            updates = await self._bot.get_updates(offset=self._offset, timeout=hold, allowed_updates=UPDATES)
        if self._problem:
            log.info("Commands from Telegram are answered")
            self._problem = ""
        for update in updates:
            await self._application.update_queue.put(update)
            self._offset = update.update_id + 1

    def _explain(self, problem: Exception, delay: float) -> float:
        """Log a failure once, not with every try; how many seconds to wait now."""
        level, wait = logging.WARNING, delay
        match problem:
            case InvalidToken():
                level, wait = logging.ERROR, max(delay, REFUSED_DELAY)
                text = "Telegram refuses the bot token. Get the right one from @BotFather and restart"
            case Conflict():
                level, wait = logging.ERROR, max(delay, 10.0)
                text = (
                    "Another program receives with the same bot token. Stop it, or give this one its own bot"
                )
            case RetryAfter():
                wait = _seconds(problem)
                text = "Telegram asks for patience"
            case _:
                text = f"Telegram is not reached: {self._secret.hide(_reason(problem))}"
        if text != self._problem:
            log.log(level, "%s", text)
            self._problem = text
        return wait

    # Commands

    def _register(self) -> None:
        application = self._application
        application.add_handler(TypeHandler(Update, self._gate), group=-1)
        for command, handler in (
            ("start", self._on_start),
            ("help", self._on_help),
            ("photo", self._on_photo),
            ("today", self._on_today),
            ("status", self._on_status),
            ("test", self._on_test),
        ):
            application.add_handler(CommandHandler(command, handler, filters.UpdateType.MESSAGE))
        application.add_error_handler(self._on_error)

    async def _gate(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Lets only allowed chats through: commands, button presses and everything that may come later."""
        if await self._is_allowed(update):
            return
        # Asked before, since a code that is tried makes the chat a known stranger.
        source = update.effective_chat or update.effective_user
        is_new = source is not None and await asyncio.to_thread(self._desk.note_stranger, str(source.id))
        if not await self._pair(update) and source is not None and is_new:
            log.warning(
                "A stranger wrote to the bot and got no answer: chat %s. To let it in, run `coop pair`",
                source.id,
            )
        raise ApplicationHandlerStop

    async def _is_allowed(self, update: Update) -> bool:
        chat = update.effective_chat
        return chat is not None and await asyncio.to_thread(self._desk.allowed, str(chat.id))

    async def _pair(self, update: Update) -> bool:
        """Accept a chat that sends `/start CODE` with a code that `coop pair` printed."""
        message, chat = update.message, update.effective_chat
        words = (message.text or "").split() if message is not None else []
        if chat is None or message is None or len(words) != 2 or words[0].partition("@")[0] != "/start":
            return False
        key = str(chat.id)
        if self._tries.get(key, 0) >= PAIRING_TRIES or len(self._tries) >= STRANGERS:
            return False
        who = chat.effective_name or key
        if not await asyncio.to_thread(self._desk.pair, words[1], key, who):
            self._tries[key] = self._tries.get(key, 0) + 1
            return False
        log.info("Chat %s (%s) is paired", key, who)
        await self._reply(message, texts.paired(who))
        return True

    async def _on_start(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Greets, and says what the bot can do."""
        await self._answer(update, texts.help_text())

    async def _on_help(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Lists the commands."""
        await self._answer(update, texts.help_text())

    async def _on_photo(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Sends a camera's picture of this moment."""
        camera = " ".join(context.args or ()) or None
        answer = await self._ask(update, lambda: self._desk.photo(camera))
        if isinstance(answer, Snapshot):
            await self._answer(update, answer.caption, answer.jpeg)
        elif answer is not None:
            await self._answer(update, texts.which_camera(answer))

    async def _on_today(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Sends the day so far."""
        answer = await self._ask(update, self._desk.today)
        if answer is not None:
            await self._answer(update, *answer)

    async def _on_status(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Says how the watch is doing."""
        answer = await self._ask(update, self._desk.status)
        if answer is not None:
            await self._answer(update, answer)

    async def _on_test(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Sends a test message by way of the outbox, as an alarm would go."""
        chat = update.effective_chat
        if chat is not None:
            await self._ask(update, lambda: self._desk.queue_test(str(chat.id)))

    async def _on_error(self, update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Logs what went wrong in a handler; an allowed chat learns only that something did."""
        problem = context.error
        log.error("A command failed: %s", self._secret.trace(problem))
        passing = isinstance(problem, NetworkError) and not isinstance(problem, BadRequest)
        try:
            if isinstance(update, Update) and not passing and await self._is_allowed(update):
                with suppress(TelegramError):
                    await self._answer(update, texts.went_wrong())
        finally:
            # Without this the handlers behind a gate that failed would have their turn.
            raise ApplicationHandlerStop

    async def _ask(self, update: Update, question: Callable[[], T]) -> T | None:
        """Ask the desk in a thread; where it cannot answer, say why and return None."""
        try:
            async with asyncio.timeout(DESK_SECONDS):
                return await asyncio.to_thread(question)
        except CoopError as problem:
            await self._answer(update, texts.not_possible(str(problem)))
            return None

    async def _answer(self, update: Update, text: str, picture: bytes | None = None) -> None:
        if update.message is not None:
            await self._reply(update.message, text, picture)

    async def _reply(self, message: Message, text: str, picture: bytes | None = None) -> None:
        """Answer in the same chat; a text too long for one message, or for a caption, follows in pages."""
        in_caption = texts.units(text) <= CAPTION_LIMIT
        if picture:
            caption = text if in_caption else None
            await _patiently(
                partial(message.reply_photo, picture, caption=caption, parse_mode=ParseMode.HTML)
            )
            if in_caption:
                return
        for page in texts.pages(text, TEXT_LIMIT):
            await _patiently(partial(message.reply_text, page, parse_mode=ParseMode.HTML))


async def _patiently(send: Callable[[], Awaitable[Message]]) -> None:
    """Send an answer, once more if Telegram asks to wait a moment."""
    try:
        await send()
    except RetryAfter as problem:
        if _seconds(problem) > DESK_SECONDS:
            raise
        await asyncio.sleep(_seconds(problem))
        await send()
