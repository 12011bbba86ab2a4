"""Who hears from the coop, who may change things, and in which language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from coop.domain.chat import Preferences, Role, address, parted
from coop.notify.desk import Caller, Sender
from coop.notify.languages import known
from coop.settings import Settings
from coop.store.store import Store
from coop.tell import Recipient

CONSOLE_CHAT = "console"
"""Who reads the messages when there is no bot."""


@dataclass(frozen=True, kw_only=True)
class Addressees:
    """The chats of the settings and those that were paired."""

    settings: Settings
    store: Store
    clock: Callable[[], datetime]

    def recipients(self) -> tuple[Recipient, ...]:
        """Every chat that hears from the coop; the console where there is no bot."""
        wants = self.store.preferences()
        if self.settings.telegram.token is None:
            return (self._recipient(CONSOLE_CHAT, wants.get(CONSOLE_CHAT)),)
        return tuple(self._recipient(chat, wants.get(chat)) for chat in self._roles())

    def keepers(self) -> tuple[Recipient, ...]:
        """The recipients that may change things; of groups those with a keeper among them."""
        able = {chat for chat, (role, _) in self.menus().items() if role is Role.KEEPER} | {CONSOLE_CHAT}
        return tuple(recipient for recipient in self.recipients() if recipient.chat in able)

    def preferences(self, chat: str) -> Preferences:
        return self.store.preferences().get(chat) or Preferences(chat=chat)

    def language_at(self, address: str) -> str:
        """The language of whoever reads at an address."""
        return self.language(parted(address)[0])

    def language(self, chat: str) -> str:
        return self._language(self.store.preferences().get(chat))

    def caller(self, sender: Sender) -> Caller | None:
        """What somebody may do where they are; None for a stranger.

        In a group everybody may do what the group may. Whoever is a keeper, by a code of their own in that
        group or in a chat with the bot alone, may change things.
        """
        roles = self._roles()
        if sender.chat not in roles:
            return None
        member = next((m for m in self.store.members(sender.chat) if m.person == sender.person), None)
        own = [roles[sender.chat], roles.get(sender.person), Role(member.role) if member else None]
        role = Role.KEEPER if Role.KEEPER in own else Role.WATCHER
        return Caller(sender=sender, role=role, language=self.language(sender.chat))

    def pair(self, code: str, sender: Sender) -> Caller | None:
        """Let somebody in who knows a code. Where a chat is new, its phone's language and topic are kept."""
        is_new = sender.chat not in self._roles()
        group = sender.chat != sender.person
        paired = self.store.pair(
            code,
            sender.chat,
            sender.chat_name or sender.name,
            self.clock(),
            person=sender.person if group else None,
            called=sender.name,
        )
        if paired is None:
            return None
        if is_new:
            default = self.settings.telegram.language
            wanted = replace(self.preferences(sender.chat), language=known(sender.phone, default))
            self.store.set_preferences(replace(wanted, thread=sender.thread))
        return self.caller(sender)

    def menus(self) -> dict[str, tuple[Role, str]]:
        """Role and language of every chat. A group shows what its most able member may do."""
        able = {m.chat for m in self.store.members() if m.role == Role.KEEPER}
        wants = self.store.preferences()
        return {
            chat: (Role.KEEPER if chat in able else role, self._language(wants.get(chat)))
            for chat, role in self._roles().items()
        }

    def _roles(self) -> dict[str, Role]:
        paired = {chat.id: Role(chat.role) for chat in self.store.chats()}
        # A person of the settings is a keeper; a group of the settings looks.
        fixed = {str(c): Role.KEEPER if c > 0 else Role.WATCHER for c in self.settings.telegram.chats}
        return paired | {chat: role for chat, role in fixed.items() if paired.get(chat) is not Role.KEEPER}

    def _language(self, wants: Preferences | None) -> str:
        default = self.settings.telegram.language
        return known(wants.language, default) if wants is not None else default

    def _recipient(self, chat: str, wants: Preferences | None) -> Recipient:
        wants = wants or Preferences(chat=chat)
        return Recipient(address=address(chat, wants.thread), language=self._language(wants), wants=wants)
