"""Who may label: names, passwords, links and sessions. The database holds only hashes of secrets."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from coop.domain.login import Login, check_login_name, check_password
from coop.errors import LabelError
from coop.store.core import StoreCore
from coop.store.models import LoginRow, LoginTokenRow

_LINK, _SESSION = "link", "session"
_NOBODY = "00" * 16 + "$" + "00" * 64
"""Stands for the secret of a name that nobody has, so that guessing names takes as long as passwords."""


class Logins(StoreCore):
    def add_login(self, name: str, now: datetime, password: str | None = None) -> Login:
        """Let a person in; without a password only by links. Raises LabelError for a name that is taken."""
        secret = "" if password is None else _secret(check_password(password))

        def work(session: Session) -> Login:
            new = check_login_name(name)
            if session.get(LoginRow, new) is not None:
                raise LabelError(f"There is a keeper {new!r} already. `coop label keeper link` lets them in")
            row = LoginRow(name=new, secret=secret, since=now, disabled=None)
            session.add(row)
            return _login(row)

        return self._write(work)

    def logins(self) -> tuple[Login, ...]:
        """Everybody who was ever let in, by name."""
        query = select(LoginRow).order_by(LoginRow.name)
        return self._read(lambda session: tuple(_login(row) for row in session.scalars(query)))

    def set_password(self, name: str, password: str) -> None:
        """Give a person another password; who is logged in with the old one is logged out."""
        secret = _secret(check_password(password))

        def work(session: Session) -> None:
            _row(session, name).secret = secret
            session.execute(delete(LoginTokenRow).where(LoginTokenRow.login == name))

        self._write(work)

    def disable_login(self, name: str, now: datetime, *, back: bool = False) -> None:
        """Let a person in no more (``back``: again); their sessions and links end. Raises LabelError."""

        def work(session: Session) -> None:
            _row(session, name).disabled = None if back else now
            session.execute(delete(LoginTokenRow).where(LoginTokenRow.login == name))

        self._write(work)

    def log_in(self, name: str, password: str, now: datetime, valid_for: timedelta) -> str | None:
        """The token of a new session, if the password is right; it takes as long for an unknown name."""
        row = self._read(lambda session: session.get(LoginRow, name))
        known = row is not None and row.disabled is None and bool(row.secret)
        right = _matches(password, row.secret if row is not None and known else _NOBODY)
        return self._new_token(name, _SESSION, now, valid_for) if known and right else None

    def new_link(self, name: str, now: datetime, valid_for: timedelta) -> str:
        """A token that logs a person in once, without a password. Raises LabelError for a strange name."""
        self._read(lambda session: _row(session, name))
        return self._new_token(name, _LINK, now, valid_for)

    def link(self, token: str, now: datetime) -> Login | None:
        """Whom a link would log in; it stays good."""
        return self._read(lambda session: _holder(session, token, _LINK, now))

    def follow_link(self, token: str, now: datetime, valid_for: timedelta) -> str | None:
        """The token of a new session for a link that is still good; the link is used up by it."""
        session_token = secrets.token_urlsafe(32)

        def work(session: Session) -> str | None:
            login = _holder(session, token, _LINK, now)
            if login is None:
                return None
            session.execute(delete(LoginTokenRow).where(LoginTokenRow.hash == _hash(token)))
            session.add(_token_row(session_token, login.name, _SESSION, now, valid_for))
            return session_token

        return self._write(work)

    def session(self, token: str, now: datetime) -> Login | None:
        """Whose session a token is; None where it is unknown, over, or its person is let in no more."""
        return self._read(lambda session: _holder(session, token, _SESSION, now))

    def log_out(self, token: str) -> None:
        """End a session."""
        self._write(
            lambda session: session.execute(delete(LoginTokenRow).where(LoginTokenRow.hash == _hash(token)))
        )

    def _new_token(self, name: str, kind: str, now: datetime, valid_for: timedelta) -> str:
        token = secrets.token_urlsafe(32)

        def work(session: Session) -> None:
            session.execute(delete(LoginTokenRow).where(LoginTokenRow.expires <= now))
            session.add(_token_row(token, name, kind, now, valid_for))

        self._write(work)
        return token


def _holder(session: Session, token: str, kind: str, now: datetime) -> Login | None:
    row = session.get(LoginTokenRow, _hash(token))
    if row is None or row.kind != kind or row.expires <= now:
        return None
    login = session.get(LoginRow, row.login)
    return None if login is None or login.disabled is not None else _login(login)


def _row(session: Session, name: str) -> LoginRow:
    row = session.get(LoginRow, name)
    if row is None:
        names = ", ".join(session.scalars(select(LoginRow.name).order_by(LoginRow.name))) or "none yet"
        raise LabelError(
            f"There is no keeper {name!r}. There are: {names}. `coop label keeper add` lets one in"
        )
    return row


def _token_row(token: str, name: str, kind: str, now: datetime, valid_for: timedelta) -> LoginTokenRow:
    return LoginTokenRow(hash=_hash(token), login=name, kind=kind, made=now, expires=now + valid_for)


def _hash(token: str) -> str:
    # A token holds 256 random bits: a quick hash is enough, and the row is found by it.
    return hashlib.sha256(token.encode()).hexdigest()


def _secret(password: str) -> str:
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_slow_hash(password, salt)}"


def _matches(password: str, secret: str) -> bool:
    salt, _, wanted = secret.partition("$")
    return hmac.compare_digest(_slow_hash(password, bytes.fromhex(salt)), wanted)


def _slow_hash(password: str, salt: bytes) -> str:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1).hex()


def _login(row: LoginRow) -> Login:
    return Login(name=row.name, since=row.since, has_password=bool(row.secret), disabled=row.disabled)
