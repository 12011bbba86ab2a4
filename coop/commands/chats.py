"""`coop chats`: who hears from the coop, and who may change things."""

from __future__ import annotations

from collections.abc import Iterator

from coop.commands.tables import Row
from coop.domain.chat import Preferences, Role
from coop.errors import StoreError
from coop.notify.languages import known
from coop.settings import Settings
from coop.store.store import Store


def change_chats(
    store: Store, *, keeper: str | None, watcher: str | None, forget: str | None
) -> Iterator[str]:
    """Do what was asked, and say so. Raises StoreError for a chat that is not paired."""
    for chat, role in ((keeper, Role.KEEPER), (watcher, Role.WATCHER)):
        if chat is not None:
            _require(store.set_role(chat, role), chat)
            yield f"Chat {chat} is a {role} now."
    if forget is not None:
        _require(store.forget_chat(forget), forget)
        yield f"Chat {forget} hears nothing any more."


def _require(paired: bool, chat: str) -> None:
    if not paired:
        raise StoreError(f"Chat {chat!r} is not paired. `coop chats` lists those that are")


def chat_rows(store: Store, settings: Settings) -> list[Row]:
    """A row for each chat, and one for each person of a group with a code of their own."""
    wants, rows = store.preferences(), []
    for chat in store.chats():
        rows.append(_row(chat.id, chat.name, chat.role, wants.get(chat.id), settings))
        rows += [
            {"chat": chat.id, "name": member.name, "role": member.role, "language": "", "from": chat.name}
            for member in store.members(chat.id)
        ]
    paired = {str(row["chat"]) for row in rows}
    for number in settings.telegram.chats:
        if str(number) not in paired:
            role = Role.KEEPER if number > 0 else Role.WATCHER
            rows.append(_row(str(number), "", role, wants.get(str(number)), settings, "settings"))
    return rows


def _row(
    chat: str, name: str, role: str, wants: Preferences | None, settings: Settings, source: str = "paired"
) -> Row:
    default = settings.telegram.language
    language = known(wants.language, default) if wants is not None else default
    return {"chat": chat, "name": name, "role": str(role), "language": language, "from": source}
