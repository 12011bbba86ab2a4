"""The `coop` command as a keeper types it: what it prints, its exit status, and no traceback ever."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes.botapi import FakeBotApi
from fakes.command import coop
from fakes.process import free_port
from fakes.records import arrival, findings, moment, visit

from coop.data_lock import DataLock
from coop.domain.clip import NewClip
from coop.domain.egg import Share
from coop.domain.event import EggLaid
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.label import Label
from coop.store.store import Store

TOKEN = "123456:" + "A" * 35
WRONG = "123456:" + "B" * 35
COMMANDS = [
    ["init"], ["check"], ["run"], ["pair"], ["replay"], ["demo"], ["events"], ["eggs"], ["hens"],
    ["clips"], ["backup"],
    ["restore"], ["zones"], ["cameras"], ["db"], ["db", "upgrade"],
    ["label"], ["label", "import"], ["label", "version"], ["label", "versions"], ["label", "diff"],
    ["label", "export"],
    ["label", "task"], ["label", "task", "add"], ["label", "task", "list"],
]  # fmt: skip
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of its own, and no settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("COOP_") or name == "CREDENTIALS_DIRECTORY"]:
        monkeypatch.delenv(name)
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.setenv("COLUMNS", "600")
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def api() -> Iterator[FakeBotApi]:
    with FakeBotApi(token=TOKEN) as server:
        yield server


def write_settings(home: Path, more: str = "", data: str = "data") -> None:
    """Settings with one simulated camera and without a model, plus ``more``."""
    text = f'data_dir = "{data}"\ntimezone = "Europe/Berlin"\n'
    camera = '[cameras.coop]\nurl = "sim://?flock=1&seed=7"\n'
    starter = "" if "[classify]" in more else "[classify]\nstarter = false\n"
    (home / "coop.toml").write_text(text + starter + camera + more)


def store(home: Path, data: str = "data") -> Store:
    folder = home / data
    folder.mkdir(exist_ok=True)
    return Store.open(f"sqlite:///{folder / 'coop.db'}", folder / "media")


def record(home: Path, *facts: Findings) -> None:
    with store(home) as opened:
        for fact in facts:
            opened.record(fact, datetime(2026, 5, 1, 12, tzinfo=UTC))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command: Sequence[str]) -> None:
    result = coop(*command, "--help")
    assert result.status == 0
    assert f"coop {' '.join(command)}" in result.words
    first = re.search(r"\n\s*\n\s*(\S.*\.)", result.out)
    assert first, "a sentence that says what it does"


def test_no_command_is_forgotten_here() -> None:
    listed = re.findall(r"^│ (\w+)  ", coop("--help").out, re.MULTILINE)
    assert set(listed) >= {command[0] for command in COMMANDS}


def test_the_version_is_that_of_the_distribution() -> None:
    result = coop("--version")
    assert (result.status, result.out.strip()) == (0, version("neurocoop"))


def test_an_unknown_command_is_refused() -> None:
    result = coop("lay")
    assert result.status == 2
    assert "lay" in result.err


def test_init_writes_settings_that_check_finds_good(home: Path) -> None:
    assert coop("init").status == 0
    assert (home / "coop.toml").stat().st_mode & 0o077 == 0
    result = coop("check")
    assert result.status == 0, result.words
    assert "Everything works" in result.out
    assert "FAILS" not in result.out
    again = coop("init")
    assert again.status == 1
    assert "exists already" in again.err


def the_failure(out: str) -> str:
    """The one line of the table that failed."""
    lines = [line for line in out.splitlines() if "FAILS" in line]
    assert len(lines) == 1, out
    return lines[0]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("nowhere.mp4", "no such file"),
        ("rtsp://admin:geheim@127.0.0.1:{port}/live", "camera garden"),
        ("http://admin:geheim@127.0.0.1:{port}/live", "camera garden"),
    ],
)
def test_a_broken_camera_fails_the_check_and_the_other_does_not(home: Path, url: str, found: str) -> None:
    write_settings(home, f'[cameras.garden]\nurl = "{url.format(port=free_port())}"\ntimeout_s = 1\n')
    result = coop("check")
    assert result.status == 1
    line = the_failure(result.out)
    assert "camera garden" in line
    assert found in line
    assert len(line.split(found)[1].strip()) > 20, "what to do"
    assert re.search(r"works\s+camera coop", result.out)
    assert "geheim" not in result.words


def telegram(url: str, token: str) -> str:
    return f'[telegram]\ntoken = "{token}"\nbase_url = "{url}"\n'


def test_a_good_token_shows_the_bots_name(home: Path, api: FakeBotApi) -> None:
    write_settings(home, telegram(api.url, TOKEN))
    result = coop("check")
    assert result.status == 0, result.words
    assert "@coop_test_bot" in result.out
    assert TOKEN not in result.words


def test_a_refused_token_fails_the_check(home: Path, api: FakeBotApi) -> None:
    write_settings(home, telegram(api.url, WRONG))
    result = coop("check")
    assert result.status == 1
    line = the_failure(result.out)
    assert "telegram" in line
    assert "BotFather" in line
    assert WRONG not in result.words
    assert WRONG[7:] not in result.words


def test_a_token_server_that_is_not_there_fails_the_check(home: Path) -> None:
    write_settings(home, telegram(f"http://127.0.0.1:{free_port()}", TOKEN))
    result = coop("check")
    assert result.status == 1
    line = the_failure(result.out)
    assert "telegram" in line
    assert TOKEN[7:] not in result.words


def test_a_model_package_cut_in_half_fails_the_check(home: Path) -> None:
    package = home / "hens-3"
    package.mkdir()
    (package / "model.tflite").write_bytes(b"TFL3" * 50)
    write_settings(home, f'[classify]\nstarter = false\npackages = {{ kinds = "{package}" }}\n')
    result = coop("check")
    assert result.status == 1
    line = the_failure(result.out)
    assert "models" in line
    assert "hens-3" in result.out


def test_settings_that_cannot_be_used_name_the_key_and_the_nearest(home: Path) -> None:
    (home / "coop.toml").write_text("[motion]\nsensitivty = 0.9\n")
    for command in (["check"], ["events"], ["run"], ["db", "upgrade"], ["pair"]):
        result = coop(*command)
        assert result.status == 1
        assert "motion.sensitivty" in result.words
        assert "sensitivity" in result.words
        assert "Traceback" not in result.words


def test_a_settings_file_that_is_not_there_is_named(home: Path) -> None:
    result = coop("check", "--config", home / "other.toml")
    assert result.status == 1
    assert "other.toml" in result.words


def test_no_events_is_said(home: Path) -> None:
    write_settings(home)
    assert coop("events").out.strip() == "Events: none."
    assert coop("events", "--json").out == ""
    assert coop("events", "--csv").out.split() == ["time,event,subject,place,camera,confidence,clip"]


def test_events_as_a_table_as_json_and_as_csv(home: Path) -> None:
    write_settings(home)
    record(home, findings(1), findings(86400))
    since = ("--since", "2026-05-01")
    table = coop("events", *since).out
    assert "hen 1" in table
    assert "2026-05-01 14:00:01" in table, "local time"
    rows = [json.loads(line) for line in coop("events", "--json", *since).out.splitlines()]
    assert [row["subject"] for row in rows] == ["hen 1", "hen 86400"]
    assert set(rows[0]) == {"time", "event", "subject", "place", "camera", "confidence", "clip"}
    listed = list(csv.DictReader(io.StringIO(coop("events", "--csv", *since).out)))
    assert [{name: str(value) for name, value in row.items()} for row in rows] == listed
    later = coop("events", "--json", "--since", "2026-05-02").out
    assert [json.loads(line)["subject"] for line in later.splitlines()] == ["hen 86400"]


def test_eggs_and_hens_as_a_table_as_json_and_as_csv(home: Path) -> None:
    write_settings(home)
    assert coop("eggs").out.strip() == "Eggs: none."
    assert coop("eggs", "--csv").out.split("\n")[0].strip() == "found,nest,laid by,after,now"
    assert coop("hens").out.strip() == "Hens: none."
    egg = EggLaid(
        time=moment(1800), camera="nest", place="nest box 1", subject="Ida", since=moment(0), eggs=1,
        shares=(
            Share(hen="Ida", probability=0.9), Share(hen="Flora", probability=0.08),
            Share(hen="", probability=0.02),
        ),
    )  # fmt: skip
    stay = visit(1, subject="Ida", last_seen=moment(1500), ended=moment(1800))
    record(home, Findings(visits=(stay,), events=(RecordedEvent(event=egg),)))
    since = ("--since", "2026-05-01")
    table = coop("eggs", *since).out
    assert "Ida 90%, Flora 8%" in table
    assert "By hen" in table
    [row] = [json.loads(line) for line in coop("eggs", "--json", *since).out.splitlines()]
    assert row == {
        "found": "2026-05-01 14:30", "nest": "nest box 1", "laid by": "Ida 90%, Flora 8%", "after": "14:00",
        "now": "lying",
    }  # fmt: skip
    listed = list(csv.DictReader(io.StringIO(coop("eggs", "--by-hen", "--csv", *since).out)))
    assert [(line["hen"], line["eggs"], line["from"], line["to"]) for line in listed] == [
        ("Ida", "0.9", "0", "1"),
        ("Flora", "0.08", "0", "1"),
    ]
    [ida] = [json.loads(line) for line in coop("hens", "--json", *since).out.splitlines()]
    assert (ida["hen"], ida["visits"], ida["nest minutes"], ida["last"]) == ("Ida", 1, 25, "2026-05-01 14:25")
    assert "Ida" in coop("hens", *since).out


def record_clip(home: Path, n: int) -> bytes:
    """A clip of the event of `findings(n)`; its bytes are no film, which nobody here looks at."""
    file, content = home / "made.mp4", f"film {n}".encode()
    file.write_bytes(content)
    clip = NewClip(
        key=f"clip-{n}", file=file, camera="nest", time=moment(n - 5), seconds=12.34, width=64, height=48,
        events=(arrival(n).key,),
    )  # fmt: skip
    record(home, Findings(clips=(clip,)))
    return content


def test_clips_are_listed_copied_and_named_by_their_events(home: Path) -> None:
    write_settings(home)
    record(home, findings(1), findings(2))
    content = record_clip(home, 1)
    since = ("--since", "2026-05-01")
    assert "clip" in coop("events", *since).out
    rows = [json.loads(line) for line in coop("events", "--json", *since).out.splitlines()]
    assert [bool(row["clip"]) for row in rows] == [True, False]
    assert Path(rows[0]["clip"]).read_bytes() == content
    [clip] = [json.loads(line) for line in coop("clips", "--json", *since).out.splitlines()]
    assert clip == {
        "time": "2026-05-01 13:59:56", "camera": "nest", "about": "hen 1", "seconds": 12.3, "mb": 0.0,
        "file": rows[0]["clip"],
    }  # fmt: skip
    assert "hen 1" in coop("clips", *since).out
    assert coop("clips", "--camera", "run", *since).out.strip() == "Clips: none."
    assert coop("clips", "--to", "films", *since).out.strip() == "Copied 1 clips into films."
    assert (home / "films" / "20260501-135956-nest.mp4").read_bytes() == content
    (home / "file").touch()
    refused = coop("clips", "--to", "file", *since)
    assert (refused.status, "cannot be copied" in refused.words) == (1, True)


def test_since_begins_at_local_midnight(home: Path) -> None:
    write_settings(home)
    record(home, findings(10 * 3600 + 1))
    assert "hen 36001" in coop("events", "--since", "2026-05-02").out, (
        "22:00:01 UTC is the next day in Berlin"
    )


def test_a_day_that_is_none_is_refused(home: Path) -> None:
    write_settings(home)
    result = coop("events", "--since", "tomorrow")
    assert result.status == 2
    assert "%Y-%m-%d" in result.words


def test_nothing_is_cut_off_on_a_narrow_screen(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    write_settings(home)
    record(home, findings(1))
    assert "…" not in coop("events", "--since", "2026-05-01").out


def test_pairing_needs_a_token(home: Path) -> None:
    write_settings(home)
    result = coop("pair")
    assert result.status == 1
    assert "BotFather" in result.words
    assert "token" in result.words


def test_pairing_prints_a_code_that_is_good_once(home: Path) -> None:
    write_settings(home, telegram("http://127.0.0.1:1", TOKEN))
    result = coop("pair", "--minutes", 5)
    assert result.status == 0
    code = re.search(r"/start (\S+)", result.out)
    assert code
    assert "5 minutes" in result.out
    assert TOKEN not in result.words
    now = datetime.now(UTC)
    with store(home) as opened:
        assert opened.pair(code[1], "7", "Ada", now + timedelta(minutes=6)) is None
        assert opened.pair(code[1], "7", "Ada", now)


def test_who_hears_from_the_coop_and_who_may_change_things(home: Path) -> None:
    def chats() -> list[dict[str, str]]:
        return [json.loads(line) for line in coop("chats", "--json").out.splitlines()]

    write_settings(home, telegram("http://127.0.0.1:1", TOKEN))
    assert "coop pair" in coop("chats").out
    code = re.search(r"/start (\S+)", coop("pair", "--watcher").out)
    assert code
    with store(home) as opened:
        opened.pair(code[1], "7", "Wanda", datetime.now(UTC))
    row = {"chat": "7", "name": "Wanda", "role": "watcher", "language": "en", "from": "paired"}
    assert chats() == [row]
    assert "Chat 7 is a keeper now." in coop("chats", "--keeper", 7).out
    assert chats() == [row | {"role": "keeper"}]
    refused = coop("chats", "--watcher", 8)
    assert refused.status == 1 and "not paired" in refused.words
    assert "hears nothing any more" in coop("chats", "--forget", 7).out
    assert chats() == []


def test_the_database_is_brought_up_to_date(home: Path) -> None:
    write_settings(home)
    for _ in range(2):
        result = coop("db", "upgrade")
        assert result.status == 0
        assert "coop.db" in result.out
        assert "up to date" in result.out


def test_a_database_that_is_none_is_one_sentence(home: Path) -> None:
    write_settings(home)
    (home / "data").mkdir()
    (home / "data" / "coop.db").write_text("this is no database\n" * 100)
    for command in (["db", "upgrade"], ["events"], ["backup", "b.tar.gz"]):
        result = coop(*command)
        assert result.status == 1
        assert "coop.db" in result.err
        assert "Traceback" not in result.err


def test_a_data_folder_that_cannot_be_made_is_one_sentence(home: Path) -> None:
    (home / "file").write_text("in the way")
    write_settings(home, data="file/data")
    result = coop("events")
    assert result.status == 1
    assert "data_dir" in result.err


def test_the_zones_of_a_camera_are_drawn_into_its_picture(home: Path) -> None:
    polygon = "[[0.1, 0.6], [0.4, 0.6], [0.4, 0.9], [0.1, 0.9]]"
    zone = f'[cameras.run.zones."nest 1"]\nkind = "nest box"\npolygon = {polygon}\n'
    bare = '[cameras.run]\nurl = "sim://?flock=1&seed=7&w=1280"\n'
    write_settings(home, bare + f"privacy_masks = [{polygon}]\n")
    assert coop("zones", "run", "--out", "known.png").status == 0
    write_settings(home, bare + zone)
    result = coop("zones", "run")
    assert result.status == 0, result.words
    assert result.out.split() == ["Wrote", "zones-run.png"]
    own, known = (cv2.imread(str(home / name)) for name in ("zones-run.png", "known.png"))
    assert own is not None and known is not None
    assert own.shape == known.shape
    yolk = (66, 228, 240)
    nests = [(picture == yolk).all(axis=2) for picture in (own, known)]
    left, right = np.s_[:, : own.shape[1] // 2], np.s_[: own.shape[0] * 3 // 4, own.shape[1] // 2 :]
    assert nests[0][left].any() and not nests[0][right].any(), "the zone of the settings, and no other"
    assert nests[1][right].any(), "without one in the settings, those that the simulated coop knows"
    middle = known[round(known.shape[0] * 0.7) - 30 :][:60, known.shape[1] // 4 :][:, :60]
    assert np.median(middle) < 20, "what a privacy mask hides is hidden here too"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["goop"], "goop: no such camera in the settings, only: coop"),
        (["coop", "--out", "map.jpg"], "map.jpg"),
        (["coop", "--out", "nowhere/map.png"], "nowhere/map.png"),
        (["gone"], "no such file"),
    ],
)
def test_zones_that_cannot_be_drawn_are_one_sentence(
    home: Path, arguments: Sequence[str], complaint: str
) -> None:
    write_settings(home, '[cameras.gone]\nurl = "gone.mp4"\n' if arguments == ["gone"] else "")
    result = coop("zones", *arguments)
    assert result.status == 1
    assert complaint in result.err
    assert "Traceback" not in result.err
    assert not [file for file in home.iterdir() if file.name != "coop.toml"]


def labelled(home: Path) -> None:
    record(home, findings(1))
    with store(home) as opened:
        at = datetime(2026, 5, 1, 13, tzinfo=UTC)
        opened.add_label(
            Label(picture="picture-1", task="kinds", value="hen", who="keeper", at=at, how="picture")
        )


def test_a_backup_comes_back_in_another_folder(home: Path) -> None:
    write_settings(home)
    labelled(home)
    made = coop("backup", "coop.tar.gz")
    assert made.status == 0
    assert (home / "coop.tar.gz").stat().st_mode & 0o077 == 0
    assert "coop.tar.gz" in made.out
    assert "BackedUp(" not in made.out
    new = home / "new"
    new.mkdir()
    write_settings(new)
    restored = coop("restore", "coop.tar.gz", "--config", new / "coop.toml")
    assert restored.status == 0, restored.err
    assert "Restored(" not in restored.out
    for text in (made.out, restored.out):
        for line in filter(None, text.strip().splitlines()):
            assert re.match(r"[A-Z].*\.$", line.strip()), f"a sentence: {line}"
    with store(home) as before, store(new) as after:
        events = [[one.event for one in opened.events(*EVER)] for opened in (before, after)]
        assert events[0] == events[1] != []
        assert after.visits(*EVER) == before.visits(*EVER)
        assert after.labels() == before.labels()
        found = after.picture("picture-1")
        assert found is not None
        assert found[1].is_file()
        assert found[1].is_relative_to(new)


def test_a_restore_overwrites_nothing_unless_told(home: Path) -> None:
    write_settings(home)
    labelled(home)
    assert coop("backup", "coop.tar.gz").status == 0
    record(home, findings(2))
    refused = coop("restore", "coop.tar.gz")
    assert refused.status == 1
    assert "--replace" in refused.err
    with store(home) as opened:
        assert len(opened.events(*EVER)) == 2
    assert coop("restore", "coop.tar.gz", "--replace").status == 0
    with store(home) as opened:
        assert len(opened.events(*EVER)) == 1


@pytest.mark.parametrize("content", [None, b"", b"no archive" * 100])
def test_what_is_no_backup_is_one_sentence_and_changes_nothing(home: Path, content: bytes | None) -> None:
    write_settings(home)
    if content is not None:
        (home / "b.tar.gz").write_bytes(content)
    result = coop("restore", "b.tar.gz")
    assert result.status == 1
    assert "b.tar.gz" in result.err
    assert "Traceback" not in result.err
    assert not (home / "data" / "coop.db").exists()


@pytest.mark.parametrize("file", ["coop.zip", "nowhere/coop.tar.gz"])
def test_a_backup_that_cannot_be_written_is_one_sentence(home: Path, file: str) -> None:
    write_settings(home)
    result = coop("backup", file)
    assert result.status == 1
    assert file in result.err
    assert not (home / file).exists()


def test_the_process_itself_says_errors_on_standard_error(home: Path) -> None:
    (home / "coop.toml").write_text("data_dir = 5\n")
    command = [sys.executable, "-m", "coop", "events", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=home, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "data_dir" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_events_today_names_the_newest(home: Path) -> None:
    write_settings(home)
    record(home, findings(1))
    shown = coop("events")
    assert shown.status == 0
    assert re.search(r"No events since .*coop events --since 20\d\d-\d\d-\d\d", shown.out)


def test_json_and_csv_exclude_one_another(home: Path) -> None:
    write_settings(home)
    assert coop("events", "--json", "--csv").status != 0


def test_a_restore_refuses_under_a_running_daemon(home: Path) -> None:
    write_settings(home)
    labelled(home)
    assert coop("backup", "coop.tar.gz").status == 0
    lock = DataLock(home / "data")
    refused = coop("restore", "coop.tar.gz", "--replace")
    lock.release()
    assert refused.status == 1
    assert "works on it already" in refused.words
    assert coop("restore", "coop.tar.gz", "--replace").status == 0
