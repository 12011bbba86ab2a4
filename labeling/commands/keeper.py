"""`coop label keeper`: who may label from elsewhere, and the links that bring the page onto a phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import segno

from coop.settings import Settings
from coop.store.store import Store
from labeling.commands.page import EVERYWHERE, address
from labeling.web.access import is_loopback

Say = Callable[[str], None]


def add_keeper(store: Store, name: str, password: str | None, now: datetime, say: Say) -> None:
    login = store.add_login(name, now, password)
    say(f"{login.name} may label now." + ("" if password else f" Let them in: coop label keeper link {name}"))


def list_keepers(store: Store, settings: Settings, say: Say) -> None:
    logins = store.logins()
    if not logins:
        say("Nobody yet. coop label keeper add NAME lets somebody in")
    for login in logins:
        how = "password" if login.has_password else "links only"
        state = "" if login.disabled is None else f", let in no more since {login.disabled:%Y-%m-%d}"
        say(f"{login.name}: since {login.since.astimezone(settings.zone):%Y-%m-%d}, {how}{state}")


def show_link(store: Store, settings: Settings, name: str, hours: int, now: datetime, say: Say) -> None:
    """Print an address that logs a person in once, and its QR code for a phone's camera."""
    token = store.new_link(name, now, timedelta(hours=hours))
    labeling = settings.labeling
    host = EVERYWHERE[0] if is_loopback(labeling.host) else labeling.host
    where = labeling.names[0] if labeling.names else f"{address(host)}:{labeling.port}"
    url = f"http://{where}/link/{token}"
    say(f"Good once, for {hours} hours, while `coop label --lan` runs:\n\n    {url}\n")
    say(qr_code(url))


def qr_code(text: str) -> str:
    """A QR code of half blocks: light where the code is light, as a dark terminal needs it."""
    rows = [
        [not dark for dark in row] for row in segno.make(text, error="l", micro=False).matrix_iter(border=2)
    ]
    if len(rows) % 2:
        rows.append([True] * len(rows[0]))
    signs = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
    lines = (
        "".join(signs[pair] for pair in zip(*rows[n : n + 2], strict=True)) for n in range(0, len(rows), 2)
    )
    return "\n".join(lines)
