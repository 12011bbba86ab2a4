"""What works and what does not, with what to do about it: the engine of `coop check`."""

from __future__ import annotations

import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from coop.domain.frame import Frame
from coop.domain.url import redact_text
from coop.errors import CoopError, SettingsError, SourceError
from coop.settings import CameraSettings, Settings
from coop.settings_sources import ENV_PREFIX
from coop.sun import dusk_of

GIB = 2**30
STORE_LIMIT_S = 15.0
TOKEN_LIMIT_S = 20.0
MODELS_LIMIT_S = 120.0
OPENING_S = 15.0
"""What a camera may need for opening, on top of its time-out."""

DARK = 4
"""A picture whose brightest pixel (0 to 255) is below this is black."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was tried. ``remedy`` is what to do; a check that is ok may have one as advice."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


def run_checks(
    settings: Settings,
    *,
    open_store: Callable[[], str],
    grab_frame: Callable[[str, CameraSettings], Frame],
    get_me: Callable[[], str],
    load_models: Callable[[], str],
    now: datetime,
    free_bytes: Callable[[Path], int],
) -> list[Check]:
    """Try everything, slow things side by side, each within its time limit; a failure is an answer.

    ``open_store`` opens the database and says what it is; ``grab_frame(name, camera)`` gives one new frame;
    ``get_me`` asks Telegram for the bot's name; ``load_models`` loads the packages and names them. Their
    `CoopError`, `OSError`, `ValueError` and `RuntimeError` become failed checks. ``now`` is aware;
    ``free_bytes(folder)`` is the room left on the folder's disk.
    """
    quick = [  # before the slow ones, which may make the data folder
        _settings_check(settings),
        _clock_check(settings, now),
        _dusk_check(settings, now),
        _folder_check(settings.data_dir),
        _disk_check(settings, free_bytes),
    ]
    cameras = settings.active_cameras
    slow = [
        _Attempt("database", STORE_LIMIT_S, open_store, "Start the database or correct store.url"),
        _Attempt(
            "models",
            MODELS_LIMIT_S,
            load_models,
            "Correct or leave out classify.packages: the starter model then does",
        ),
        *(_camera_attempt(name, camera, grab_frame) for name, camera in cameras.items()),
        *(
            _camera_attempt(name, camera.model_copy(update={"url": camera.main_url}), grab_frame, main=True)
            for name, camera in cameras.items()
            if camera.main_url is not None
        ),
    ]
    if settings.telegram.token is not None:
        remedy = "Compare the token with @BotFather's, and look whether this machine reaches the internet"
        slow.append(_Attempt("telegram", TOKEN_LIMIT_S, get_me, remedy))
    for attempt in slow:
        attempt.start()
    silent = [] if settings.telegram.token is not None else [_without_token()]
    return [*quick, *(attempt.outcome() for attempt in slow), *silent]


def settings_failed(error: SettingsError) -> list[Check]:
    """The checks to show where the settings themselves cannot be used: one for each problem."""
    return [
        Check(name="settings", ok=False, found=problem, remedy=_where_to_correct(problem, error.where))
        for problem in error.problems
    ]


def _where_to_correct(problem: str, where: str) -> str:
    variable = re.match(rf"{ENV_PREFIX}\w*", problem)
    return f"Correct or unset the variable {variable[0]}" if variable else f"Correct it in {where}"


def exit_status(checks: Sequence[Check]) -> int:
    """0 if everything works, else 1."""
    return 0 if all(check.ok for check in checks) else 1


def render(checks: Sequence[Check], console: Console) -> None:
    """Print a table of what works, and what to do about what does not."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("", "what", "found", "what to do"):
        table.add_column(title, overflow="fold")
    for check in checks:
        verdict = Text("works", "green") if check.ok else Text("FAILS", "bold red")
        table.add_row(verdict, Text(check.name), Text(check.found), Text(check.remedy))
    console.print(table)
    failed = sum(not check.ok for check in checks)
    console.print(Text(f"{failed} of {len(checks)} need attention" if failed else "Everything works"))


class _Attempt(threading.Thread):
    """One slow check in a daemon thread: a driver that never returns cannot keep the program from ending."""

    def __init__(self, name: str, limit_s: float, work: Callable[[], str], remedy: str) -> None:
        super().__init__(name=f"check {name}", daemon=True)
        self._check = name
        self._limit_s = limit_s
        self._work = work
        self._remedy = remedy
        self._found: str | None = None
        self._problem: str | None = None

    def start(self) -> None:
        self._deadline = time.monotonic() + self._limit_s
        super().start()

    def run(self) -> None:
        try:
            self._found = self._work()
        except SourceError as error:
            self._problem, self._remedy = f"{error.source}: {error.problem}", error.remedy
        except (CoopError, OSError, ValueError, RuntimeError) as error:
            self._problem = str(error) or type(error).__name__

    def outcome(self) -> Check:
        """What came of it, at the latest when its time is up."""
        self.join(max(0.0, self._deadline - time.monotonic()))
        if self.is_alive():
            problem = f"no answer within {self._limit_s:g} s"
        elif self._found is not None:
            return Check(name=self._check, ok=True, found=redact_text(self._found))
        else:
            problem = redact_text(
                self._problem or "stopped with an error in the program; see the lines above"
            )
        return Check(name=self._check, ok=False, found=problem, remedy=redact_text(self._remedy))


def _camera_attempt(
    name: str,
    camera: CameraSettings,
    grab_frame: Callable[[str, CameraSettings], Frame],
    *,
    main: bool = False,
) -> _Attempt:
    def grab() -> str:
        began = time.monotonic()
        frame = grab_frame(name, camera)
        text = f"{frame.width} x {frame.height} after {time.monotonic() - began:.1f} s from {camera.url}"
        return f"{text}; the picture is black" if int(frame.image.max()) < DARK else text

    key = "main_url" if main else "url"
    remedy = f"Try the address in a video player; correct cameras.{name}.{key} or raise timeout_s"
    return _Attempt(
        f"camera {name}{', main stream' if main else ''}", camera.timeout_s + OPENING_S, grab, remedy
    )


def _settings_check(settings: Settings) -> Check:
    active, every = len(settings.active_cameras), len(settings.cameras)
    if not active:
        remedy = "Add a table [cameras.NAME] with its url; `coop init` writes an example"
        return Check(name="settings", ok=False, found="no camera to watch", remedy=remedy)
    off = f", {every - active} switched off" if every > active else ""
    return Check(name="settings", ok=True, found=f"{active} camera{'s' if active > 1 else ''}{off}")


def _clock_check(settings: Settings, now: datetime) -> Check:
    """A machine without a battery starts in the past; nothing can be older than the program itself."""
    local = f"{now.astimezone(settings.zone):%Y-%m-%d %H:%M} in {settings.timezone}"
    installed = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    if now < installed:
        return Check(
            name="clock",
            ok=False,
            found=f"{local}, which is before this program was installed",
            remedy="Set the clock, for example by `timedatectl set-ntp true`",
        )
    advice = "Set timezone if the coop is elsewhere: it decides what a day is"
    remedy = advice if settings.zone.key in ("UTC", "Etc/UTC") else ""
    return Check(name="clock", ok=True, found=local, remedy=remedy)


def _dusk_check(settings: Settings, now: datetime) -> Check:
    """Without coordinates nobody knows when it is dusk: no failure, but a keeper waits for the roll call."""
    if settings.coop.latitude is None:
        return Check(
            name="dusk",
            ok=True,
            found="the coop's coordinates are not set: no roll call at dusk",
            remedy="Set coop.latitude and coop.longitude, in degrees as a map shows them: 51.48 and -0.01",
        )
    dusk = dusk_of(now.astimezone(settings.zone).date(), settings)
    found = "the sun does not set today" if dusk is None else f"roll call at {dusk:%H:%M} today"
    return Check(name="dusk", ok=True, found=found)


def _existing(folder: Path) -> Path:
    """The folder itself or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _folder_check(folder: Path) -> Check:
    remedy = f"Give the user that runs coop the folder, for example `chown -R USER {folder}`, or set data_dir"
    there = _existing(folder)
    if there != folder:
        ok = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
        found = f"{folder} will be made" if ok else f"{folder} cannot be made in {there}"
        return Check(name="data folder", ok=ok, found=found, remedy="" if ok else remedy)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"coop")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Check(name="data folder", ok=False, found=f"{folder}: {error.strerror}", remedy=remedy)
    return Check(name="data folder", ok=True, found=f"{folder} can be written")


def _disk_check(settings: Settings, free_bytes: Callable[[Path], int]) -> Check:
    least = settings.retention.min_free_gib
    try:
        free = free_bytes(_existing(settings.data_dir)) / GIB
    except OSError as error:
        return Check(name="disk", ok=False, found=f"{error.strerror}", remedy="Look at the disk of data_dir")
    found = f"{free:.1f} GiB free, retention.min_free_gib is {least:g}"
    remedy = "" if free >= least else "Free some room, or choose a data_dir on a larger disk"
    return Check(name="disk", ok=free >= least, found=found, remedy=remedy)


def _without_token() -> Check:
    found = "no token: messages go to the console and to a folder"
    remedy = "For Telegram: make a bot with @BotFather and set telegram.token_file"
    return Check(name="telegram", ok=True, found=found, remedy=remedy)
