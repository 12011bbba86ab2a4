"""Who may talk to the bot: pairing by a one-time code, and strangers."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from coop.domain.notification import Chat
from coop.store.core import StoreCore, insert_new
from coop.store.models import ChatRow, PairingCodeRow, StrangerRow

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0, O, 1, I
_LENGTH = 8  # 40 bits
GUESSES_OF_A_CHAT = 5
"""Wrong codes after which a chat is not listened to until the keeper makes a new code."""
GUESSES_AT_A_CODE = 50
"""Wrong codes, from whomever, after which a code is worthless."""
STRANGERS_NOTED = 1000
"""More strangers than this are an attack: nobody wants to fill a disk with them."""


class Chats(StoreCore):
    def new_pairing_code(self, now: datetime, valid_for: timedelta, *, role: str = "keeper") -> str:
        """A code such as "K7WM-2RQF" that pairs one chat within ``valid_for``. Only its hash is stored."""
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        salt = secrets.token_hex(16)
        hashed = _hashed(code, salt)

        def work(session: Session) -> None:
            session.execute(delete(PairingCodeRow).where(PairingCodeRow.expires <= now))
            session.execute(update(StrangerRow).values(guesses=0))
            session.add(PairingCodeRow(salt=salt, hash=hashed, role=role, expires=now + valid_for, guesses=0))

        self._write(work)
        return f"{code[:4]}-{code[4:]}"

    def pair(self, code: str, chat: str, name: str, now: datetime) -> Chat | None:
        """Make a chat a recipient if it knows a valid code, which is then used up; else None.

        Spaces, hyphens and small letters in the code do not matter. Guessing does not help.
        """
        return self._write(lambda session: _pair(session, _plain(code), chat, name, now))

    def chats(self) -> tuple[Chat, ...]:
        """The paired chats, in the order in which they came."""
        query = select(ChatRow).order_by(ChatRow.since, ChatRow.id)
        return self._read(lambda session: tuple(_chat(row) for row in session.scalars(query)))

    def forget_chat(self, chat: str) -> bool:
        """Unpair a chat; returns whether it was paired."""

        def work(session: Session) -> bool:
            row = session.get(ChatRow, chat)
            if row is not None:
                session.delete(row)
            return row is not None

        return self._write(work)

    def note_stranger(self, chat: str, now: datetime) -> bool:
        """Whether this chat, which is not paired, is noted for the first time."""
        known = select(StrangerRow.chat).where(StrangerRow.chat == chat)
        if self._read(lambda session: session.scalar(known)) is not None:
            return False  # the usual case costs no write, whoever knocks and however often
        return self._write(lambda session: _note(session, chat, now))


def _pair(session: Session, code: str, chat: str, name: str, now: datetime) -> Chat | None:
    _note(session, chat, now)
    stranger = session.get(StrangerRow, chat)
    if stranger is None or stranger.guesses >= GUESSES_OF_A_CHAT:
        return None
    valid = select(PairingCodeRow).where(
        PairingCodeRow.expires > now, PairingCodeRow.guesses < GUESSES_AT_A_CODE
    )
    rows = session.scalars(valid).all()
    found = next((row for row in rows if hmac.compare_digest(row.hash, _hashed(code, row.salt))), None)
    if found is None:
        stranger.guesses += 1
        for row in rows:
            row.guesses += 1
        return None
    session.delete(found)
    session.delete(stranger)
    paired = session.get(ChatRow, chat)
    if paired is None:
        paired = ChatRow(id=chat, name=name, role=found.role, since=now)
        session.add(paired)
    else:
        paired.name, paired.role = name, found.role
    return _chat(paired)


def _note(session: Session, chat: str, now: datetime) -> bool:
    count = session.scalar(select(func.count()).select_from(StrangerRow)) or 0
    if count >= STRANGERS_NOTED:
        return False
    return insert_new(session, StrangerRow, ["chat"], [{"chat": chat, "first_seen": now, "guesses": 0}]) > 0


def _plain(code: str) -> str:
    return "".join(letter for letter in code.upper() if letter in _ALPHABET)


def _hashed(code: str, salt: str) -> str:
    # 40 bits are few: a slow hash keeps a stolen database from giving the code away while it is valid.
    return hashlib.scrypt(code.encode(), salt=bytes.fromhex(salt), n=2**12, r=8, p=1).hex()


def _chat(row: ChatRow) -> Chat:
    return Chat(id=row.id, name=row.name, role=row.role, since=row.since)
