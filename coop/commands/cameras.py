"""`coop cameras`: how the daemon and its cameras are doing, from the row that it refreshes each second."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from coop.commands.tables import Row, local
from coop.domain.health import CameraState, CameraStatus, DaemonStatus
from coop.places import open_store
from coop.settings import Settings

Show = Callable[[DaemonStatus | None, datetime], None]

EVERY_S = 1.0
STALE = timedelta(seconds=10)
"""A row that was not refreshed for so long is of a daemon that has ended, or that cannot write."""
STYLES = {
    CameraState.LIVE: "green",
    CameraState.CONNECTING: "yellow",
    CameraState.LOST: "bold red",
    CameraState.ENDED: "dim",
}


def show_cameras(
    settings: Settings, console: Console, clock: Callable[[], datetime], *, once: bool, as_json: bool
) -> bool:
    """Show the cameras, anew each second until Ctrl-C; whether a daemon ran at the last look.

    Where the output is no terminal the table is shown only once.
    """
    with open_store(settings) as store, ExitStack() as stack:
        show = _display(settings.zone, console, stack, once=once, as_json=as_json)
        status, now = store.status(), clock()
        with suppress(KeyboardInterrupt):
            show(status, now)
            while not once and (as_json or console.is_terminal):
                time.sleep(EVERY_S)
                status, now = store.status(), clock()
                show(status, now)
        return is_running(status, now)


def _display(zone: tzinfo, console: Console, stack: ExitStack, *, once: bool, as_json: bool) -> Show:
    """What shows one look: a line of JSON, a table, or the same table anew in its place."""
    if as_json:
        return _write_line
    if once or not console.is_terminal:
        return lambda status, now: console.print(as_table(status, now, zone))
    live = stack.enter_context(Live(console=console, auto_refresh=False))
    return lambda status, now: live.update(as_table(status, now, zone), refresh=True)


def _write_line(status: DaemonStatus | None, now: datetime) -> None:
    sys.stdout.write(json.dumps(as_row(status, now), ensure_ascii=False) + "\n")
    sys.stdout.flush()  # whoever reads a pipe wants each second's line in that second


def is_running(status: DaemonStatus | None, now: datetime) -> bool:
    """Whether the row is fresh. One far in the future was written before the clock was set back."""
    return status is not None and abs(now - status.refreshed) < STALE


def as_row(status: DaemonStatus | None, now: datetime) -> Row:
    """Everything for programs; ``cpu`` is a share of one core, ages are in seconds."""
    if status is None:
        return {"running": False, "refreshed": None, "cameras": []}
    return {
        "running": is_running(status, now),
        "refreshed": status.refreshed.isoformat(),
        "pid": status.pid,
        "version": status.version,
        "model": status.model,
        "cpu": None if status.cpu is None else round(status.cpu, 3),
        "cameras": [_camera_row(camera, status, now) for camera in status.cameras],
    }


def _camera_row(camera: CameraStatus, status: DaemonStatus, now: datetime) -> Row:
    return {
        "camera": camera.camera,
        "state": camera.state.value,
        "fps": round(camera.fps, 2),
        "analysed": _rounded(camera.analysed),
        "dropped": camera.dropped,
        "reconnects": camera.reconnects,
        "age_s": _rounded(_age_s(camera, status, now)),
        "oldest_s": _rounded(camera.oldest_s),
        "cpu": _rounded(camera.cpu, 3),
        "problem": camera.problem,
        "main": None if camera.main is None else _camera_row(camera.main, status, now),
    }


def as_table(status: DaemonStatus | None, now: datetime, zone: tzinfo) -> RenderableType:
    """The same for people, times in ``zone``."""
    if status is None:
        return Text("No daemon runs. Start it with: coop run")
    if not is_running(status, now):
        return Text(_stale(status, now, zone))
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("camera", overflow="fold")
    table.add_column("state", no_wrap=True)
    for name in ("read/s", "analysed/s", "dropped", "age", "oldest", "CPU", "reconnects"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("problem", overflow="fold")
    for camera in status.cameras:
        table.add_row(*_cells(camera, status, now))
        if camera.main is not None:
            table.add_row(*_cells(replace(camera.main, camera="  main stream"), status, now))
    return Group(_headline(status, now, zone), table)


def _stale(status: DaemonStatus, now: datetime, zone: tzinfo) -> str:
    away = _spoken(abs((now - status.refreshed).total_seconds()))
    when = f"{local(status.refreshed, zone)}, {away} {'ago' if now > status.refreshed else 'in the future'}"
    return f"No daemon runs, or it cannot write its status: the last is of {when}. Start it with: coop run"


def _headline(status: DaemonStatus, now: datetime, zone: tzinfo) -> Text:
    cpu = "" if status.cpu is None else f" · CPU {status.cpu:.0%} of one core"
    up = _spoken(max(0.0, (now - status.started).total_seconds()))
    return Text(f"{local(status.refreshed, zone)} · running for {up}{cpu} · models: {status.model or 'none'}")


def _cells(camera: CameraStatus, status: DaemonStatus, now: datetime) -> Iterator[Text]:
    age = _age_s(camera, status, now)
    yield Text(camera.camera)
    yield Text(camera.state.value, style=STYLES[camera.state])
    yield Text(f"{camera.fps:.1f}")
    yield Text(_or_dash(camera.analysed, "{:.1f}"))
    yield Text(str(camera.dropped))
    yield Text("–" if age is None else _spoken(age))
    yield Text("–" if camera.oldest_s is None else _spoken(max(0.0, camera.oldest_s)))
    yield Text(_or_dash(camera.cpu, "{:.0%}"))
    yield Text(str(camera.reconnects))
    yield Text(camera.problem)


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _age_s(camera: CameraStatus, status: DaemonStatus, now: datetime) -> float | None:
    """How old the newest frame is now, in seconds; None before the first."""
    if camera.age_s is None:
        return None
    return camera.age_s + max(0.0, (now - status.refreshed).total_seconds())


def _rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)


def _spoken(seconds: float) -> str:
    """A length of time in the unit that fits: 0.4 s, 12 s, 3 min, 5 h, 2 d."""
    for unit, size, most in (("s", 1, 120), ("min", 60, 120), ("h", 3600, 48)):
        if seconds < size * most:
            return f"{seconds / size:.1f} {unit}" if seconds < 10 else f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"
