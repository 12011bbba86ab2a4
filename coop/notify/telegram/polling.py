"""Receiving: one task that connects, polls, and begins again after every kind of failure.

The loop is our own: the library's ends without a word when the token is refused for a moment, and cannot be
seen to be alive. A daemon started without a network answers as soon as there is one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.ext import Application, ExtBot

from coop.notify.hide_token import HideToken
from coop.notify.telegram.errors import reason_of, seconds

log = logging.getLogger(__name__)

POLL_SECONDS = 25
LONGEST_DELAY = 60.0
REFUSED_DELAY = 300.0
SETTLE_SECONDS = 5.0
"""So long the next poll waits for what is being answered; a slow command holds up nothing."""
UPDATES = ("message", "callback_query")


class Receiver:
    """Fetches updates and hands them to the application's handlers.

    ``greet`` is called whenever the connection is made. ``hold`` is how many seconds Telegram may hold a poll
    open, ``first_delay`` the wait after a first failure.
    """

    def __init__(
        self,
        application: Application[Any, Any, Any, Any, Any, Any],
        secret: HideToken,
        greet: Callable[[], Awaitable[None]],
        *,
        hold: int,
        first_delay: float,
    ) -> None:
        self._application = application
        self._bot: ExtBot[None] = application.bot
        self._secret = secret
        self._greet = greet
        self._hold = hold
        self._first_delay = first_delay
        self._task: asyncio.Task[None] | None = None
        self._restart: asyncio.TimerHandle | None = None
        self._offset = 0
        self.problem = "not connected yet"
        """Why commands are not answered at the moment; empty while they are."""

    def start(self) -> None:
        """Begin in the background; returns at once, with or without a network."""
        if self._task is None:
            self._task = asyncio.create_task(self._receive(), name="telegram")
            self._task.add_done_callback(self._ended)

    async def stop(self, within: float) -> None:
        """Stop receiving. A command that is being answered may take ``within`` seconds more."""
        if self._restart is not None:
            self._restart.cancel()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self._application.running:
            await self._finish_commands(within)

    async def _finish_commands(self, within: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._application.stop()
        # Let Telegram forget what was answered, or the next start would answer it again.
        with suppress(TelegramError, TimeoutError):
            async with asyncio.timeout(0.5):
                await self._bot.get_updates(offset=self._offset, timeout=0, allowed_updates=UPDATES)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Receiving ended though nobody stopped it: say why, and begin again after a while."""
        if task.cancelled() or task is not self._task:
            return
        log.critical("Receiving from Telegram ended: %s", self._secret.trace(task.exception()))
        self._task = None
        self._restart = asyncio.get_running_loop().call_later(LONGEST_DELAY, self.start)

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
        await self._greet()
        await self._application.start()
        log.info("Telegram knows this bot as @%s", self._bot.username)

    async def _poll(self) -> None:
        """Fetch updates once, and hand them to the handlers."""
        # After a failure the first poll is a short one, which shows at once whether all is well again.
        hold = 0 if self.problem else self._hold
        # A poll that is neither answered nor refused must not be the last one.
        async with asyncio.timeout(hold + 60):
            updates = await self._bot.get_updates(offset=self._offset, timeout=hold, allowed_updates=UPDATES)
        if self.problem:
            log.info("Commands from Telegram are answered")
            self.problem = ""
        for update in updates:
            await self._application.update_queue.put(update)
            self._offset = update.update_id + 1
        # The next poll tells Telegram to forget these: a press that a crash cut short must come again.
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                await self._application.update_queue.join()

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
                wait = seconds(problem)
                text = "Telegram asks for patience"
            case _:
                text = f"Telegram is not reached: {self._secret.hide(reason_of(problem))}"
        if text != self.problem:
            log.log(level, "%s", text)
            self.problem = text
        return wait
