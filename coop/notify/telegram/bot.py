"""The bot: a messenger that also receives. It joins gate, commands, buttons and the receiver."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from telegram import BotCommand, BotCommandScopeChat, Update
from telegram.error import BadRequest, Forbidden, NetworkError, TelegramError
from telegram.ext import (
    Application,
    ApplicationHandlerStop,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    TypeHandler,
    filters,
)

from coop.domain.chat import Role
from coop.notify import answers as words
from coop.notify.desk import Answer, Desk
from coop.notify.languages import LANGUAGES, SOURCE, speaking
from coop.notify.menu import COMMANDS, commands_for
from coop.notify.telegram.answers import reply
from coop.notify.telegram.buttons import Buttons
from coop.notify.telegram.commands import Commands
from coop.notify.telegram.gate import Gate, sender_of
from coop.notify.telegram.messenger import TelegramMessenger
from coop.notify.telegram.polling import POLL_SECONDS, Receiver

log = logging.getLogger(__name__)


class TelegramBot(TelegramMessenger):
    """A messenger that also receives: pairs chats, answers commands and presses, ignores strangers.

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
        self._menus: dict[str, tuple[Role, str]] = {}
        self._stale: set[str] = set()
        self._application = Application.builder().bot(self._bot).updater(None).build()
        self._receiver = Receiver(
            self._application, self._secret, self._greet, hold=poll_seconds, first_delay=first_delay
        )
        self._gate = Gate(desk)
        self._register()

    @property
    def problem(self) -> str:
        """Why commands are not answered at the moment; empty while they are."""
        return self._receiver.problem

    async def start(self) -> None:
        """Begin to receive in the background; returns at once, with or without a network."""
        self._receiver.start()

    async def stop(self, within: float = 2.0) -> None:
        """Stop receiving and close. A command that is being answered may take ``within`` seconds more."""
        await self._receiver.stop(within)
        await self.close()

    def _register(self) -> None:
        application = self._application
        commands = Commands(self._desk, self._gate, self._stale.add)
        buttons = Buttons(self._desk, self._gate, self._stale.add)
        application.add_handler(TypeHandler(Update, self._gate), group=-1)
        written = filters.UpdateType.MESSAGE
        application.add_handler(CommandHandler("start", commands.start, written))
        names = [command.name for command in COMMANDS]
        application.add_handler(CommandHandler(names, commands.command, written))
        application.add_handler(CallbackQueryHandler(buttons.press))
        application.add_handler(TypeHandler(Update, self._refresh_menus), group=1)
        application.add_error_handler(self._on_error)

    # Menus

    async def _greet(self) -> None:
        """The menu of whoever is not known, and one for each chat that is let in."""
        for code in LANGUAGES:
            with speaking(code):
                menu = _menu(Role.WATCHER)
            await self._bot.set_my_commands(menu, language_code=None if code == SOURCE else code)
        await self._set_menus()

    async def _set_menus(self) -> None:
        for chat, (role, code) in (await asyncio.to_thread(self._desk.menus)).items():
            if self._menus.get(chat) == (role, code):
                continue
            with speaking(code):
                menu = _menu(role)
            # A chat that is gone or blocks the bot needs no menu.
            with suppress(BadRequest, Forbidden):
                await self._bot.set_my_commands(menu, scope=BotCommandScopeChat(int(chat)))
            self._menus[chat] = role, code

    async def _refresh_menus(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """After a chat was paired or took another language its menu is another one."""
        if self._stale:
            self._stale.clear()
            await self._set_menus()

    async def _on_error(self, update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Logs what went wrong in a handler; whoever was let in learns only that something did."""
        problem = context.error
        log.error("A command failed: %s", self._secret.trace(problem))
        passing = isinstance(problem, NetworkError) and not isinstance(problem, BadRequest)
        try:
            if isinstance(update, Update) and not passing:
                await self._say_it_failed(update)
        finally:
            # Without this the handlers behind a gate that failed would have their turn.
            raise ApplicationHandlerStop

    async def _say_it_failed(self, update: Update) -> None:
        sender, message = sender_of(update), update.effective_message
        caller = await self._gate.caller(sender) if sender is not None else None
        if caller is None or message is None:
            return
        with speaking(caller.language), suppress(TelegramError):
            await reply(message, Answer(text=words.went_wrong()))


def _menu(role: Role) -> list[BotCommand]:
    return [BotCommand(command, what) for command, what in commands_for(role)]
