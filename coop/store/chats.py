"""Who may talk to the bot: pairing by a one-time code, and strangers."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from coop.domain.chat import Chat, Member, Mute, Preferences, Role
from coop.store.core import StoreCore, insert_new, upsert
from coop.store.models import ChatRow, MemberRow, MuteRow, PairingCodeRow, PreferencesRow, StrangerRow

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

    def pair(
        self, code: str, chat: str, name: str, now: datetime, *, person: str | None = None, called: str = ""
    ) -> Chat | None:
        """Make a chat a recipient if it knows a valid code, which is then used up; else None.

        Spaces, hyphens and small letters in the code do not matter. Guessing does not help. ``person`` sent
        the code in a group: whoever does so may do there what the code allows, and nobody else may.
        """

        def work(session: Session) -> Chat | None:
            known = session.get(ChatRow, chat) is not None
            paired = _pair(session, _plain(code), chat, name, now)
            if paired is None or person is None:
                return None if paired is None else _chat(paired[0])
            row, role = paired
            member = {"chat": chat, "person": person, "name": called, "role": role, "since": now}
            upsert(session, MemberRow, ["chat", "person"], [member], keep=["since"])
            if not known:  # a group itself looks; what its people may do is theirs
                row.role = Role.WATCHER.value
            return _chat(row)

        return self._write(work)

    def members(self, chat: str | None = None) -> tuple[Member, ...]:
        """The people who sent a code in a group (in any, if none is named)."""
        query = select(MemberRow).order_by(MemberRow.since, MemberRow.person)
        if chat is not None:
            query = query.where(MemberRow.chat == chat)
        return self._read(
            lambda session: tuple(
                Member(chat=r.chat, person=r.person, name=r.name, role=r.role, since=r.since)
                for r in session.scalars(query)
            )
        )

    def set_role(self, chat: str, role: str) -> bool:
        """Let a paired chat change things, or only look; returns whether it is paired."""

        def work(session: Session) -> bool:
            row = session.get(ChatRow, chat)
            if row is not None:
                row.role = role
            return row is not None

        return self._write(work)

    def preferences(self) -> dict[str, Preferences]:
        """What each chat wants that ever said so, by its id."""
        query = select(PreferencesRow)
        return self._read(lambda session: {r.chat: _preferences(r) for r in session.scalars(query)})

    def set_preferences(self, wanted: Preferences) -> None:
        values = {
            **{name: getattr(wanted, name) for name in _PLAIN},
            "quiet_from": f"{wanted.quiet[0]:%H:%M}" if wanted.quiet else None,
            "quiet_to": f"{wanted.quiet[1]:%H:%M}" if wanted.quiet else None,
        }
        self._write(lambda session: upsert(session, PreferencesRow, ["chat"], [values]))

    def mutes(self, now: datetime) -> tuple[Mute, ...]:
        """What chats do not want to hear of at ``now``."""
        query = select(MuteRow).where(or_(MuteRow.until.is_(None), MuteRow.until > now))
        query = query.order_by(MuteRow.chat, MuteRow.topic)
        return self._read(
            lambda session: tuple(
                Mute(chat=r.chat, topic=r.topic, until=r.until) for r in session.scalars(query)
            )
        )

    def set_mute(self, mute: Mute, who: str, now: datetime) -> None:
        values: Mapping[str, Any] = {
            "chat": mute.chat, "topic": mute.topic, "until": mute.until, "who": who, "since": now
        }  # fmt: skip

        def work(session: Session) -> None:
            session.execute(delete(MuteRow).where(MuteRow.until <= now))
            upsert(session, MuteRow, ["chat", "topic"], [values])

        self._write(work)

    def unmute(self, chat: str, topic: str | None = None) -> int:
        """Take a mute back, or all of a chat; returns how many there were."""

        def work(session: Session) -> int:
            gone = delete(MuteRow).where(MuteRow.chat == chat)
            if topic is not None:
                gone = gone.where(MuteRow.topic == topic)
            there = session.scalars(select(MuteRow.topic).where(gone.whereclause)).all()  # type: ignore[arg-type]
            session.execute(gone)
            return len(there)

        return self._write(work)

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
                for table in (MemberRow, PreferencesRow, MuteRow):
                    session.execute(delete(table).where(table.chat == chat))
            return row is not None

        return self._write(work)

    def note_stranger(self, chat: str, now: datetime) -> bool:
        """Whether this chat, which is not paired, is noted for the first time."""
        known = select(StrangerRow.chat).where(StrangerRow.chat == chat)
        if self._read(lambda session: session.scalar(known)) is not None:
            return False  # the usual case costs no write, whoever knocks and however often
        return self._write(lambda session: _note(session, chat, now))


_PLAIN = ("chat", "language", "thread", "arrivals", "daily", "weekly")


def _pair(session: Session, code: str, chat: str, name: str, now: datetime) -> tuple[ChatRow, str] | None:
    """The chat's row and the role that the code gives; None for a code that is no good."""
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
    role = found.role
    session.delete(found)
    session.delete(stranger)
    paired = session.get(ChatRow, chat)
    if paired is None:
        paired = ChatRow(id=chat, name=name, role=role, since=now)
        session.add(paired)
    else:
        paired.name = name
        if int(chat) > 0:  # a group keeps what it is: the code was about one person in it
            paired.role = role
    return paired, role


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


def _preferences(row: PreferencesRow) -> Preferences:
    quiet = None
    if row.quiet_from is not None and row.quiet_to is not None:
        quiet = time.fromisoformat(row.quiet_from), time.fromisoformat(row.quiet_to)
    return Preferences(**{name: getattr(row, name) for name in _PLAIN}, quiet=quiet)


def _chat(row: ChatRow) -> Chat:
    return Chat(id=row.id, name=row.name, role=row.role, since=row.since)
