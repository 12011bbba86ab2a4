"""`coop cameras`: what it says of a daemon that runs, of one that has ended, and of none at all."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from fakes.command import coop
from fakes.daemon import Daemon, wait_for
from fakes.records import NOON, moment
from rich.console import Console

from coop.commands.cameras import STALE, as_row, as_table, show_cameras
from coop.domain.health import CameraState, CameraStatus, DaemonStatus
from coop.places import open_store
from coop.settings import Settings

SIMULATED = """
[classify]
starter = false
[cameras.coop]
url = "sim://?flock=1&seed=7&from=9&speed=20"
[cameras.gone]
url = "rtsp://127.0.0.1:1/stream"
"""

MAIN = CameraStatus(
    camera="nest [1] (main stream)",
    state=CameraState.LOST,
    fps=9.93,
    analysed=0.0,
    dropped=0,
    reconnects=5,
    last_frame=NOON,
    age_s=7200.0,
    problem="no route [host]",
)
LIVE = CameraStatus(
    camera="nest [1]",
    state=CameraState.LIVE,
    fps=9.93,
    analysed=4.93,
    dropped=3,
    reconnects=2,
    last_frame=NOON,
    age_s=0.25,
    oldest_s=0.41,
    cpu=0.0734,
    main=MAIN,
)
LOST = replace(LIVE, camera="run", state=CameraState.LOST, age_s=7200.0, problem="no route [host]", main=None)
NEVER = CameraStatus(
    camera="door", state=CameraState.CONNECTING, fps=0.0, dropped=3, reconnects=2, last_frame=None
)
STATUS = DaemonStatus(
    pid=7,
    started=NOON - timedelta(hours=3),
    refreshed=NOON,
    version="0.1.0",
    cameras=(LIVE, LOST, NEVER),
    model="starter",
    cpu=0.384,
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", timezone="Europe/Berlin")


def stored(settings: Settings, status: DaemonStatus) -> None:
    with open_store(settings) as store:
        store.put_status(status)


def shown(status: DaemonStatus | None, seconds: float = 0.5) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(as_table(status, moment(seconds), UTC))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_table_says_all_of_every_camera() -> None:
    lines = {line.strip().split("  ")[0]: line.split() for line in shown(STATUS).splitlines()}
    assert lines["nest [1]"][2:] == ["live", "9.9", "4.9", "3", "0.8", "s", "0.4", "s", "7%", "2"]
    assert lines["main stream"][2:] == [
        "lost",
        "9.9",
        "0.0",
        "0",
        "2",
        "h",
        "–",
        "–",
        "5",
        "no",
        "route",
        "[host]",
    ]
    assert lines["run"][1:] == [
        "lost",
        "9.9",
        "4.9",
        "3",
        "2",
        "h",
        "0.4",
        "s",
        "7%",
        "2",
        "no",
        "route",
        "[host]",
    ]
    assert lines["door"][1:] == ["connecting", "0.0", "–", "3", "–", "–", "–", "2"]
    order = [line.split()[0] for line in shown(STATUS).splitlines()[3:]]
    assert order == ["nest", "main", "run", "door"], "a main stream is below its camera"
    head = shown(STATUS).splitlines()[0]
    assert "38% of one core" in head
    assert "running for 3 h" in head
    assert "starter" in head


def test_a_daemon_that_does_not_say_what_it_uses_is_shown_without() -> None:
    assert "of one core" not in shown(replace(STATUS, cpu=None, model=""))


@pytest.mark.parametrize(
    ("seconds", "running"),
    [(0, True), (STALE.seconds - 1, True), (STALE.seconds, False), (-5, True), (-3600, False)],
)
def test_a_row_that_is_not_refreshed_is_of_no_running_daemon(seconds: float, running: bool) -> None:
    """A row in the future is one from before the clock was set back: nothing that goes on."""
    assert as_row(STATUS, moment(seconds))["running"] is running
    assert ("No daemon runs" not in shown(STATUS, seconds)) is running
    assert ("nest [1]" in shown(STATUS, seconds)) is running


@pytest.mark.parametrize(("seconds", "words"), [(200, "3 min ago"), (-7200, "2 h in the future")])
def test_a_stale_row_says_how_old_it_is(seconds: float, words: str) -> None:
    text = " ".join(shown(STATUS, seconds).split())
    assert words in text
    assert "12:00:00" in text
    assert "coop run" in text


def test_before_the_first_start(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    assert not show_cameras(settings, console, lambda: NOON, once=True, as_json=False)
    assert not show_cameras(settings, console, lambda: NOON, once=True, as_json=True)
    table, line = capsys.readouterr().out.splitlines()
    assert "No daemon runs." in table
    assert json.loads(line) == {"running": False, "refreshed": None, "cameras": []}


def test_a_stored_status_is_read(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    stored(settings, STATUS)
    assert show_cameras(settings, Console(), lambda: moment(1), once=True, as_json=True)
    row = json.loads(capsys.readouterr().out)
    assert (row["running"], row["cpu"], row["pid"]) == (True, 0.384, 7)
    assert row["cameras"][0] == {
        "camera": "nest [1]", "state": "live", "fps": 9.93, "analysed": 4.93, "dropped": 3, "reconnects": 2,
        "age_s": 1.25, "oldest_s": 0.41, "cpu": 0.073, "problem": "",
        "main": {
            "camera": "nest [1] (main stream)", "state": "lost", "fps": 9.93, "analysed": 0.0, "dropped": 0,
            "reconnects": 5, "age_s": 7201.0, "oldest_s": None, "cpu": None, "problem": "no route [host]",
            "main": None,
        },
    }  # fmt: skip
    assert [camera["age_s"] for camera in row["cameras"]] == [1.25, 7201.0, None]


def test_where_nobody_watches_the_table_is_shown_once(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(settings, STATUS)
    assert show_cameras(settings, Console(width=100), lambda: NOON, once=False, as_json=False)
    out = capsys.readouterr().out
    assert out.count("nest [1]") == 1
    assert out.endswith("\n")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(tmp_path_factory.mktemp("daemon"), SIMULATED) as running:
        yield running.start()


def rows(daemon: Daemon) -> dict[str, object]:
    result = coop("cameras", "--once", "--json", "--config", daemon.config)
    row = json.loads(result.out)
    assert result.status == (0 if row["running"] else 1)
    return dict(row)


def both_cameras(daemon: Daemon) -> dict[str, object] | None:
    """The row, as soon as one camera gives frames and the other has said why it does not."""
    row = rows(daemon)
    cameras = row["cameras"]
    assert isinstance(cameras, list)
    done = row["running"] and [bool(c["problem"]) for c in cameras] == [False, True] and cameras[0]["fps"] > 0
    return row if done else None


def test_a_running_daemon_is_seen_and_its_end_too(daemon: Daemon) -> None:
    row = wait_for("both cameras", lambda: both_cameras(daemon))
    assert row["pid"] == daemon.process.pid
    assert isinstance(row["cpu"], float)
    assert 0 < row["cpu"] < 16
    assert 0 < row["cameras"][0]["cpu"] <= row["cpu"] + 0.2  # type: ignore[index]
    assert row["cameras"][0]["analysed"] > 0  # type: ignore[index]
    coop_camera, gone = row["cameras"]  # type: ignore[misc]
    assert (coop_camera["state"], coop_camera["problem"]) == ("live", "")
    assert coop_camera["age_s"] < 60
    assert gone["state"] in ("connecting", "lost")
    assert gone["age_s"] is None
    assert gone["problem"]
    seen_live_in_a_terminal(daemon)
    assert daemon.stop()[0] == 0
    assert not rows(daemon)["running"], "one that ends as it should says so at once"
    result = coop("cameras", "--config", daemon.config)
    assert result.status == 1
    assert "No daemon runs." in result.words


def seen_live_in_a_terminal(daemon: Daemon) -> None:
    """The table comes again and again in its place, until Ctrl-C ends it without complaint."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "coop", "cameras", "--config", str(daemon.config)]
    env = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as watching:
        os.close(theirs)
        seen = b""
        try:
            while seen.count(b"running for") < 3:
                seen += os.read(ours, 65536)
            watching.send_signal(signal.SIGINT)
            assert watching.wait(timeout=30) == 0
        finally:
            watching.kill()
    os.close(ours)
    assert b"\x1b[" in seen
    assert b"Traceback" not in seen
