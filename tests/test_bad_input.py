"""Bad input through the real program: a clear sentence, the watch goes on where it can, and nothing is lost.

What one part alone does with it is tested with that part; here it is `coop run` and `coop replay`.
"""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from fakes.botapi import FakeBotApi
from fakes.daemon import Daemon, wait_for
from fakes.expected import expected_events
from PIL import Image

from coop.classify.starter import ensure_starter
from coop.domain.notification import OutboxState
from coop.store.store import Store

TOKEN = "123456:" + "A" * 35
CHAT = 4242
ALWAYS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
LEAST_EVENTS = 15
"""A recording with fewer would prove little."""

WATCHED = """
[telegram]
token = "{token}"
base_url = "{url}"
chats = [{chat}]
[classify]
starter = false
[events]
visit_gap_s = 30
motion_cooldown_s = 0
[cameras.coop]
url = "sim://?flock=1&seed=7&days=1&from=5.5&to=6.7&w=320&speed=700"
paced = true
"""
"""About six seconds of watching."""

ENDLESS = """
[classify]
starter = false
[events]
visit_gap_s = 30
motion_cooldown_s = 0
[cameras.coop]
url = "sim://?flock=1&seed=7&days=30&from=5.8&to=9&w=320&speed=900"
paced = true
"""


@pytest.fixture
def api() -> Iterator[FakeBotApi]:
    with FakeBotApi(token=TOKEN) as server:
        yield server
    assert server.errors == []


@pytest.fixture
def watched(tmp_path: Path, api: FakeBotApi) -> Iterator[Daemon]:
    with Daemon(tmp_path, WATCHED.format(token=TOKEN, url=api.url, chat=CHAT)) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The events that the recording of `watched` holds."""
    toml = WATCHED.format(token=TOKEN, url="http://127.0.0.1:9", chat=CHAT)
    return expected_events(Daemon(tmp_path_factory.mktemp("expected"), toml))


@pytest.fixture
def disk(need: Callable[[str | None], None]) -> Iterator[Callable[[Path], Path]]:
    """Mounts a real file system of 24 MB on a folder: it can be filled and made read-only."""
    mounted: list[Path] = []

    def mount(folder: Path) -> Path:
        folder.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            need("only root may mount a small disk")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Leave not one free byte on a disk."""
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 65536)
    with suppress(OSError), ballast.open("ab", buffering=0) as file:
        while True:
            file.write(b"x")
    return ballast


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)


def keys_of(daemon: Daemon) -> set[str]:
    with daemon.store() as store:
        return {recorded.event.key for recorded in store.events(*ALWAYS)}


def names_of(daemon: Daemon, camera: str) -> list[str]:
    with daemon.store() as store:
        return [r.event.name for r in store.events(*ALWAYS) if r.event.camera == camera]


def is_all_done(daemon: Daemon) -> bool:
    """Whether the recording is over, every visit ended, and every message on its way."""
    with daemon.store() as store:
        status = store.status()
        over = status is not None and [camera.state for camera in status.cameras] == ["ended"]
        return over and not store.open_visits() and not store.outbox_counts()[OutboxState.NEW]


def assert_nothing_was_lost(daemon: Daemon, api: FakeBotApi, expected: set[str]) -> None:
    """Every event of the recording is on record with its picture, and told once."""
    wait_for("the end of the recording", lambda: is_all_done(daemon))
    assert len(expected) >= LEAST_EVENTS
    with daemon.store() as store:
        recorded = store.events(*ALWAYS)
        assert {r.event.key for r in recorded} == expected
        seen = [r for r in recorded if r.event.name == "MotionSeen"]
        assert all(r.picture is not None for r in seen)
        # What comes shortly after another is told in its message.
        told = store.tellings(chat=str(CHAT))
        assert {telling.visit for telling in told} == {r.event.visit for r in seen}
        messages = {telling.message for telling in told}
        assert store.outbox_counts()[OutboxState.SENT] >= len(messages)
    assert len({m.message_id for m in api.chat(CHAT) if "moved" in m.text or m.photo or m.video}) == len(
        messages
    )


def assert_ends_well(daemon: Daemon) -> None:
    status, seconds = daemon.stop()
    assert (status, seconds < 5) == (0, True), (seconds, daemon.log)
    assert "Traceback" not in daemon.log, daemon.log


def refused(daemon: Daemon) -> str:
    """What a daemon says that cannot begin, on one line."""
    assert daemon.process.wait(timeout=60) == 1, daemon.log
    assert "Traceback" not in daemon.log
    return " ".join(daemon.log.split())


# The disk


def test_a_full_disk_loses_nothing_and_is_told_once(
    watched: Daemon, api: FakeBotApi, expected: set[str], disk: Callable[[Path], Path]
) -> None:
    folder = disk(watched.data)
    watched.start()
    wait_for("some events", lambda: (watched.data / "coop.db").exists() and len(keys_of(watched)) >= 3)
    ballast = fill(folder)
    watched.wait_for_log(r"Not recorded yet: .*the disk is full\. Free some space")
    time.sleep(4)
    assert watched.process.poll() is None
    said = [
        line for line in watched.log.splitlines() if "the disk is full" in line or "No space left" in line
    ]
    assert len(said) <= 4, said
    ballast.unlink()
    watched.wait_for_log("Recording again")
    assert_nothing_was_lost(watched, api, expected)
    assert_ends_well(watched)


def test_a_media_disk_that_becomes_read_only_loses_nothing(
    watched: Daemon, api: FakeBotApi, expected: set[str], disk: Callable[[Path], Path]
) -> None:
    media = disk(watched.data / "media")
    remount(media, "ro")
    watched.start()
    watched.wait_for_log(r"Not recorded yet: .*it is read-only\. Give the program's user the right")
    time.sleep(1)
    remount(media, "rw")
    watched.wait_for_log("Recording again")
    assert_nothing_was_lost(watched, api, expected)
    assert_ends_well(watched)


def test_a_data_folder_that_is_read_only_at_the_start(tmp_path: Path, disk: Callable[[Path], Path]) -> None:
    with Daemon(tmp_path, ENDLESS) as daemon:
        remount(disk(daemon.data), "ro")
        said = refused(daemon.start())
        assert f"{daemon.data}: read-only file system. Set data_dir to a folder that this user may" in said


def test_without_room_for_the_starter_model_movement_is_told(
    tmp_path: Path, disk: Callable[[Path], Path]
) -> None:
    with Daemon(tmp_path, ENDLESS.replace("starter = false", "starter = true")) as daemon:
        fill(disk(daemon.data / "models"))
        daemon.start()
        daemon.wait_for_log(
            r"starter.*it cannot be written \(No space left.*whatever moves is told as movement"
        )
        wait_for("a motion event", lambda: "MotionSeen" in names_of(daemon, "coop"))
        assert_ends_well(daemon)


# The database


def test_a_database_locked_by_another_program_loses_nothing(
    watched: Daemon, api: FakeBotApi, expected: set[str]
) -> None:
    watched.start()
    wait_for("some events", lambda: (watched.data / "coop.db").exists() and len(keys_of(watched)) >= 3)
    with closing(sqlite3.connect(watched.data / "coop.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        watched.wait_for_log("Not recorded yet: .*another program holds it locked. Close the other program")
        time.sleep(1)
        other.execute("ROLLBACK")
    assert_nothing_was_lost(watched, api, expected)
    assert_ends_well(watched)


def test_a_stop_does_not_wait_for_a_locked_database(tmp_path: Path) -> None:
    with Daemon(tmp_path, ENDLESS).start() as daemon:
        wait_for("an event", lambda: (daemon.data / "coop.db").exists() and keys_of(daemon))
        with closing(sqlite3.connect(daemon.data / "coop.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(1)
            assert_ends_well(daemon)


def filled_database(folder: Path) -> Path:
    Store.open(f"sqlite:///{folder}/coop.db", folder / "media").close()
    return folder / "coop.db"


@pytest.mark.parametrize("damage", ["garbage", "cut"])
def test_a_damaged_database_is_named_with_the_remedy_and_left_alone(tmp_path: Path, damage: str) -> None:
    with Daemon(tmp_path, ENDLESS) as daemon:
        database = filled_database(daemon.data)
        whole = database.read_bytes()
        broken = b"\xff" * 100 + whole[100:] if damage == "garbage" else whole[: len(whole) // 2]
        database.write_bytes(broken)
        said = refused(daemon.start())
        assert f"Database {database}: it is damaged" in said
        assert "coop restore" in said
        assert database.read_bytes() == broken


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    with Daemon(tmp_path, ENDLESS) as daemon:
        with closing(sqlite3.connect(filled_database(daemon.data))) as database, database:
            database.execute("UPDATE alembic_version SET version_num = 'of tomorrow'")
        said = refused(daemon.start())
        assert "written by a newer program (tables 'of tomorrow'" in said
        assert "Install the newer program again, or put back an older backup with `coop restore`" in said


def test_a_database_damaged_under_a_running_daemon_is_said_and_does_not_drive_it_mad(tmp_path: Path) -> None:
    with Daemon(tmp_path, ENDLESS).start() as daemon:
        wait_for("an event", lambda: (daemon.data / "coop.db").exists() and keys_of(daemon))
        with closing(sqlite3.connect(daemon.data / "coop.db", isolation_level=None)) as other:
            # What another program commits makes the daemon read anew instead of trusting what it remembers.
            other.execute("BEGIN IMMEDIATE")
            other.execute("PRAGMA user_version = 7")
            for file in (daemon.data / "coop.db", daemon.data / "coop.db-wal"):
                file.write_bytes(b"\xff" * file.stat().st_size)
            other.execute("COMMIT")
        daemon.wait_for_log("Not recorded yet: .*damaged.*coop restore")
        time.sleep(4)
        complaints = [line for line in daemon.log.splitlines() if "damaged" in line]
        assert len(complaints) <= 6, complaints
        assert_ends_well(daemon)


# Two at once


def test_a_second_daemon_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with Daemon(tmp_path, ENDLESS).start() as first:
        first.wait_for_log("Watching coop")
        (tmp_path / "second").mkdir()
        with Daemon(tmp_path / "second", ENDLESS) as second:
            second.config.write_text(first.config.read_text())
            said = refused(second.start())
            assert f"`coop run` works on it already (process {first.process.pid})" in said
            assert "data_dir of its own" in said
            assert first.process.poll() is None
            first.kill()  # leaves the lock's file, and the system lets go of the lock
            second.start()
            second.wait_for_log("Watching coop")
            assert_ends_well(second)


# The cameras


@pytest.fixture(scope="module")
def junk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of recordings and folders that are none."""
    folder = tmp_path_factory.mktemp("junk")
    (folder / "empty.mp4").touch()
    (folder / "letter.mp4").write_text("Dear hens,\n" * 100)
    with av.open(folder / "whole.mp4", "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for grey in range(20):
            picture = np.full((48, 64, 3), 10 * grey, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    whole = (folder / "whole.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    stills = folder / "stills"
    stills.mkdir()
    (stills / "2026-05-01 10-00-00.jpg").write_bytes(b"no picture at all")
    (stills / "2026-05-01 10-00-01.png").touch()
    Image.new("1", (20_000, 20_000)).save(stills / "2026-05-01 10-00-02.png")
    return folder


BAD_SOURCES = {
    "empty.mp4": r"the file is empty \(0 bytes\)",
    "letter.mp4": r"not a video that can be read",
    "cut.mp4": r"not a video that can be read.*",
    "stills": r"none of its pictures can be read",
    "nothing.mp4": r"there is no such file or folder",
}


def test_cameras_that_are_none_leave_the_others_alone(tmp_path: Path, junk: Path) -> None:
    toml = ENDLESS + "".join(
        f'\n[cameras.bad{number}]\nurl = "{junk / name}"\n' for number, name in enumerate(BAD_SOURCES)
    )
    with Daemon(tmp_path, toml.replace("visit_gap_s", "camera_lost_after_s = 5\nvisit_gap_s")) as daemon:
        daemon.start()
        for number, (name, said) in enumerate(BAD_SOURCES.items()):
            daemon.wait_for_log(f"Camera bad{number}: .*{said}")
            wait_for(
                f"the loss of {name}",
                lambda number=number: names_of(daemon, f"bad{number}") == ["CameraLost"],
            )
        wait_for("events of the good camera", lambda: "MotionSeen" in names_of(daemon, "coop"))
        for problem in ("not a picture that can be read", "the file is empty", "the picture is too large"):
            assert problem in daemon.log
        assert_ends_well(daemon)


@pytest.mark.parametrize("name", ["empty.mp4", "cut.mp4", "stills"])
def test_a_replay_of_what_is_none_ends_with_a_sentence(tmp_path: Path, junk: Path, name: str) -> None:
    command = [sys.executable, "-m", "coop", "replay", str(junk / name), "--motion-only"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    said = " ".join(done.stderr.split())
    assert done.returncode == 1
    assert "Traceback" not in said
    assert BAD_SOURCES[name].replace("\\", "").replace(".*", "") in said
    assert name in said


def test_a_recording_cut_off_in_the_middle_counts_as_far_as_it_goes(tmp_path: Path, test_data: Path) -> None:
    whole = (test_data / "videos" / "vtest.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) // 8])
    command = [sys.executable, "-m", "coop", "replay", "cut.avi", "--motion-only", "--json", "out.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "the recording is cut off" in " ".join(done.stderr.split())
    frames = [json.loads(line) for line in (tmp_path / "out.json").read_text().splitlines()]
    assert sum("n" in frame for frame in frames) > 50


class Shifting(BaseHTTPRequestHandler):
    """An MJPEG camera whose picture changes its size again and again while a bright thing walks by."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        with suppress(OSError):
            for number in range(10_000):
                data = shifting_picture(number)
                self.wfile.write(
                    b"--next\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(data)
                )
                self.wfile.write(data + b"\r\n")
                time.sleep(0.1)

    def log_message(self, *_: object) -> None:
        """Nothing: the log is the daemon's."""


def shifting_picture(number: int) -> bytes:
    """Half a size, the whole, and the whole upright, 60 pictures of each."""
    width, height = [(320, 240), (640, 480), (480, 640)][number // 60 % 3]
    rng = np.random.default_rng(number)
    picture = rng.integers(90, 100, (height, width, 3), dtype=np.uint8)
    left = round((0.1 + 0.035 * (number % 20)) * width)
    cv2.rectangle(picture, (left, height // 2), (left + width // 8, height * 3 // 4), (230, 240, 250), -1)
    return cv2.imencode(".jpg", picture)[1].tobytes()


@pytest.fixture
def shifting_camera() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shifting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/stream"
        server.shutdown()


def test_cameras_that_change_their_resolution(tmp_path: Path, shifting_camera: str) -> None:
    stills = tmp_path / "stills"
    stills.mkdir()
    for number in range(180):
        moment = f"2026-05-01 10-{number // 60:02d}-{number % 60:02d}"
        (stills / f"{moment}.jpg").write_bytes(shifting_picture(number))
    head = ENDLESS.partition("[cameras")[0]
    toml = (
        f'{head}[cameras.live]\nurl = "{shifting_camera}"\n[cameras.stills]\nurl = "{stills}"\n'
        "paced = false\n"
    )
    with Daemon(tmp_path, toml).start() as daemon:
        for camera in ("live", "stills"):
            wait_for(f"motion of {camera}", lambda camera=camera: "MotionSeen" in names_of(daemon, camera))
        daemon.wait_for_log("Camera stills: the recording is over")
        time.sleep(2)
        assert_ends_well(daemon)
        with daemon.store() as store:
            sizes = {(p.width > p.height) for p in store.pictures(*ALWAYS) if p.camera == "stills"}
        assert sizes, "crops were kept"


# The clock

FAKETIME = Path(f"/usr/lib/{os.uname().machine}-linux-gnu/faketime/libfaketimeMT.so.1")


class Clock:
    """The daemon's wall clock, which can be set while it runs; its monotonic clock goes on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set("+0")
        self.env = {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, offset: str) -> None:
        """Such as "+1y" or "-1d"."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset}\n")
        new.replace(self._file)


def test_a_clock_that_jumps_a_year_neither_loses_a_camera_nor_stops_the_duties(
    tmp_path: Path, need: Callable[[str | None], None], shifting_camera: str
) -> None:
    need(None if FAKETIME.exists() else "libfaketime is not installed; tests/setup-system.sh does it")
    clock = Clock(tmp_path / "offset")
    toml = f'{ENDLESS.partition("[cameras")[0]}[cameras.live]\nurl = "{shifting_camera}"\n'
    toml = toml.replace("visit_gap_s", "camera_lost_after_s = 5\nvisit_gap_s")
    with Daemon(tmp_path, toml).start(env=clock.env) as daemon:
        this_year = datetime.now(UTC).year
        years = []
        for offset, expected in (("+0", 0), ("+1y", 1), ("-10y", -10)):
            clock.set(offset)
            wait_for(
                f"a status at {offset}",
                lambda expected=expected: _status_year(daemon) == this_year + expected,
            )
            years.append(expected)
            wait_for(
                f"an event at {offset}",
                lambda expected=expected: this_year + expected in _years(daemon, "MotionSeen"),
            )
        assert daemon.process.poll() is None
        assert not [n for n in names_of(daemon, "live") if n.startswith("Camera")]
        assert_ends_well(daemon)


def _status_year(daemon: Daemon) -> int:
    if not (daemon.data / "coop.db").exists():
        return 0
    with daemon.store() as store:
        status = store.status()
        return status.refreshed.year if status is not None else 0


def _years(daemon: Daemon, name: str) -> set[int]:
    with daemon.store() as store:
        return {r.event.time.year for r in store.events(*ALWAYS, (name,))}


# The model


@pytest.mark.parametrize("fault", ["cut", "task"])
def test_a_model_package_that_cannot_be_used_leaves_the_starter(tmp_path: Path, fault: str) -> None:
    good = ensure_starter(tmp_path / "made")
    package = tmp_path / "package"
    shutil.copytree(good, package)
    model, card = package / "model.tflite", package / "card.json"
    if fault == "cut":
        model.write_bytes(model.read_bytes()[: model.stat().st_size // 2])
    else:
        card.write_text(card.read_text().replace('"task": "kinds"', '"task": "nest"'))
    toml = ENDLESS.replace("starter = false", f'packages = {{ kinds = "{package}" }}')
    with Daemon(tmp_path, toml) as daemon:
        shutil.copytree(good, daemon.data / "models" / good.name)
        daemon.start()
        daemon.wait_for_log("Watching coop")
        said = {
            "cut": "model.tflite .*the card says",
            "task": "for the task 'nest'",
        }
        daemon.wait_for_log(f"Model package {package}: .*{said[fault]}.*Until then the starter stands in")
        daemon.wait_for_log("Task kinds uses the model starter-kinds")
        if fault == "cut":
            time.sleep(6)  # the models are looked at every five seconds
            assert daemon.log.count(f"Model package {package}") == 1
        assert_ends_well(daemon)


# The settings


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'[log]\nlevel = "in\x00fo"\n', "coop.toml cannot be used: • line 2, column"),
        (b'[coop]\nname = "\xff\xfe"\n', "coop.toml cannot be used: • byte 15 is not UTF-8 text"),
        (None, "coop.toml cannot be used: • cannot be read: Is a directory"),
    ],
)
def test_settings_that_are_no_settings(tmp_path: Path, content: bytes | None, said: str) -> None:
    with Daemon(tmp_path, "") as daemon:
        daemon.config.unlink()
        if content is None:
            daemon.config.mkdir()
        else:
            daemon.config.write_bytes(content)
        assert said in refused(daemon.start())


def test_settings_with_a_byte_order_mark_work(tmp_path: Path) -> None:
    with Daemon(tmp_path, ENDLESS) as daemon:
        daemon.config.write_bytes(b"\xef\xbb\xbf" + daemon.config.read_bytes())
        daemon.start().wait_for_log("Watching coop")
        assert_ends_well(daemon)


def test_new_settings_that_cannot_be_used_leave_the_old_ones(tmp_path: Path) -> None:
    with Daemon(tmp_path, ENDLESS).start() as daemon:
        daemon.wait_for_log("Watching coop")
        (tmp_path / "file").touch()
        former = daemon.config.read_text()
        daemon.config.write_text(former.replace(str(daemon.data), str(tmp_path / "file")))
        daemon.signal(signal.SIGHUP)
        daemon.wait_for_log("(?s)The new settings cannot be used, the old ones go on: .*file.*Watching coop")
        assert_ends_well(daemon)


# Stopping


def test_a_stop_while_it_starts(tmp_path: Path) -> None:
    with Daemon(tmp_path, ENDLESS.replace("starter = false", "starter = true")).start() as daemon:
        wait_for("the first sign of life", lambda: (daemon.data / "coop.lock").exists())
        assert_ends_well(daemon)


def test_a_stop_while_a_camera_hangs(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        toml = ENDLESS + "".join(
            f'\n[cameras.{scheme}]\nurl = "{scheme}://127.0.0.1:{silent.getsockname()[1]}/"\n'
            for scheme in ("rtsp", "http")
        )
        with Daemon(tmp_path, toml).start() as daemon:
            wait_for("an event", lambda: (daemon.data / "coop.db").exists() and keys_of(daemon))
            assert_ends_well(daemon)
