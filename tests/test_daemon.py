"""`coop run` as a keeper's machine runs it: real streams, a strict Bot API, real signals."""

import re
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import av
import pytest
from fakes.botapi import FakeBotApi
from fakes.daemon import Daemon, NotifySocket, wait_for
from fakes.expected import expected_events
from fakes.process import free_port
from fakes.rtsp import RtspServer, lengthened, missing_for_rtsp

from coop.domain.picture import PictureKind

TOKEN = "123456:" + "A" * 35
CHAT = 4242
ALWAYS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))

SIMULATED = """
[classify]
starter = false
[cameras.coop]
url = "sim://?flock=1&seed=7&days=1&from=5&to=9"
paced = false
"""


def telegram(url: str, token: str = TOKEN) -> str:
    return f'[telegram]\ntoken = "{token}"\nbase_url = "{url}"\nchats = [{CHAT}]\n'


@pytest.fixture
def api() -> Iterator[FakeBotApi]:
    with FakeBotApi(token=TOKEN) as server:
        yield server
    assert server.errors == []


def events_of(daemon: Daemon) -> list[str]:
    with daemon.store() as store:
        return [recorded.event.name for recorded in store.events(*ALWAYS)]


@pytest.mark.external_service
@pytest.mark.timeout(240)
def test_a_hen_on_rtsp_reaches_the_phone_and_the_camera_may_freeze_and_die(
    tmp_path: Path, test_data: Path, api: FakeBotApi, need: Callable[[str | None], None]
) -> None:
    tool = test_data.parent / "tools" / "rtsp_server.py"
    need(missing_for_rtsp(tool))
    video = lengthened(test_data / "videos" / "hens-in-run.mp4", tmp_path, times=10)
    toml = telegram(api.url) + '[events]\ncamera_lost_after_s = 5\n[cameras.run]\nurl = "{}"\ntimeout_s = 2\n'
    with RtspServer(tool, video) as camera, Daemon(tmp_path, toml.format(camera.url)) as daemon:
        daemon.start()
        first = wait_for("the first hen", lambda: [m for m in api.chat(CHAT) if "hen is here" in m.text])
        assert first[0].photo
        camera.freeze()
        wait_for("the loss to be told", lambda: [m for m in api.chat(CHAT) if "gives no pictures" in m.text])
        camera.resume()
        wait_for("the return to be told", lambda: [m for m in api.chat(CHAT) if "run is back" in m.text])
        camera.kill()
        wait_for("the second loss", lambda: [m for m in api.chat(CHAT) if "gives no pictures" in m.text])
        camera.start()
        wait_for(
            "the second return, in the same message",
            lambda: [m for m in api.chat(CHAT) if "run is back" in m.text and m.text.count("• ") == 2],
        )
        status, seconds = daemon.stop()
        assert (status, seconds < 5) == (0, True), daemon.log
        told = [name for name in events_of(daemon) if name.startswith("Camera")]
        assert told == ["CameraLost", "CameraBack"] * 2
        assert "Traceback" not in daemon.log
        assert TOKEN not in daemon.log


def test_without_a_token_messages_go_to_a_folder(tmp_path: Path) -> None:
    with Daemon(tmp_path, SIMULATED).start() as daemon:
        daemon.wait_for_log("No bot token")
        page = tmp_path / "data" / "messages" / "index.html"
        wait_for("a message in the folder", lambda: page.exists() and "moved" in page.read_text())
        assert daemon.stop()[0] == 0
        assert "Something moved" in daemon.log, "the console shows it too"


def test_the_daemon_never_imports_tensorflow(tmp_path: Path) -> None:
    toml = SIMULATED.replace("starter = false", "starter = true")
    with Daemon(tmp_path, toml).start("-X", "importtime") as daemon:
        daemon.wait_for_log("Watching coop")
        wait_for("frames", lambda: "pixels" in daemon.log)
        assert daemon.stop()[0] == 0
        imported = set(re.findall(r"^import time:.*\| +([\w.]+)$", daemon.log, re.MULTILINE))
        assert "coop.classify.runtime" in imported
        heavy = {"tensorflow", "keras", "torch", "training", "labeling"}
        assert not {name.split(".")[0] for name in imported} & heavy


def test_systemd_hears_ready_the_watchdog_and_stopping(tmp_path: Path) -> None:
    with NotifySocket(tmp_path / "notify") as systemd, Daemon(tmp_path, SIMULATED) as daemon:
        daemon.start(env={"NOTIFY_SOCKET": str(systemd.path)})
        wait_for("READY=1", lambda: "READY=1" in systemd.heard())
        wait_for("the watchdog's food", lambda: "WATCHDOG=1" in systemd.heard())
        assert daemon.stop()[0] == 0
        assert systemd.heard()[-1] == "STOPPING=1"


def test_the_status_row_is_refreshed(tmp_path: Path) -> None:
    with Daemon(tmp_path, SIMULATED).start() as daemon:
        daemon.wait_for_log("Watching")
        with daemon.store() as store:
            first = wait_for("a status", store.status)
            later = wait_for(
                "a newer status", lambda: (now := store.status()) and now.refreshed > first.refreshed and now
            )
        assert later.pid == daemon.process.pid
        assert [camera.camera for camera in later.cameras] == ["coop"]
        assert daemon.stop()[0] == 0
        with daemon.store() as store:
            assert store.status() is None, "a clean stop leaves no row that looks alive"


def test_sighup_takes_good_settings_and_refuses_bad_ones(tmp_path: Path) -> None:
    with Daemon(tmp_path, SIMULATED).start() as daemon:
        daemon.wait_for_log("Watching coop")
        daemon.write_settings(SIMULATED + "\n[motion]\nsensitivty = 0.9\n")
        daemon.signal(signal.SIGHUP)
        daemon.wait_for_log(r"not reloaded.*motion\.sensitivty.*sensitivity")
        changed = SIMULATED.replace("cameras.coop", "cameras.garden")
        daemon.write_settings(changed + '[log]\nformat = "json"\n')
        daemon.signal(signal.SIGHUP)
        daemon.wait_for_log('"Watching garden"')
        assert daemon.stop()[0] == 0


def test_a_start_without_network_sends_everything_later(tmp_path: Path) -> None:
    port = free_port()
    with Daemon(tmp_path, telegram(f"http://127.0.0.1:{port}") + SIMULATED).start() as daemon:
        daemon.wait_for_log("Telegram is not reached")
        wait_for("an event", lambda: "MotionSeen" in events_of(daemon))
        with FakeBotApi(token=TOKEN, port=port) as api:
            wait_for("the message", lambda: [m for m in api.chat(CHAT) if "moved" in m.text])
            wait_for("the command menu", lambda: api.calls("setMyCommands"))
            assert daemon.stop()[0] == 0


def test_a_refused_token_is_said_and_the_watch_goes_on(tmp_path: Path) -> None:
    wrong = "123456:" + "B" * 35
    with (
        FakeBotApi(token=TOKEN) as api,
        Daemon(tmp_path, telegram(api.url, wrong) + SIMULATED).start() as daemon,
    ):
        daemon.wait_for_log("refuses the bot token")
        wait_for("an event", lambda: "MotionSeen" in events_of(daemon))
        assert daemon.stop()[0] == 0
        assert wrong not in daemon.log


def test_a_keeper_asks_by_telegram(tmp_path: Path, api: FakeBotApi) -> None:
    with Daemon(tmp_path, telegram(api.url) + SIMULATED.replace("to=9", "to=20")).start() as daemon:
        daemon.wait_for_log("Commands from Telegram are answered")
        wait_for("a frame", lambda: "pixels" in daemon.log)
        for command, answer in (
            ("/status", "coop"),
            ("/today", ""),
            ("/photo", "coop"),
            ("/test", "Test message"),
            ("/help", "/photo"),
        ):
            before = len(api.chat(CHAT))
            api.push_message(CHAT, command)
            wait_for(
                f"an answer to {command}",
                lambda before=before, answer=answer: any(answer in m.text for m in api.chat(CHAT)[before:]),
            )
        api.push_message(999, "/photo")
        daemon.wait_for_log("stranger")
        api.push_message(998, "/start AAAA-AAAA")
        daemon.wait_for_log("stranger.*chat 998")
        assert api.chat(998) == api.chat(999) == []
        assert daemon.stop()[0] == 0


def test_a_model_cut_in_half_does_not_blind_the_coop(tmp_path: Path) -> None:
    package = tmp_path / "broken"
    package.mkdir()
    (package / "model.tflite").write_bytes(b"TFL3" * 100)
    toml = SIMULATED.replace("[cameras", f'packages = {{ kinds = "{package}" }}\n[cameras')
    with Daemon(tmp_path, toml).start() as daemon:
        daemon.wait_for_log(r"Model package .*broken")
        wait_for("motion events all the same", lambda: "MotionSeen" in events_of(daemon))
        assert daemon.stop()[0] == 0


def test_a_recording_is_finished_and_its_visits_are_ended(tmp_path: Path) -> None:
    with Daemon(tmp_path, SIMULATED).start() as daemon:

        def ended() -> bool:
            with daemon.store() as store:
                visits = store.visits(*ALWAYS)
                return bool(visits) and all(visit.ended for visit in visits) and not store.open_visits()

        wait_for("the end of the recording", lambda: "over" in daemon.log and ended())
        assert daemon.process.poll() is None, "the daemon stays for its other duties"
        assert daemon.stop()[0] == 0


def test_a_recording_that_begins_anew_ends_no_visit_twice(tmp_path: Path) -> None:
    with Daemon(tmp_path, SIMULATED).start() as daemon:

        def well_on_the_way() -> bool:
            with daemon.store() as store:
                return any(f"{visit.last_seen:%H:%M}" > "06:10" for visit in store.open_visits())

        daemon.wait_for_log("Watching")
        wait_for("a visit more than an hour from the beginning", well_on_the_way)
        daemon.kill()
        daemon.start()
        wait_for("the end of the recording", lambda: "over" in daemon.log)

        def all_recorded() -> bool:
            with daemon.store() as store:
                return not store.open_visits()

        wait_for("the last visit", all_recorded)
        assert daemon.stop()[0] == 0
        with daemon.store() as store:
            assert {recorded.event.key for recorded in store.events(*ALWAYS)} == expected_events(daemon)


@pytest.mark.external_service
def test_a_clip_under_way_when_the_daemon_stops_is_whole(
    tmp_path: Path, test_data: Path, need: Callable[[str | None], None]
) -> None:
    """A live camera goes on while the daemon stops in the middle of a clip; what a crash left is tidied."""
    toml = """
[classify]
starter = false
[cameras.run]
url = "{}"
"""
    left = tmp_path / "data" / "media" / ".clips-under-way" / "clip-x.mp4.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    tool = test_data.parent / "tools" / "rtsp_server.py"
    need(missing_for_rtsp(tool))
    video = lengthened(test_data / "videos" / "hens-in-run.mp4", tmp_path, times=4)
    with RtspServer(tool, video) as camera, Daemon(tmp_path, toml.format(camera.url)) as daemon:
        daemon.start()
        wait_for("an event", lambda: "MotionSeen" in events_of(daemon))
        assert not left.exists()
        wait_for("the clip to begin", lambda: list(left.parent.iterdir()))
        status, seconds = daemon.stop()
        assert (status, seconds < 5) == (0, True), daemon.log
        assert list(left.parent.iterdir()) == []
        with daemon.store() as store:
            [clip] = store.pictures(*ALWAYS, kind=PictureKind.CLIP)
            [told] = store.events(*ALWAYS, ["MotionSeen"])
            found = store.picture(clip.key)
            assert found is not None
            assert told.clip == clip.key
            assert clip.time <= told.event.time
            with av.open(str(found[1])) as film:
                times = [frame.time for frame in film.decode(video=0) if frame.time is not None]
            assert times[-1] - times[0] == pytest.approx(clip.seconds, abs=0.001)


def test_no_camera_is_a_clear_error(tmp_path: Path) -> None:
    with Daemon(tmp_path, "").start() as daemon:
        assert daemon.process.wait(timeout=60) == 1
        assert "coop init" in daemon.log
        assert "Traceback" not in daemon.log
