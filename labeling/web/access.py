"""Who may come in: host names, sessions, and patience with wrong guesses. Pure; time is passed in."""

from __future__ import annotations

import hashlib
import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from coop.domain.login import Login

COOKIE = "coop_session"
_FREE_GUESSES = 5
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(minutes=30)
_REMEMBERED = 1000
_TRUSTED_FOR = timedelta(seconds=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """``names``: host names under which the page may be asked for, besides bare addresses.

    ``local_keeper``: who everybody is where the page listens on this machine alone; None where people log in.
    """

    names: frozenset[str]
    session: timedelta
    local_keeper: str | None = None

    @property
    def must_log_in(self) -> bool:
        return self.local_keeper is None

    def is_ours(self, host: str) -> bool:
        """Whether a Host header names us. A page of another's, bound to our address, names its own."""
        name = host_name(host)
        if name in self.names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True  # to be asked for by number, no name was needed that could lie


def host_name(host: str) -> str:
    """The name or address in a Host header, without the port."""
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0].rstrip(".")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Sessions:
    """Whose session a cookie is, remembered for some seconds: a grid asks two hundred times at once."""

    def __init__(self, find: Callable[[str, datetime], Login | None], clock: Callable[[], datetime]) -> None:
        self._find = find
        self._clock = clock
        self._known: OrderedDict[str, tuple[str, datetime]] = OrderedDict()

    def remembered(self, token: str) -> str | None:
        """Whose session it was a moment ago."""
        name, until = self._known.get(_short(token), ("", datetime.min.replace(tzinfo=self._clock().tzinfo)))
        return name if until > self._clock() else None

    def who(self, token: str) -> str | None:
        """Whose session it is, by the database."""
        login = self._find(token, self._clock())
        if login is None:
            self.forget(token)
            return None
        self._known[_short(token)] = (login.name, self._clock() + _TRUSTED_FOR)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return login.name

    def forget(self, token: str) -> None:
        """Ask the database again, next time."""
        self._known.pop(_short(token), None)


class Patience:
    """How long a guesser has to wait: not at all for five wrong guesses, then twice as long each time."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, tuple[int, datetime]] = OrderedDict()

    def wait(self, guesser: str, now: datetime) -> timedelta:
        """How long ``guesser`` must not be listened to; zero for a welcome one."""
        _, until = self._wrong.get(guesser, (0, now))
        return max(until - now, timedelta())

    def wrong(self, guesser: str, now: datetime) -> None:
        """A wrong guess."""
        count = self._wrong.pop(guesser, (0, now))[0] + 1
        doublings = min(count - _FREE_GUESSES, 10)
        wait = min(_FIRST_WAIT * 2**doublings, _LONGEST_WAIT) if doublings >= 0 else timedelta()
        self._wrong[guesser] = (count, now + wait)
        while len(self._wrong) > _REMEMBERED:
            self._wrong.popitem(last=False)

    def right(self, guesser: str) -> None:
        """A right guess: all is forgiven."""
        self._wrong.pop(guesser, None)


def _short(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
