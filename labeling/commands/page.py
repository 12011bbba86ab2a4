"""`coop label`: the page, its background work, and how to get to it."""

from __future__ import annotations

import getpass
import socket
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from coop.settings import Settings
from coop.store.store import Store
from labeling.web.access import Access, is_loopback
from labeling.web.app import create_app, warm_up
from labeling.web.background import Background, Job
from labeling.web.jobs import jobs
from labeling.web.serve import listen, serve

Say = Callable[[str], None]
EVERYWHERE = ("0.0.0.0", "::")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """``who``: the name for labels where nobody logs in. ``browse``: open the browser, too."""

    lan: bool = False
    port: int | None = None
    who: str | None = None
    browse: bool = False


def run_page(
    request: PageRequest,
    store: Store,
    settings: Settings,
    clock: Callable[[], datetime],
    say: Say,
    beside: Sequence[Job] = (),
) -> None:
    """Serve the page until stopped. ``beside``: more work for the background than the page's own."""
    labeling = settings.labeling
    host = EVERYWHERE[0] if request.lan and is_loopback(labeling.host) else labeling.host
    port = request.port or labeling.port
    access = page_access(settings, host, request.who)
    app = create_app(
        store,
        access,
        zone=settings.zone,
        clock=clock,
        cache_dir=settings.data_dir / "cache" / "labeling",
        cache_mib=labeling.cache_mib,
        lease=timedelta(seconds=labeling.lease_s),
    )
    url = f"http://{address(host)}:{port}/"
    background = Background((*jobs(app.state.site, settings), *beside))

    def ready() -> None:
        say(f"The labelling page: {url}   (stop with Ctrl-C)")
        if access.must_log_in and not any(login.disabled is None for login in store.logins()):
            say("Nobody can log in yet. In another window: coop label keeper add NAME")
        background.start()
        if request.browse:
            webbrowser.open(url)

    warm_up(app)
    with listen(host, port) as listening:
        try:
            serve(app, listening, ready)
        finally:
            background.stop()


def page_access(settings: Settings, host: str, who: str | None) -> Access:
    """Everybody is the local keeper where the page listens on this machine alone, under no other name."""
    labeling = settings.labeling
    alone = is_loopback(host) and not labeling.names
    own = socket.gethostname().lower()
    names = {"localhost", own, f"{own}.local", *(name.lower() for name in labeling.names)}
    return Access(
        names=frozenset({"localhost"} if alone else names),
        session=timedelta(days=labeling.session_days),
        local_keeper=(who or getpass.getuser()) if alone else None,
    )


def address(host: str) -> str:
    """Where others find what listens on ``host``."""
    if host in EVERYWHERE:
        return lan_address() or socket.gethostname()
    return f"[{host}]" if ":" in host else host


def lan_address() -> str | None:
    """This machine's address on the local network; None where there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; it only chooses the way out
        except OSError:
            return None
        return str(probe.getsockname()[0])
