"""The engine of `coop check`: each thing works, or fails with what to do, and nothing hangs."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.records import NOON as THEN
from fakes.records import findings
from rich.console import Console

from coop import check
from coop.check import GIB, Check, exit_status, render, run_checks, settings_failed
from coop.commands.check import nightly_check
from coop.domain.frame import Frame
from coop.domain.label import Label
from coop.domain.task import Task, TaskClass, TaskKind
from coop.errors import SettingsError, SourceError, StoreCorrupt
from coop.places import open_store
from coop.settings import CameraSettings, Settings

NOW = datetime.now(UTC) + timedelta(days=1)
TOKEN = "123456789:" + "AbC-_" * 7
CAMERA = "rtsp://admin:hunter2@10.0.0.5/live"


def settings_with(home: Path, *cameras: str, **more: Any) -> Settings:
    data = home / "data"
    data.mkdir(exist_ok=True)
    table = {name: {"url": CAMERA, "timeout_s": 1} for name in cameras}
    return Settings.model_validate({"data_dir": data, "timezone": "UTC", "cameras": table, **more})


def a_frame(name: str, camera: CameraSettings) -> Frame:
    return Frame(camera=name, time=NOW, image=np.full((48, 64, 3), 200, np.uint8))


def tried(settings: Settings, **parts: Any) -> dict[str, Check]:
    given: dict[str, Any] = {
        "open_store": lambda: "SQLite, version 1",
        "grab_frame": a_frame,
        "get_me": lambda: "@hen_bot",
        "load_models": lambda: "kinds: starter",
        "now": NOW,
        "free_bytes": lambda folder: 9 * GIB,
    }
    checks = run_checks(settings, **{**given, **parts})
    found = {one.name: one for one in checks}
    assert len(found) == len(checks)
    assert [one.name for one in checks if not one.ok and not one.remedy] == []
    return found


def test_both_streams_of_a_camera_are_tried(home: Path) -> None:
    settings = settings_with(home)
    urls = {"url": CAMERA, "main_url": "rtsp://admin:hunter2@10.0.0.5/large", "timeout_s": 1}
    cameras = Settings.model_validate({"data_dir": home / "data", "cameras": {"run": urls}}).cameras

    def only_small(name: str, camera: CameraSettings) -> Frame:
        if "large" in camera.url.get_secret_value():
            raise SourceError("rtsp://10.0.0.5/large", "no stream at this path", "Look it up")
        return a_frame(name, camera)

    checks = tried(settings.model_copy(update={"cameras": cameras}), grab_frame=only_small)
    assert checks["camera run"].ok
    assert not checks["camera run, main stream"].ok
    assert "hunter2" not in str(checks)


def failed(checks: dict[str, Check]) -> dict[str, str]:
    return {one.name: one.found for one in checks.values() if not one.ok}


def raising(error: BaseException) -> Callable[..., Any]:
    def work(*_: object) -> Any:
        raise error

    return work


@pytest.fixture
def never() -> Iterator[Callable[..., Any]]:
    """Work that does not return before the test is over."""
    over = threading.Event()

    def work(*_: object) -> Any:
        over.wait(60)
        raise OSError("the test is over")

    yield work
    over.set()


def test_everything_works(home: Path) -> None:
    checks = tried(settings_with(home, "run", "door", telegram={"token": TOKEN}))
    assert failed(checks) == {}
    assert exit_status(list(checks.values())) == 0
    quick = ["settings", "clock", "dusk", "data folder", "disk"]
    assert list(checks) == [*quick, "database", "models", "camera run", "camera door", "telegram"]
    assert checks["settings"].found == "2 cameras"
    assert checks["camera run"].found.startswith("64 x 48 after ")
    assert checks["camera run"].found.endswith("from rtsp://admin:***@10.0.0.5/live")
    assert checks["telegram"].found == "@hen_bot"


def test_without_a_token_telegram_is_not_asked(home: Path) -> None:
    found = tried(settings_with(home, "run"), get_me=raising(AssertionError("asked")))["telegram"]
    assert found.ok
    assert "token_file" in found.remedy


@pytest.mark.parametrize(
    ("part", "name"), [("open_store", "database"), ("load_models", "models"), ("get_me", "telegram")]
)
@pytest.mark.parametrize(
    "error",
    [
        StoreCorrupt(f"/x/coop.db of {TOKEN}", "damaged", "Restore a backup"),
        OSError(f"refused by {CAMERA}"),
        RuntimeError(),
    ],
)
def test_what_fails_is_told_without_secrets(home: Path, part: str, name: str, error: Exception) -> None:
    checks = tried(settings_with(home, "run", telegram={"token": TOKEN}), **{part: raising(error)})
    (found,) = failed(checks).items()
    assert found[0] == name
    assert found[1]
    assert TOKEN not in found[1]
    assert "hunter2" not in found[1]
    assert exit_status(list(checks.values())) == 1


def test_one_bad_camera_does_not_hide_the_others(home: Path) -> None:
    def grab(name: str, camera: CameraSettings) -> Frame:
        if name == "door":
            raise SourceError(CAMERA, "refused", "Is it switched on?")
        return a_frame(name, camera)

    checks = tried(settings_with(home, "run", "door"), grab_frame=grab)
    assert failed(checks) == {"camera door": "rtsp://admin:***@10.0.0.5/live: refused"}
    assert checks["camera door"].remedy == "Is it switched on?"


def test_what_never_answers_is_given_up(
    home: Path, monkeypatch: pytest.MonkeyPatch, never: Callable[..., Any]
) -> None:
    monkeypatch.setattr(check, "OPENING_S", 0.0)
    monkeypatch.setattr(check, "STORE_LIMIT_S", 0.2)
    checks = tried(settings_with(home, "run"), grab_frame=never, open_store=never)
    assert failed(checks) == {"database": "no answer within 0.2 s", "camera run": "no answer within 1 s"}


def test_cameras_are_tried_side_by_side(home: Path) -> None:
    meeting = threading.Barrier(3, timeout=30)

    def grab(name: str, camera: CameraSettings) -> Frame:
        meeting.wait()
        return a_frame(name, camera)

    settings = settings_with(home, "a", "b", "c")
    assert failed(tried(settings, grab_frame=grab)) == {}


def test_a_black_picture_is_told(home: Path) -> None:
    def grab(name: str, camera: CameraSettings) -> Frame:
        return Frame(camera=name, time=NOW, image=np.zeros((48, 64, 3), np.uint8))

    assert "black" in tried(settings_with(home, "run"), grab_frame=grab)["camera run"].found


def test_cameras_that_are_switched_off_are_left_alone(home: Path) -> None:
    cameras = {"run": {"url": CAMERA}, "door": {"url": CAMERA, "enabled": False}}
    checks = tried(settings_with(home, cameras=cameras))
    assert checks["settings"].found == "1 camera, 1 switched off"
    assert "camera door" not in checks


def test_no_camera_is_a_failure(home: Path) -> None:
    assert failed(tried(settings_with(home))) == {"settings": "no camera to watch"}


def test_a_clock_before_the_installation_is_wrong(home: Path) -> None:
    checks = tried(settings_with(home, "run"), now=datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
    assert failed(checks) == {"clock": "1970-01-01 00:05 in UTC, which is before this program was installed"}


def test_universal_time_is_pointed_out() -> None:
    assert "timezone" in tried(Settings(timezone="UTC"))["clock"].remedy
    assert tried(Settings(timezone="Europe/Berlin"))["clock"].remedy == ""


def test_missing_coordinates_are_told_with_what_to_set(home: Path) -> None:
    found = tried(settings_with(home, "run"))["dusk"]
    assert found.ok and "no roll call" in found.found and "coop.latitude" in found.remedy
    here = {"latitude": 51.48, "longitude": 0.0}
    found = tried(settings_with(home, "run", coop=here), now=datetime(2026, 5, 1, 12, tzinfo=UTC))["dusk"]
    assert found.ok and found.found == "roll call at 19:32 today" and found.remedy == ""


def test_the_nightly_training_says_who_starts_it_and_what_it_has_to_learn(home: Path) -> None:
    settings = settings_with(home, "run")
    found = nightly_check(settings, able=lambda: False, timer=lambda: None)
    assert found.ok and found.found == "00:30 by `coop run`; nothing is labelled yet"
    assert "pip install 'neurocoop[train]'" in found.remedy
    with open_store(settings) as store:
        store.record(findings(1), THEN)
        store.add_task(
            Task(name="kinds", kind=TaskKind.SINGLE, classes=(TaskClass(code="hen", name="hen"),)),
            "Anna",
            THEN,
        )
        store.add_label(
            Label(picture="picture-1", task="kinds", value="hen", who="Anna", at=THEN, how="visit")
        )
    found = nightly_check(settings, able=lambda: True, memory=lambda: 1.9, timer=lambda: None)
    assert found.ok and "this box has 1.9" in found.remedy
    found = nightly_check(settings, able=lambda: True, memory=lambda: 7.6, timer=lambda: "enabled")
    assert found.found == "by coop-nightly.timer; new labels: kinds 1, of 50 worth a training"
    assert found.ok and found.remedy == ""
    found = nightly_check(settings, able=lambda: True, timer=lambda: "disabled")
    assert not found.ok and "systemctl enable" in found.remedy
    off = settings_with(home, "run", training={"tasks": []})
    assert "switched off" in nightly_check(off, timer=lambda: None).found


def test_a_full_disk(home: Path) -> None:
    checks = tried(settings_with(home, "run"), free_bytes=lambda folder: GIB)
    assert failed(checks) == {"disk": "1.0 GiB free, retention.min_free_gib is 2"}
    gone = tried(settings_with(home, "run"), free_bytes=raising(OSError(5, "Input/output error")))
    assert failed(gone) == {"disk": "Input/output error"}


def test_a_data_folder_that_is_not_there_yet_is_not_made(home: Path) -> None:
    folder = home / "some" / "where"
    settings = settings_with(home, "run").model_copy(update={"data_dir": folder})
    assert tried(settings)["data folder"].found == f"{folder} will be made"
    assert not folder.parent.exists()
    opens = {"open_store": lambda: str(folder.mkdir(parents=True))}
    assert tried(settings, **opens)["data folder"].found == f"{folder} will be made"


def test_a_data_folder_that_is_a_file(home: Path) -> None:
    file = home / "file"
    file.touch()
    settings = settings_with(home, "run")
    found = failed(tried(settings.model_copy(update={"data_dir": file})))
    assert found == {"data folder": f"{file}: Not a directory"}
    found = failed(tried(settings.model_copy(update={"data_dir": file / "below"})))
    assert found == {"data folder": f"{file}/below cannot be made in {file}"}


def test_a_data_folder_that_cannot_be_written(home: Path) -> None:
    settings = settings_with(home, "run").model_copy(update={"data_dir": Path("/proc/self")})
    assert list(failed(tried(settings))) == ["data folder"]


def test_settings_that_cannot_be_used() -> None:
    checks = settings_failed(SettingsError("coop.toml", ["log.level: no", "COOP_X: unknown variable"]))
    assert [one.found for one in checks] == ["log.level: no", "COOP_X: unknown variable"]
    assert [one.remedy for one in checks] == [
        "Correct it in coop.toml",
        "Correct or unset the variable COOP_X",
    ]
    assert exit_status(checks) == 1


def shown(checks: list[Check], width: int = 120) -> str:
    stream = io.StringIO()
    render(checks, Console(file=stream, width=width))
    return stream.getvalue()


def test_the_table_says_what_works_and_what_to_do() -> None:
    good = Check(name="disk", ok=True, found="9.0 GiB free")
    bad = Check(name="settings", ok=False, found="no [bold]camera[/]", remedy="Add a table [cameras.NAME]")
    lines = shown([good, bad]).splitlines()
    assert lines[1].split() == ["works", "disk", "9.0", "GiB", "free"]
    assert "FAILS" in lines[2]
    assert "no [bold]camera[/]" in lines[2]
    assert "Add a table [cameras.NAME]" in lines[2]
    assert lines[-1] == "1 of 2 need attention"
    assert shown([good]).splitlines()[-1] == "Everything works"


def test_nothing_is_lost_on_a_narrow_screen() -> None:
    remedy = "Try the address in a video player; correct cameras.run.url or raise timeout_s"
    text = shown([Check(name="camera run", ok=False, found="refused", remedy=remedy)], width=60)
    words = text.replace("\n", " ").split()
    assert set(remedy.split()) <= set(words)
